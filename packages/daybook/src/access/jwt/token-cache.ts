/**
 * Tokens that were verified, by the SHA-256 of each; the tokens themselves are not kept. The one used longest ago is
 * forgotten first, which costs its owner one more verification.
 */
import type { TokenIdentity } from '../identity.ts';
import type { KeySet } from './key-set.ts';

export interface VerifiedToken {
  readonly identity: TokenIdentity;
  /** What it was verified with: other keys, another verdict. */
  readonly keys: KeySet;
  readonly currentKeys: (atMs: number) => KeySet | undefined;
}

export interface TokenCache {
  /** Undefined when it is not known, has expired, or its issuer's keys have changed or are gone. */
  get(digest: string, atMs: number): TokenIdentity | undefined;
  add(digest: string, verified: VerifiedToken): void;
}

export function createTokenCache(maxTokens: number): TokenCache {
  const tokens = new Map<string, VerifiedToken>();
  return {
    get(digest, atMs) {
      const found = tokens.get(digest);
      if (found === undefined) return undefined;
      // Behind all others: the first of the map is the one used longest ago.
      tokens.delete(digest);
      if (!isInForce(found, atMs)) return undefined;
      tokens.set(digest, found);
      return found.identity;
    },
    add(digest, verified) {
      tokens.set(digest, verified);
      if (tokens.size > maxTokens) tokens.delete(tokens.keys().next().value as string);
    },
  };
}

/** Whether what was verified would be found so again. */
export function isInForce({ identity, keys, currentKeys }: VerifiedToken, atMs: number): boolean {
  return atMs < identity.expiresAtMs && currentKeys(atMs) === keys;
}
