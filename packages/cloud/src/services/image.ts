/**
 * What the tiers know of their image (`deploy/Containerfile`): it serves when it is started without arguments, as a user that
 * is not root, and writes to one directory.
 */

/** Its name in a task definition. */
export const CONTAINER = 'daybook';
export const PORT = 3000;
export const USER = '10001:10001';
/**
 * A `VOLUME` of the image that its user owns: everything else is read-only. A bind mount takes owner and rights of such a
 * directory ("Use bind mounts with Amazon ECS"); without it the volume would be root's.
 */
export const DATA_DIR = '/data';
/**
 * The certificates of Amazon RDS for all regions, which neither Node.js nor a distribution knows: global-bundle.pem of
 * "Using SSL/TLS to encrypt a connection to a DB instance", Amazon RDS User Guide.
 */
export const RDS_CERTIFICATES = '/app/rds-global-bundle.pem';
/** ECS does not look at the `HEALTHCHECK` of an image ("Determine Amazon ECS task health using container health checks"). */
export const HEALTH_COMMAND = ['CMD', 'node', '/app/healthcheck.js'] as const;

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
