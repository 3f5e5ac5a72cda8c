/**
 * Idempotency keys: unique per region, register and subject, claimed in the transaction of their entry.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { BatchColumns } from './columns.ts';
import { fromIdBytes } from './rows.ts';

export type KeyColumn = BatchColumns['keys'][number];

/** Who holds a key, and whether the payload is the same. */
export interface KeyHolder {
  readonly firstId: string;
  readonly fingerprint: Uint8Array;
}

export interface Keys {
  holderOf(batch: BatchColumns, key: KeyColumn): KeyHolder | undefined;
  claim(batch: BatchColumns, key: KeyColumn): void;
}

export function createKeys(db: DatabaseSync): Keys {
  const find = db.prepare(
    'SELECT id, fingerprint FROM idempotency_key WHERE region = ? AND register = ? AND subject = ? AND key = ?',
  );
  const insert = db.prepare(
    `INSERT INTO idempotency_key (region, register, subject, key, id, fingerprint) VALUES (?, ?, ?, ?, unhex(?, '-'), ?)`,
  );

  return {
    holderOf({ region, registers, subjects }, { index, key }) {
      const row = find.get(region, registers[index] as string, subjects[index] as string, key) as
        | { readonly id: Uint8Array; readonly fingerprint: Uint8Array }
        | undefined;
      return row && { firstId: fromIdBytes(row.id), fingerprint: row.fingerprint };
    },
    claim({ region, registers, subjects, ids }, { index, key, fingerprint }) {
      const [register, subject, id] = [registers[index], subjects[index], ids[index]] as [
        string,
        string,
        string,
      ];
      insert.run(region, register, subject, key, id, fingerprint);
    },
  };
}

/** The name under which a key is unique, for claims within a batch. */
export function keyName({ registers, subjects }: BatchColumns, { index, key }: KeyColumn): string {
  return JSON.stringify([registers[index], subjects[index], key]);
}
