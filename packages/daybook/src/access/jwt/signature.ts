/**
 * Holds a token against the keys of its issuer, and no others: signature, algorithm, `iss`, `exp`, `nbf`. When no key
 * fits, the issuer is asked once for newer ones, so a rotation costs nobody a request.
 */
import type { JWTPayload, JWTVerifyOptions } from 'jose';
import { errors, jwtVerify } from 'jose';

import type { UnverifiedToken } from './compact-token.ts';
import { malformed } from './compact-token.ts';
import type { IssuerSettings } from './issuer-schema.ts';
import type { KeyRing } from './key-ring.ts';
import type { KeySet } from './key-set.ts';
import { TokenError } from './token-error.ts';

/** An issuer with settings and keys. */
export interface TrustedIssuer {
  readonly name: string;
  readonly settings: IssuerSettings;
  readonly keyRing: KeyRing;
}

export interface VerifiedClaims {
  readonly claims: JWTPayload & { readonly exp: number };
  readonly keys: KeySet;
}

/** A token without `kid` is tried with so many keys of its algorithm: each try costs a verification. */
const MAX_TRIES = 4;

/** @param clockMs Unix milliseconds. @throws {TokenError} */
export async function verifySignature(
  token: string,
  { algorithm, hasKeyId }: UnverifiedToken,
  { name, settings, keyRing }: TrustedIssuer,
  clockMs: () => number,
): Promise<VerifiedClaims> {
  const { issuer, algorithms, clockToleranceSeconds } = settings;
  if (!algorithms.includes(algorithm)) {
    throw new TokenError('algorithm', `expected a signature by ${algorithms.join(', ')}, given another`);
  }
  const nowMs = clockMs();
  const options = {
    issuer,
    algorithms: [...algorithms],
    requiredClaims: ['exp'],
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(nowMs),
  };
  if (keyRing.current(nowMs) === undefined) await keyRing.refresh();
  const keys = keyRing.current(clockMs());
  if (keys === undefined) throw unavailable(name, keyRing);
  let refusal: unknown;
  try {
    return await verifyWith(keys, token, options);
  } catch (thrown) {
    refusal = thrown;
  }
  if (mayNeedNewerKeys(refusal, hasKeyId)) {
    await keyRing.refresh();
    const newer = keyRing.current(clockMs());
    // Whether the key is a new one of its issuer or nobody's cannot be told while the issuer does not answer.
    if (newer === undefined || keyRing.status().failure !== undefined) throw unavailable(name, keyRing);
    try {
      if (newer !== keys) return await verifyWith(newer, token, options);
    } catch (thrown) {
      refusal = thrown;
    }
  }
  throw toTokenError(refusal, name, keyRing, nowMs);
}

async function verifyWith(keys: KeySet, token: string, options: JWTVerifyOptions): Promise<VerifiedClaims> {
  try {
    const { payload } = await jwtVerify(token, keys.find, options);
    return { claims: payload as VerifiedClaims['claims'], keys };
  } catch (thrown) {
    if (!(thrown instanceof errors.JWKSMultipleMatchingKeys)) throw thrown;
    let tries = 0;
    for await (const key of thrown) {
      tries += 1;
      if (tries > MAX_TRIES) break;
      try {
        const { payload } = await jwtVerify(token, key, options);
        return { claims: payload as VerifiedClaims['claims'], keys };
      } catch (failed) {
        if (!(failed instanceof errors.JWSSignatureVerificationFailed)) throw failed;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function mayNeedNewerKeys(thrown: unknown, hasKeyId: boolean): boolean {
  if (thrown instanceof errors.JWKSNoMatchingKey) return true;
  return thrown instanceof errors.JWSSignatureVerificationFailed && !hasKeyId;
}

function unavailable(name: string, keyRing: KeyRing, cause?: unknown): TokenError {
  return new TokenError(
    'keys-unavailable',
    `expected the keys of the issuer ${name}, given none that can be used now`,
    { cause, retryAfterSeconds: Math.max(1, Math.ceil(keyRing.status().retryAfterMs / 1_000)) },
  );
}

/** The library's errors carry all claims: they end here. */
function toTokenError(thrown: unknown, name: string, keyRing: KeyRing, nowMs: number): TokenError {
  if (thrown instanceof errors.JWSSignatureVerificationFailed || thrown instanceof errors.JWKSNoMatchingKey) {
    return new TokenError(
      'bad-signature',
      `expected a token signed by a key of the issuer ${name}, given another`,
    );
  }
  if (thrown instanceof errors.JWTExpired) {
    const ago = Math.floor(nowMs / 1_000 - Number(thrown.payload.exp));
    return new TokenError(
      'expired',
      `expected a token that is still valid, given one that ended ${ago} s ago`,
    );
  }
  if (thrown instanceof errors.JWTClaimValidationFailed) {
    if (thrown.claim !== 'nbf' || thrown.reason !== 'check_failed') {
      return malformed(
        'iss, exp and nbf as RFC 7519 §4.1 has them',
        'without one of them or with another value',
      );
    }
    const begins = Math.ceil(Number(thrown.payload.nbf) - nowMs / 1_000);
    return new TokenError(
      'not-yet-valid',
      `expected a token that is valid, given one that begins in ${begins} s`,
    );
  }
  if (thrown instanceof errors.JWSInvalid || thrown instanceof errors.JWTInvalid) {
    return malformed('the header and claims of a JWT', 'others');
  }
  // What is left is a key that fits by its name and cannot be used, such as RSA of less than 2048 bits.
  return unavailable(name, keyRing, thrown);
}
