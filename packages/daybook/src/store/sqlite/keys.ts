/**
 * Idempotency keys: unique per region, register and subject, claimed in the transaction of their entry.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { PackedKey } from './packed-batch.ts';
import { fromIdBytes } from './rows.ts';

/** Who holds a key, and what the payload is compared by. */
export interface KeyHolder {
  readonly firstId: string;
  readonly fingerprint: Uint8Array;
}

export interface Keys {
  holderOf(region: string, key: PackedKey): KeyHolder | undefined;
  claim(region: string, key: PackedKey, id: Uint8Array): void;
}

export function createKeys(db: DatabaseSync): Keys {
  const find = db.prepare(
    'SELECT id, fingerprint FROM idempotency_key WHERE region = ? AND register = ? AND subject = ? AND key = ?',
  );
  const insert = db.prepare(
    'INSERT INTO idempotency_key (region, register, subject, key, id, fingerprint) VALUES (?, ?, ?, ?, ?, ?)',
  );

  return {
    holderOf(region, { register, subject, key }) {
      const row = find.get(region, register, subject, key) as
        | { readonly id: Uint8Array; readonly fingerprint: Uint8Array }
        | undefined;
      return row && { firstId: fromIdBytes(row.id), fingerprint: row.fingerprint };
    },
    claim(region, { register, subject, key, fingerprint }, id) {
      insert.run(region, register, subject, key, id, fingerprint);
    },
  };
}

/** The name under which a key is unique, for claims within a batch. */
export function keyName({ register, subject, key }: PackedKey): string {
  return JSON.stringify([register, subject, key]);
}
