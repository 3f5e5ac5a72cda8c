/**
 * From the `Authorization` header to whoever calls. What is wrong with a credential is told without a word of it.
 */
import { timingSafeEqual } from 'node:crypto';

import type { Identity } from '../access/identity.ts';
import { createIdentity } from '../access/identity.ts';
import { TokenError } from '../access/jwt/token-error.ts';
import { KeyError } from '../access/keys/key-error.ts';
import type { KeysWhenNeeded } from '../access/keys/keys-when-needed.ts';
import { KEY_PREFIX } from '../access/keys/keys.ts';
import { DaybookError, toError } from '../errors.ts';

export interface Authenticate {
  /**
   * @returns undefined without a credential; a promise only for a token that was not seen before, and for keys that were not read yet.
   * @throws {DaybookError} UNAUTHENTICATED, CREDENTIAL_UNVERIFIABLE; also by the promise.
   */
  (authorization: string | undefined, last?: LastCaller): Identity | undefined | Promise<Identity>;
}

/**
 * Whom the last token on a connection named, and by which header: while that is the same and the token still holds, a
 * request costs a comparison. Kept only where the header is kept anyway. Not for API keys, which can be revoked at any time.
 */
export interface LastCaller {
  authorization: string;
  identity: Identity | undefined;
}

export interface AuthenticateOptions {
  /** Absent where there is none. */
  readonly adminKey?: string;
  readonly keys: Pick<KeysWhenNeeded, 'verify'>;
  /** Absent where no issuer is configured. */
  readonly tokens?: {
    verify(token: string): Identity | Promise<Identity>;
    holds(identity: Identity): boolean;
  };
  /** How many requests may wait at once for their credential to be verified; default 4 096. */
  readonly maxWaiting?: number;
}

/** RFC 6750 §2.1, with every character that a key or a token may have. */
const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;
const RETRY_SECONDS = 5;
/**
 * A request that waits is kept with what came of its body, and one connection may send any number: while an issuer or the
 * store does not answer they would pile up.
 */
const MAX_WAITING = 4_096;

export function createAuthenticate({
  adminKey,
  keys,
  tokens,
  maxWaiting = MAX_WAITING,
}: AuthenticateOptions): Authenticate {
  const admin = createIdentity({ subject: 'daybook:admin', roles: ['admin'], kind: 'admin' });
  const expectedKey = adminKey === undefined ? undefined : Buffer.from(adminKey);
  let waiting = 0;

  function isAdminKey(credential: string): boolean {
    // Most credentials are tokens, which are longer. How long the key is, is no secret; all of its characters are ASCII.
    return credential.length === expectedKey?.length && timingSafeEqual(Buffer.from(credential), expectedKey);
  }

  function verifyKey(credential: string): Identity | Promise<Identity> {
    try {
      const verified = keys.verify(credential);
      return verified instanceof Promise
        ? wait(verified.then(assertKnown), refuseKey)
        : assertKnown(verified);
    } catch (thrown) {
      return refuseKey(thrown);
    }
  }

  async function wait(verifying: Promise<Identity>, refuse: (thrown: unknown) => never): Promise<Identity> {
    if (waiting >= maxWaiting) {
      // Others wait for the same promise; what becomes of it is theirs.
      verifying.catch(() => undefined);
      throw unverifiable(
        `expected at most ${maxWaiting} requests that wait for their credential to be verified, given more`,
        1,
      );
    }
    waiting += 1;
    try {
      return await verifying;
    } catch (thrown) {
      return refuse(thrown);
    } finally {
      waiting -= 1;
    }
  }

  return (authorization, last) => {
    if (authorization === undefined) return undefined;
    if (last?.identity !== undefined && last.authorization === authorization && tokens?.holds(last.identity))
      return last.identity;
    const credential = credentialOf(authorization);
    if (credential === undefined)
      throw invalid('expected Authorization: Bearer <credential> (RFC 6750), given another form');
    if (credential.startsWith(KEY_PREFIX)) return verifyKey(credential);
    if (isAdminKey(credential)) return admin;
    if (tokens === undefined)
      throw invalid(
        'expected an API key or the admin key, given neither; tokens need an issuer in the configuration',
      );
    const verified = tokens.verify(credential);
    if (verified instanceof Promise) return wait(verified, refuseToken);
    if (last !== undefined) {
      last.authorization = authorization;
      last.identity = verified;
    }
    return verified;
  };
}

/** @param authorization the value of the header. @returns undefined when it has another form. */
export function credentialOf(authorization: string): string | undefined {
  return BEARER.exec(authorization)?.[1];
}

function assertKnown(identity: Identity | undefined): Identity {
  if (identity !== undefined) return identity;
  throw invalid('expected an API key that is in force, given one that is unknown, expired or revoked');
}

function refuseKey(thrown: unknown): never {
  throw thrown instanceof KeyError ? unverifiable(thrown.message, 1) : thrown;
}

function refuseToken(thrown: unknown): never {
  if (!(thrown instanceof TokenError)) throw toError(thrown);
  const { code, message, retryAfterSeconds = RETRY_SECONDS } = thrown;
  throw code === 'keys-unavailable' ? unverifiable(message, retryAfterSeconds) : invalid(message);
}

/** RFC 6750 §3.1. */
export function invalid(message: string): DaybookError {
  return new DaybookError('UNAUTHENTICATED', message, {
    headers: { 'www-authenticate': 'Bearer realm="daybook", error="invalid_token"' },
  });
}

function unverifiable(message: string, retryAfterSeconds: number): DaybookError {
  return new DaybookError('CREDENTIAL_UNVERIFIABLE', message, { retryAfterSeconds });
}
