/**
 * The rows of the `entry` table. Sixteen rows a statement cost about half of what one a statement does: less crossing
 * into SQLite, and one update of the AUTOINCREMENT counter.
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

import type { BatchColumns } from './columns.ts';

const ROWS_A_STATEMENT = 16;

export interface EntryInsert {
  /**
   * Inserts the entries of a batch in their order, but for those set aside.
   * @returns the places of those that were not stored, because an entry of the same id is there already.
   */
  insert(batch: BatchColumns, aside: ReadonlySet<number>): number[];
  isStored(id: string): boolean;
}

export function createEntryInsert(db: DatabaseSync): EntryInsert {
  const prepare = (rows: number) =>
    db.prepare(
      `INSERT INTO entry (id, register, subject, meta, payload)
       VALUES ${Array.from({ length: rows }, () => `(unhex(?, '-'), ?, ?, ?, ?)`).join(', ')} ON CONFLICT (id) DO NOTHING`,
    );
  const insertOne = prepare(1);
  const insertMany = prepare(ROWS_A_STATEMENT);
  const newestPosition = db.prepare('SELECT coalesce(max(position), 0) AS position FROM entry');
  const positionOf = db.prepare(`SELECT position FROM entry WHERE id = unhex(?, '-')`);

  function insert(batch: BatchColumns, aside: ReadonlySet<number>): number[] {
    const before = Number(newestPosition.get()?.['position']);
    const payloads = payloadsOf(batch);
    const notStored: number[] = [];

    function insertRows(places: readonly number[]): void {
      const values: SQLInputValue[] = [];
      for (const index of places) {
        const { ids, registers, subjects, metas } = batch;
        const row = [ids[index], registers[index], subjects[index], metas[index], payloads[index]];
        values.push(...(row as SQLInputValue[]));
      }
      const statement = places.length === 1 ? insertOne : insertMany;
      const stored = Number(statement.run(...values).changes);
      if (stored < places.length) noteNotStored(places, stored);
    }

    /** A redelivery: an entry that was there before has an older position. */
    function noteNotStored(places: readonly number[], stored: number): void {
      const older = places.filter(
        (index) => Number(positionOf.get(batch.ids[index] as string)?.['position']) <= before,
      );
      if (places.length - older.length !== stored) {
        throw new Error(`batch ${batch.source}/${batch.n}: expected ids that differ, given one twice`);
      }
      notStored.push(...older);
    }

    const places = [...batch.ids.keys()].filter((index) => !aside.has(index));
    const whole = places.length - (places.length % ROWS_A_STATEMENT);
    for (let at = 0; at < whole; at += ROWS_A_STATEMENT) insertRows(places.slice(at, at + ROWS_A_STATEMENT));
    for (const index of places.slice(whole)) insertRows([index]);
    return notStored;
  }

  return { insert, isStored: (id) => positionOf.get(id) !== undefined };
}

/** Views on the one buffer that the payloads came in; null where there was no payload. */
function payloadsOf({ lengths, payloads }: BatchColumns): (Uint8Array | null)[] {
  let offset = 0;
  return Array.from(lengths, (length) => {
    if (length < 0) return null;
    const payload = payloads.subarray(offset, offset + length);
    offset += length;
    return payload;
  });
}
