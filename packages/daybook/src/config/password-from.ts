/**
 * Where the password of the store is kept, when it is not in the URL: `store.passwordFrom`.
 */
import { StartError } from '../errors.ts';

export type PasswordChoice =
  | { readonly from: 'file'; readonly path: string }
  | {
      readonly from: 'aws-secret';
      readonly arn: string;
      readonly awsRegion: string;
      readonly endpoint?: string;
    };

/** "Secrets Manager ARN": with the six characters that the service puts after the name. */
const SECRET =
  /^aws-secret:(arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):\d{12}:secret:[A-Za-z0-9/_+=.@!-]{1,519})(?:\?endpoint=(https?:\/\/[^\s?#]+))?$/;
const FILE = /^file:(?:\/\/(?=\/))?((?!\/\/)[^\0]+)$/;

export function parsePasswordFrom(text: string): PasswordChoice | undefined {
  const [, path] = FILE.exec(text) ?? [];
  if (path !== undefined) return { from: 'file', path };
  const [, arn, awsRegion, endpoint] = SECRET.exec(text) ?? [];
  if (arn === undefined || awsRegion === undefined) return undefined;
  return { from: 'aws-secret', arn, awsRegion, ...(endpoint !== undefined && { endpoint }) };
}

/**
 * @param origin how a message about a key begins.
 * @throws {StartError} when there is another password as well, or nothing that takes one.
 */
export function assertOnePassword(
  store: {
    readonly url: string;
    readonly replicaUrl?: string | undefined;
    readonly passwordFrom?: string | undefined;
  },
  origin: (key: string) => string,
): void {
  if (store.passwordFrom === undefined) return;
  for (const [key, url] of [
    ['store.url', store.url],
    ['store.replicaUrl', store.replicaUrl],
  ] as const) {
    if (url === undefined) continue;
    const { protocol, password } = new URL(url);
    if (/^postgres(?:ql)?:$/.test(protocol) && password === '') continue;
    const given = password === '' ? protocol : 'one with a password';
    throw new StartError(
      `${origin(key)}: expected a postgres:// URL without a password beside store.passwordFrom, given ${given}`,
    );
  }
}
