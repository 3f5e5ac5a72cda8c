/**
 * Which batches arrived, by their names, and which are missing below the newest of their source: a gap is written down
 * when a batch comes that does not follow the newest one, and mended by those that come late.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { PackedBatch } from './packed-batch.ts';

export interface BatchRecord {
  /** @returns the position of the last entry when it was stored; undefined when it is not on record. @throws when the name is another batch's. */
  find(batch: PackedBatch): number | undefined;
  /** @param lastPosition of the newest entry in the store. */
  add(batch: PackedBatch, lastPosition: number): void;
}

interface Known {
  readonly n: number;
  readonly entries: number;
  readonly total: number;
  readonly last_position: number;
}

interface Gap {
  readonly first_n: number;
  readonly last_n: number;
  readonly total_before: number;
  readonly entries: number;
  readonly since: number;
}

const NOW = `CAST(unixepoch('subsec') * 1000000 AS INTEGER)`;

export function createBatchRecord(db: DatabaseSync): BatchRecord {
  const columns = 'n, entries, total, last_position';
  const findNewest = db.prepare(`SELECT ${columns} FROM batch WHERE source = ? ORDER BY n DESC LIMIT 1`);
  const findBatch = db.prepare(`SELECT ${columns} FROM batch WHERE source = ? AND n = ?`);
  const insertBatch = db.prepare(
    `INSERT INTO batch (source, n, entries, total, last_position, settled_through, stored_at) VALUES (?, ?, ?, ?, ?, ?, ${NOW})`,
  );
  const findGap = db.prepare(
    'SELECT * FROM gap WHERE source = ? AND first_n <= ? ORDER BY first_n DESC LIMIT 1',
  );
  const removeGap = db.prepare('DELETE FROM gap WHERE source = ? AND first_n = ?');
  const insertGap = db.prepare(
    `INSERT INTO gap (source, first_n, last_n, total_before, entries, since) VALUES (?, ?, ?, ?, ?, coalesce(?, ${NOW}))`,
  );

  const newestOf = (source: string) => findNewest.get(source) as Known | undefined;

  function find(batch: PackedBatch): number | undefined {
    const newest = newestOf(batch.source);
    if (newest === undefined || newest.n < batch.n) return undefined;
    const known = findBatch.get(batch.source, batch.n) as Known | undefined;
    if (known === undefined) return undefined;
    assertSameBatch(batch, known);
    return known.last_position;
  }

  function add(batch: PackedBatch, lastPosition: number): void {
    const { source, n, entries, total, settledThrough } = batch;
    const newest = newestOf(source) ?? { n: 0, total: 0 };
    if (n > newest.n + 1) addGap(source, newest.n + 1, n - 1, newest.total, total - entries);
    if (n < newest.n) splitGap(batch);
    insertBatch.run(source, n, entries, total, lastPosition, settledThrough);
  }

  /** @param before the source's running total before the gap. @param behind the one at its end. */
  function addGap(
    source: string,
    first: number,
    last: number,
    before: number,
    behind: number,
    since?: number,
  ): void {
    if (first <= last) insertGap.run(source, first, last, before, behind - before, since ?? null);
  }

  function splitGap({ source, n, entries, total }: PackedBatch): void {
    const gap = findGap.get(source, n) as Gap | undefined;
    if (gap === undefined) return;
    removeGap.run(source, gap.first_n);
    addGap(source, gap.first_n, n - 1, gap.total_before, total - entries, gap.since);
    addGap(source, n + 1, gap.last_n, total, gap.total_before + gap.entries, gap.since);
  }

  return { find, add };
}

/** A name that stands for two batches would pass the second one over in silence: a defect, and never one to acknowledge. */
function assertSameBatch({ source, n, entries, total }: PackedBatch, known: Known): void {
  if (known.entries === entries && known.total === total) return;
  throw new Error(
    `batch ${source}/${n}: expected ${known.entries} entries and total ${known.total}, as it is on record, given ${entries} and ${total}`,
  );
}
