/**
 * Retention: deletes the oldest entries of a register, a few in each transaction, with everything that is kept about
 * them. Their pages go afterwards, see `free-pages.ts`.
 */
import type { DatabaseSync } from 'node:sqlite';

import { microsToFirstId } from '../../id.ts';
import type { ExpireQuery } from '../store.ts';
import type { LedgerChanges } from './ledger.ts';
import { createLedger, createLedgerChanges } from './ledger.ts';
import { createOwnBlocks } from './own-blocks.ts';
import { BLOCK_POSITIONS, blockOf, fromIdBytes, toIdBytes } from './rows.ts';

/** For each entry that may go; one has a mark only where its key was held. */
const MARKS_PER_ENTRY = 10;

interface DueRow {
  readonly position: number;
  readonly id: Uint8Array;
  readonly subject: string;
  readonly region: string;
  readonly key: string | null;
}

/** Takes `commit`, the caller's, who must know whether a failure came from it. */
export type Expire = (query: ExpireQuery, commit: () => void) => number;

export function createExpiry(db: DatabaseSync): Expire {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const due = db.prepare(
    `SELECT position, id, subject, meta ->> 'region' AS region, meta ->> 'idempotencyKey' AS key FROM entry
     WHERE register = ? AND id < ? ORDER BY id LIMIT ?`,
  );
  const removeEntry = db.prepare('DELETE FROM entry WHERE position = ?');
  const removeKey = db.prepare(
    'DELETE FROM idempotency_key WHERE region = ? AND register = ? AND subject = ? AND key = ? AND id = ?',
  );
  // Dead ones stay: their letters may still be replayed.
  const removeMarks = db.prepare(
    `DELETE FROM mark WHERE id IN (
       SELECT id FROM mark WHERE register = ? AND id < ? AND place IN ('duplicate', 'discarded') LIMIT ?)`,
  );
  const removeEmptyBlock = db.prepare(
    `DELETE FROM block WHERE register = :register AND block = :block AND NOT EXISTS (
       SELECT 1 FROM entry NOT INDEXED WHERE register = :register
       AND position BETWEEN :block * ${BLOCK_POSITIONS} AND :block * ${BLOCK_POSITIONS} + ${BLOCK_POSITIONS - 1})`,
  );
  const noteExpired = db.prepare(
    `INSERT INTO expiry (register, through) VALUES (?, ?)
     ON CONFLICT (register) DO UPDATE SET through = max(through, excluded.through)`,
  );
  const ownBlocks = createOwnBlocks(db);
  const addToLedger = createLedger(db);

  function remove(register: string, rows: readonly DueRow[]): void {
    const changes = new Map<string, LedgerChanges>();
    for (const { position, id, subject, region, key } of rows) {
      removeEntry.run(position);
      if (key !== null) removeKey.run(region, register, subject, key, id);
      const ofRegion = changes.get(region) ?? createLedgerChanges();
      changes.set(region, ofRegion);
      ofRegion.move({ id: fromIdBytes(id), register }, 'stored', 'expired');
    }
    for (const block of new Set(rows.map(({ position }) => blockOf(position)))) {
      removeEmptyBlock.run({ register, block });
    }
    for (const [subject, own] of Map.groupBy(rows, (row) => row.subject)) {
      if (subject !== '')
        ownBlocks.remove(
          register,
          subject,
          own.map(({ position }) => position),
        );
    }
    noteExpired.run(register, Math.max(...rows.map(({ position }) => position)));
    for (const [region, ofRegion] of changes) addToLedger(region, ofRegion);
  }

  return ({ register, before, limit }, commit) => {
    const end = toIdBytes(microsToFirstId(before));
    const rows = due.all(register, end, limit) as unknown as DueRow[];
    begin.run();
    if (rows.length > 0) remove(register, rows);
    removeMarks.run(register, end, limit * MARKS_PER_ENTRY);
    commit();
    return rows.length;
  };
}
