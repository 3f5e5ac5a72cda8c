/**
 * Which batches arrived, by their names, and which are missing below the newest of their source.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { BatchColumns } from './columns.ts';

export interface BatchRecord {
  /** @returns the position of the last entry when it was stored; undefined when it is not on record. @throws when the name is another batch's. */
  find(batch: BatchColumns): number | undefined;
  /** @returns the position of the last entry that is stored now. */
  add(batch: BatchColumns): number;
}

export function createBatchRecord(db: DatabaseSync): BatchRecord {
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
  const lastPosition = db.prepare('SELECT coalesce(max(position), 0) AS position FROM entry');

  return {
    find(batch) {
      const known = findBatch.get(batch.source, batch.n);
      if (known === undefined) return undefined;
      assertSameBatch(batch, known);
      return Number(known['last_position']);
    },
    add({ source, n, ids, total, settledThrough }) {
      const position = Number(lastPosition.get()?.['position']);
      insertBatch.run(source, n, ids.length, total, position);
      noteSource.run(source, n, settledThrough);
      return position;
    },
  };
}

/** A name that stands for two batches would pass the second one over in silence: a defect, and never one to acknowledge. */
function assertSameBatch({ source, n, ids, total }: BatchColumns, known: Record<string, unknown>): void {
  if (known['entries'] === ids.length && known['total'] === total) return;
  throw new Error(
    `batch ${source}/${n}: expected ${String(known['entries'])} entries and total ${String(known['total'])}, as it is on record, given ${ids.length} and ${total}`,
  );
}
