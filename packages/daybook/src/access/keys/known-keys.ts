/**
 * What a server knows of all API keys: the events of the register `keys`, folded. Events may come in any order and any
 * number of times, and the result is the same; a revocation holds whatever else is said of its key.
 */
import type { Identity } from '../identity.ts';
import { createIdentity } from '../identity.ts';
import type { KeyEvent } from './key-event.ts';

export interface KnownKey {
  readonly keyId: string;
  readonly name: string;
  /** SHA-256 of the secret. */
  readonly hash: Uint8Array;
  readonly identity: Identity;
  readonly scopes: readonly string[];
  /** Of the entry that made it; ids order keys by age. */
  readonly entryId: string;
  readonly createdBy: string;
  /** Unix microseconds. */
  readonly expiresAt: number;
}

export interface Revocation {
  /** Of the entry that says so. */
  readonly entryId: string;
  readonly by: string;
}

export interface KnownKeys {
  apply(event: KeyEvent, entryId: string): void;
  find(keyId: string): KnownKey | undefined;
  revocationOf(keyId: string): Revocation | undefined;
  /** The last use that is on record; Unix microseconds. */
  usedAt(keyId: string): number | undefined;
  /** The newest first. */
  list(): readonly KnownKey[];
  readonly size: number;
  /**
   * Lets go of keys that expired or were revoked before a stamp; that a key was revoked is known until it would have expired,
   * should somebody bring it here again. Only after every event was applied: what is still to come could say more of them.
   */
  forget(endedBefore: { readonly micros: number; readonly id: string }): void;
}

/** Of a key that owns entries: all keys of a name are one owner, so that a key can be replaced by a new one. */
function subjectOf(name: string): string {
  return `key:${name}`;
}

export function createKnownKeys(): KnownKeys {
  const keys = new Map<string, KnownKey>();
  const revocations = new Map<string, Revocation>();
  /** When keys would expire that were revoked and let go of. */
  const ends = new Map<string, number>();
  const uses = new Map<string, number>();

  function drop(keyId: string): void {
    keys.delete(keyId);
    revocations.delete(keyId);
    ends.delete(keyId);
    uses.delete(keyId);
  }

  return {
    apply(event, entryId) {
      if (event.event === 'used') {
        for (const { keyId, usedAt } of event.uses) uses.set(keyId, Math.max(usedAt, uses.get(keyId) ?? 0));
      } else if (event.event === 'revoked') {
        const known = revocations.get(event.keyId);
        if (known === undefined || entryId < known.entryId)
          revocations.set(event.keyId, { entryId, by: event.revokedBy });
      } else if (!keys.has(event.keyId)) {
        const { keyId, name, hash, scopes, createdBy, expiresAt } = event;
        const identity = createIdentity({ subject: subjectOf(name), roles: scopes, kind: 'key' });
        keys.set(keyId, { keyId, name, hash, identity, scopes, entryId, createdBy, expiresAt });
      }
    },
    find: (keyId) => keys.get(keyId),
    revocationOf: (keyId) => revocations.get(keyId),
    usedAt: (keyId) => uses.get(keyId),
    list: () => [...keys.values()].toSorted((a, b) => (a.entryId < b.entryId ? 1 : -1)),
    get size() {
      return keys.size;
    },
    forget({ micros, id }) {
      for (const { keyId, expiresAt } of keys.values()) if (expiresAt < micros) drop(keyId);
      for (const [keyId, { entryId }] of revocations) {
        if (entryId >= id) continue;
        const expiresAt = keys.get(keyId)?.expiresAt ?? ends.get(keyId) ?? 0;
        if (expiresAt < micros) drop(keyId);
        else {
          ends.set(keyId, expiresAt);
          keys.delete(keyId);
        }
      }
      for (const keyId of uses.keys()) if (!keys.has(keyId)) uses.delete(keyId);
    },
  };
}
