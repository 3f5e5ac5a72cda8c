/**
 * The rows of the `entry` table, and of the blocks that tails find them by. Rows that share register and subject go in
 * together, up to 32 a statement: less crossing into SQLite, and these two values are bound once.
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

import type { BatchReader, PackedBatch, Run } from './packed-batch.ts';
import { createOwnBlocks } from './own-blocks.ts';
import { blockOf } from './rows.ts';

/** Any number of rows is a sum of these. */
const ROWS_A_STATEMENT = [32, 16, 8, 4, 2, 1] as const;

export interface Inserted {
  /** The places of those that were not stored, because an entry of the same id is there already. */
  readonly notStored: readonly number[];
  /** Of the newest entry in the store. */
  readonly lastPosition: number;
}

export interface EntryInsert {
  /** Inserts the entries of a batch in their order, but for those set aside. */
  insert(batch: PackedBatch, reader: BatchReader, aside: ReadonlySet<number>): Inserted;
  isStored(register: string, id: Uint8Array): boolean;
  newestPosition(): number;
}

export function createEntryInsert(db: DatabaseSync): EntryInsert {
  const statements = ROWS_A_STATEMENT.map((rows) => ({ rows, statement: db.prepare(insertOf(rows)) }));
  const addBlock = db.prepare('INSERT INTO block (register, block) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const ownBlocks = createOwnBlocks(db);
  const newest = db.prepare('SELECT coalesce(max(position), 0) AS position FROM entry');
  const positionOf = db.prepare('SELECT position FROM entry WHERE register = ? AND id = ?');

  const newestPosition = (): number => Number(newest.get()?.['position']);

  function insert(batch: PackedBatch, reader: BatchReader, aside: ReadonlySet<number>): Inserted {
    const before = newestPosition();
    const notStored: number[] = [];
    let lastPosition = before;

    for (const { register, subject, first, end } of stretchesOf(batch.runs, aside)) {
      reader.skipTo(first);
      let index = first;
      const own =
        subject === '' ? undefined : joinRanges((from, to) => ownBlocks.add(register, subject, from, to));
      for (const { rows, statement } of statements) {
        for (; end - index >= rows; index += rows) {
          const values: SQLInputValue[] = [register, subject, reader.idsFrom(index, rows)];
          for (let row = 0; row < rows; row += 1) {
            const { meta, payload } = reader.next();
            values.push(meta, payload);
          }
          const { changes, lastInsertRowid } = statement.run(...values);
          const newestRow = Number(lastInsertRowid);
          if (changes === rows) own?.add(newestRow - rows + 1, newestRow);
          else for (const place of newPlaces(register, index, rows, Number(changes))) own?.add(place, place);
          if (changes === 0) continue;
          addBlocks(register, lastPosition + 1, newestRow);
          lastPosition = newestRow;
        }
      }
      own?.end();
    }

    /** A redelivery: an entry that was there before has an older position. @returns the positions of the others. */
    function newPlaces(register: string, first: number, rows: number, stored: number): number[] {
      const older: number[] = [];
      const newer: number[] = [];
      for (let place = first; place < first + rows; place += 1) {
        const position = Number(positionOf.get(register, reader.idsFrom(place, 1))?.['position']);
        if (position <= before) older.push(place);
        else newer.push(position);
      }
      if (newer.length !== stored) {
        throw new Error(`batch ${batch.source}/${batch.n}: expected ids that differ, given one twice`);
      }
      notStored.push(...older);
      return newer;
    }

    return { notStored, lastPosition };
  }

  function addBlocks(register: string, first: number, last: number): void {
    for (let block = blockOf(first); block <= blockOf(last); block += 1) {
      addBlock.run(register, block);
    }
  }

  return { insert, isStored: (register, id) => positionOf.get(register, id) !== undefined, newestPosition };
}

/** Joins ranges that follow each other, so that what is written for them is written once. */
function joinRanges(write: (first: number, last: number) => void) {
  let range: { first: number; last: number } | undefined;
  function end(): void {
    if (range !== undefined) write(range.first, range.last);
    range = undefined;
  }
  return {
    add(first: number, last: number): void {
      if (range?.last === first - 1) range.last = last;
      else {
        end();
        range = { first, last };
      }
    },
    end,
  };
}

interface Stretch {
  readonly register: string;
  readonly subject: string;
  readonly first: number;
  readonly end: number;
}

/** Runs without the entries that are set aside. */
function* stretchesOf(runs: readonly Run[], aside: ReadonlySet<number>): Generator<Stretch> {
  let index = 0;
  for (const { register, subject, entries } of runs) {
    const endOfRun = index + entries;
    while (index < endOfRun) {
      const first = index;
      if (aside.size === 0) index = endOfRun;
      while (index < endOfRun && !aside.has(index)) index += 1;
      if (index > first) yield { register, subject, first, end: index };
      while (index < endOfRun && aside.has(index)) index += 1;
    }
  }
}

/**
 * ?1 register, ?2 subject, ?3 the ids one after the other, then meta and payload of each row. Those are without a number,
 * because a value for a parameter with one is looked up among all parameters that have one.
 */
function insertOf(rows: number): string {
  const values = Array.from(
    { length: rows },
    (_, row) => `(substr(?3, ${1 + 16 * row}, 16), ?1, ?2, CAST(? AS TEXT), ?)`,
  );
  return `INSERT INTO entry (id, register, subject, meta, payload) VALUES ${values.join(', ')} ON CONFLICT (register, id) DO NOTHING`;
}
