/**
 * Believes a token or does not. A token chooses its issuer by the `iss` that it claims, and is then held against the
 * keys, the algorithms and the audience of that issuer alone. What was verified is remembered until it expires or its
 * issuer's keys change, so a token costs a hash and a look-up per request.
 */
import { hash } from 'node:crypto';

import type { Logger } from 'pino';

import type { Identity, TokenIdentity } from '../identity.ts';
import { toIdentity } from './claims.ts';
import { MAX_TOKEN_CHARACTERS, readUnverified } from './compact-token.ts';
import type { IssuerSettings } from './issuer-schema.ts';
import type { KeyRingStatus } from './key-ring.ts';
import { createKeyRing } from './key-ring.ts';
import { createKeySource } from './key-source.ts';
import type { TrustedIssuer } from './signature.ts';
import { verifySignature } from './signature.ts';
import type { VerifiedToken } from './token-cache.ts';
import { createTokenCache, isInForce } from './token-cache.ts';
import { TokenError } from './token-error.ts';

export interface TokenVerifier {
  /**
   * The identity at once when the token was verified before, else a promise of it. Never throws by itself: a token that
   * is not believed is a rejection. Refusals are not remembered.
   * @throws {TokenError} by the promise.
   */
  verify(token: string): TokenIdentity | Promise<TokenIdentity>;
  /**
   * Whether the token that this identity came of would give it again: it has not ended, and its issuer's keys are the same.
   * For a caller that has both at hand it takes the place of `verify`, at a fraction of its price.
   */
  holds(identity: Identity): boolean;
  /** Reads the keys of all issuers, so that the first request need not wait; failures are in the log and the status. */
  load(): Promise<void>;
  /**
   * Resolves when no keys are being read. For a process that is stopped between requests, such as a function: a read
   * that goes on beside its request would be cut off there, every time, and withdrawn keys would stay in use.
   */
  settled(): Promise<void>;
  /** The keys of each issuer by its name. */
  status(): Readonly<Record<string, KeyRingStatus>>;
}

export interface TokenVerifierOptions {
  /** By name; no two have the same `issuer`. */
  readonly issuers: Readonly<Record<string, IssuerSettings>>;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** How many verified tokens are remembered; default 10 000, about 1 KiB each. */
  readonly maxCachedTokens?: number;
  /** How long the keys of an issuer may take to arrive; default 5 000. */
  readonly keysTimeoutMs?: number;
}

const MAX_CACHED_TOKENS = 10_000;
const KEYS_TIMEOUT_MS = 5_000;

export function createTokenVerifier({
  issuers,
  nowMs,
  log,
  maxCachedTokens = MAX_CACHED_TOKENS,
  keysTimeoutMs = KEYS_TIMEOUT_MS,
}: TokenVerifierOptions): TokenVerifier {
  const trusted = Object.entries(issuers).map(([name, settings]): TrustedIssuer => {
    const source = createKeySource(settings.jwks, keysTimeoutMs);
    return { name, settings, keyRing: createKeyRing({ issuer: name, source, nowMs, log }) };
  });
  const byIssuer = new Map(trusted.map((issuer) => [issuer.settings.issuer, issuer]));
  const cache = createTokenCache(maxCachedTokens);
  const verified = new WeakMap<Identity, VerifiedToken>();
  /** One verification for all who wait for the same token. */
  const underWay = new Map<string, Promise<TokenIdentity>>();

  async function check(token: string, digest: string): Promise<TokenIdentity> {
    const unverified = readUnverified(token);
    const issuer = byIssuer.get(unverified.issuer);
    if (issuer === undefined) {
      throw new TokenError('unknown-issuer', 'expected a token of a configured issuer, given one of another');
    }
    const { name, settings, keyRing } = issuer;
    const { claims, keys } = await verifySignature(token, unverified, issuer, nowMs);
    const identity = toIdentity(name, settings, claims);
    const found = { identity, keys, currentKeys: keyRing.current };
    cache.add(digest, found);
    verified.set(identity, found);
    return identity;
  }

  return {
    verify(token) {
      if (token.length > MAX_TOKEN_CHARACTERS) {
        const message = `expected a token of at most ${MAX_TOKEN_CHARACTERS} characters, given ${token.length}`;
        return Promise.reject(new TokenError('too-large', message));
      }
      const digest = hash('sha256', token, 'hex');
      const known = cache.get(digest, nowMs()) ?? underWay.get(digest);
      if (known !== undefined) return known;
      const checked = check(token, digest);
      underWay.set(digest, checked);
      const forget = (): void => void underWay.delete(digest);
      checked.then(forget, forget);
      return checked;
    },
    holds(identity) {
      const found = verified.get(identity);
      return found !== undefined && isInForce(found, nowMs());
    },
    async load() {
      await Promise.all(trusted.map(({ keyRing }) => keyRing.refresh()));
    },
    async settled() {
      await Promise.all(trusted.map(({ keyRing }) => keyRing.settled()));
    },
    status: () => Object.fromEntries(trusted.map(({ name, keyRing }) => [name, keyRing.status()])),
  };
}
