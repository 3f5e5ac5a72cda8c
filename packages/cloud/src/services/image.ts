/**
 * What the tiers ask of their image, whoever builds it: a process that serves on `PORT` when it is started without
 * arguments, as a user that is not root, and two paths.
 */

export const PORT = 3000;
/** Numeric, so that it holds whatever names the image has. */
export const USER = '1000:1000';
/**
 * A `VOLUME` of the image that its user owns: everything else is read-only. A bind mount takes owner and rights of such a
 * directory ("Use bind mounts with Amazon ECS"); without it the volume would be root's.
 */
export const DATA_DIR = '/var/lib/daybook';
/**
 * The certificates of Amazon RDS for all regions, which neither Node.js nor a distribution knows: global-bundle.pem of
 * "Using SSL/TLS to encrypt a connection to a DB instance", Amazon RDS User Guide.
 */
export const RDS_CERTIFICATES = '/etc/ssl/certs/rds-global-bundle.pem';
/** By the same Node.js that serves. ECS does not look at a `HEALTHCHECK` of the image ("Determine Amazon ECS task health"). */
export const HEALTH_COMMAND = [
  'CMD',
  'node',
  '-e',
  `fetch('http://127.0.0.1:${PORT}/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`,
] as const;

export interface Repository {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

/** @param image as `services.image` has it, checked. */
export function repositoryOf(image: string): Repository {
  const [, account = '', region = '', name = ''] =
    /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[a-z.]+\/([^:@]+)/.exec(image) ?? [];
  return { account, region, name };
}
