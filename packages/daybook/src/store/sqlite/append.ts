/**
 * The append: entries, keys, batch name, ledger rows and settled mark in one transaction. Runs in the writer thread.
 * Repeating a batch changes nothing and gives the first result again.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { MinuteCount } from '../../envelope.ts';
import { idToMicros } from '../../id.ts';
import type { AppendException } from '../store.ts';
import type { BatchColumns } from './columns.ts';
import { createEntryInsert } from './entry-insert.ts';
import { fromIdBytes } from './rows.ts';

export interface Appended {
  readonly lastPosition: number;
  readonly exceptions: readonly AppendException[];
}

const MINUTE_MICROS = 60_000_000;

interface KeyRow {
  readonly id: Uint8Array;
  readonly fingerprint: Uint8Array;
}

/** Prepares every statement once; `commit` is the caller's, who must know whether a failure came from it. */
export function createAppend(db: DatabaseSync): (batch: BatchColumns, commit: () => void) => Appended {
  const insertEntries = createEntryInsert(db);
  const findKey = db.prepare(
    'SELECT id, fingerprint FROM idempotency_key WHERE region = ? AND register = ? AND subject = ? AND key = ?',
  );
  const insertKey = db.prepare(
    `INSERT INTO idempotency_key (region, register, subject, key, id, fingerprint) VALUES (?, ?, ?, ?, unhex(?, '-'), ?)`,
  );
  const findBatch = db.prepare('SELECT entries, total, last_position FROM batch WHERE source = ? AND n = ?');
  const insertBatch = db.prepare(
    `INSERT INTO batch (source, n, entries, total, last_position, stored_at)
     VALUES (?, ?, ?, ?, ?, CAST(unixepoch('subsec') * 1000000 AS INTEGER))`,
  );
  const noteSource = db.prepare(
    `INSERT INTO source (source, last_n, batches, settled_through) VALUES (?, ?, 1, ?)
     ON CONFLICT (source) DO UPDATE SET last_n = max(last_n, excluded.last_n), batches = batches + 1,
       settled_through = max(settled_through, excluded.settled_through)`,
  );
  const addToLedger = db.prepare(
    `INSERT INTO ledger (minute, region, register, accepted, stored) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (minute, region, register) DO UPDATE SET accepted = accepted + excluded.accepted, stored = stored + excluded.stored`,
  );
  const lastPosition = db.prepare('SELECT coalesce(max(position), 0) AS position FROM entry');

  function holderOf(region: string, register: string, subject: string, key: string) {
    const row = findKey.get(region, register, subject, key) as KeyRow | undefined;
    return row && { firstId: fromIdBytes(row.id), fingerprint: row.fingerprint };
  }

  /** Entries of the batch whose key another entry holds, on record or earlier in the batch. */
  function findExceptions(batch: BatchColumns): AppendException[] {
    const exceptions: AppendException[] = [];
    const claimed = new Map<string, { firstId: string; fingerprint: Uint8Array }>();
    for (const { index, key, fingerprint } of batch.keys) {
      const register = batch.registers[index] as string;
      const subject = batch.subjects[index] as string;
      const name = JSON.stringify([register, subject, key]);
      const holder = claimed.get(name) ?? holderOf(batch.region, register, subject, key);
      const id = batch.ids[index] as string;
      if (holder === undefined || holder.firstId === id) {
        claimed.set(name, { firstId: id, fingerprint });
        continue;
      }
      const same = Buffer.compare(holder.fingerprint, fingerprint) === 0;
      exceptions.push({ index, kind: same ? 'duplicate' : 'conflict', firstId: holder.firstId });
    }
    return exceptions;
  }

  /** @returns the entries that are new, by register and minute, for the ledger. */
  function insertAll(batch: BatchColumns, exceptions: readonly AppendException[]): readonly MinuteCount[] {
    const left = new Set(exceptions.map((exception) => exception.index));
    const notStored = insertEntries(batch, left);
    for (const { index, key, fingerprint } of batch.keys) {
      if (left.has(index)) continue;
      const [register, subject, id] = [batch.registers[index], batch.subjects[index], batch.ids[index]] as [
        string,
        string,
        string,
      ];
      insertKey.run(batch.region, register, subject, key, id, fingerprint);
    }
    return [...left, ...notStored].reduce(
      (counts, index) => withoutOne(counts, batch.registers[index] as string, batch.ids[index] as string),
      batch.counts,
    );
  }

  function appendInTransaction(batch: BatchColumns): Appended {
    const known = findBatch.get(batch.source, batch.n);
    const exceptions = findExceptions(batch);
    if (known !== undefined) {
      assertSameBatch(batch, known);
      return { lastPosition: Number(known['last_position']), exceptions };
    }
    for (const { minute, register, entries } of insertAll(batch, exceptions)) {
      if (entries > 0) addToLedger.run(minute, batch.region, register, entries, entries);
    }
    const position = Number(lastPosition.get()?.['position']);
    insertBatch.run(batch.source, batch.n, batch.ids.length, batch.total, position);
    noteSource.run(batch.source, batch.n, batch.settledThrough);
    return { lastPosition: position, exceptions };
  }

  return (batch, commit) => {
    db.exec('BEGIN IMMEDIATE');
    const appended = appendInTransaction(batch);
    commit();
    return appended;
  };
}

/** A name that stands for two batches would pass the second one over in silence: a defect, and never one to acknowledge. */
function assertSameBatch({ source, n, ids, total }: BatchColumns, known: Record<string, unknown>): void {
  if (known['entries'] === ids.length && known['total'] === total) return;
  throw new Error(
    `batch ${source}/${n}: expected ${String(known['entries'])} entries and total ${String(known['total'])}, as it is on record, given ${ids.length} and ${total}`,
  );
}

/** An entry that was not stored now was not accepted now. */
function withoutOne(counts: readonly MinuteCount[], register: string, id: string): MinuteCount[] {
  const minute = Math.floor(idToMicros(id) / MINUTE_MICROS);
  return counts.map((count) =>
    count.register === register && count.minute === minute ? { ...count, entries: count.entries - 1 } : count,
  );
}
