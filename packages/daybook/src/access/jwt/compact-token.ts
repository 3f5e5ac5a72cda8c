/**
 * What can be said of a token before any cryptography: its shape, and who it claims to be from. Nothing that is read
 * here is believed; it only chooses the issuer whose keys the token is then held against.
 */
import { TokenError } from './token-error.ts';

/** A larger token would fill most of the 16 KiB that a request's header may have. */
export const MAX_TOKEN_CHARACTERS = 8_192;

/** RFC 7515 §7.1: header, payload, signature. An unsecured or an encrypted token has another shape. */
const COMPACT = /^([\w-]+)\.([\w-]+)\.[\w-]+$/;
/**
 * RFC 8725 §3.11: a token that was made for something else, such as `logout+jwt`, is no access token. `JWT` and no type
 * at all are what most issuers send, `at+jwt` is that of RFC 9068 §2.1.
 */
const TYPE = /^(?:application\/)?(?:at\+)?jwt$/i;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface UnverifiedToken {
  readonly algorithm: string;
  readonly hasKeyId: boolean;
  /** The `iss` that it claims. */
  readonly issuer: string;
}

/** @throws {TokenError} `malformed`. */
export function readUnverified(token: string): UnverifiedToken {
  const [, headerPart, claimsPart] = COMPACT.exec(token) ?? [];
  const header = parseObject(headerPart);
  const claims = parseObject(claimsPart);
  if (header === undefined || claims === undefined) {
    throw malformed('a signed JWT in compact form', 'another text');
  }
  const { alg, typ, kid } = header;
  if (typeof alg !== 'string') throw malformed('an alg in its header', 'none');
  if (typ !== undefined && !(typeof typ === 'string' && TYPE.test(typ))) {
    throw malformed('a header of type JWT or at+jwt', 'another type');
  }
  if (kid !== undefined && typeof kid !== 'string') throw malformed('a text as kid', 'another value');
  // RFC 7515 §4.1.11: what must be understood and is not, makes the whole token invalid. We need no extension.
  if (Object.hasOwn(header, 'crit')) throw malformed('a header without crit', 'one that has it');
  const { iss } = claims;
  if (typeof iss !== 'string') throw malformed('a text as iss', 'none or another value');
  return { algorithm: alg, hasKeyId: kid !== undefined, issuer: iss };
}

export function malformed(expected: string, given: string): TokenError {
  return new TokenError('malformed', `expected a token with ${expected}, given ${given}`);
}

function parseObject(part: string | undefined): Record<string, unknown> | undefined {
  if (part === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(utf8.decode(Buffer.from(part, 'base64url')));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // No UTF-8, or no JSON: the caller says so.
  }
}
