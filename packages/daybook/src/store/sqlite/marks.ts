/**
 * Marks: what became of entries that have no row of their own: links to the first entry of a key, dead, discarded, or
 * sent back to the queue. Together with the `entry` table they say of every id whether it has a place already.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { Entry } from '../../entry.ts';
import type { Place } from './ledger.ts';
import type { PackedBatch } from './packed-batch.ts';
import { fromIdBytes } from './rows.ts';

export interface Mark {
  readonly place: Exclude<Place, 'stored' | 'expired'>;
  /** Who holds its key, for a duplicate and for a dead one that conflicts. */
  readonly firstId: string | undefined;
}

/** Whom a mark is for. */
export type MarkedEntry = Pick<Entry, 'id' | 'register' | 'subject'>;

export interface MarkRow {
  readonly id: Uint8Array;
  readonly place: Mark['place'];
  readonly first: Uint8Array | null;
}

export interface Marks {
  /** The marks of entries of the batch, by their id; maybe of others as well. */
  among(batch: PackedBatch): ReadonlyMap<string, Mark>;
  of(id: string): Mark | undefined;
  put(entry: MarkedEntry, place: Mark['place'], firstId?: string): void;
  /** Of a mark that is there. */
  move(id: string, place: Mark['place']): void;
  remove(id: string): void;
}

const NONE: ReadonlyMap<string, Mark> = new Map();

export function createMarks(db: DatabaseSync): Marks {
  const find = db.prepare(`SELECT id, place, first FROM mark WHERE id = unhex(?, '-')`);
  // Marks are few and the ids of a batch lie close together: one range answers for all of them.
  const between = db.prepare(
    `SELECT id, place, first FROM mark WHERE id BETWEEN unhex(?, '-') AND unhex(?, '-')`,
  );
  const first = db.prepare('SELECT 1 AS marked FROM mark LIMIT 1');
  const upsert = db.prepare(
    `INSERT INTO mark (id, register, subject, place, first) VALUES (unhex(?, '-'), ?, ?, ?, unhex(?, '-'))
     ON CONFLICT (id) DO UPDATE SET place = excluded.place, first = excluded.first`,
  );
  const move = db.prepare(`UPDATE mark SET place = ? WHERE id = unhex(?, '-')`);
  const remove = db.prepare(`DELETE FROM mark WHERE id = unhex(?, '-')`);

  // Only this connection writes, so it knows; a mark that is rolled back only costs a search.
  let anyMarked = first.get() !== undefined;

  return {
    of(id) {
      const row = find.get(id) as MarkRow | undefined;
      return row && toMark(row);
    },
    among({ smallestId, largestId }) {
      if (!anyMarked) return NONE;
      const rows = between.all(smallestId, largestId) as unknown as MarkRow[];
      return new Map(rows.map((row) => [fromIdBytes(row.id), toMark(row)]));
    },
    put({ id, register, subject }, place, firstId) {
      anyMarked = true;
      upsert.run(id, register, subject, place, firstId ?? null);
    },
    move: (id, place) => void move.run(place, id),
    remove: (id) => void remove.run(id),
  };
}

function toMark({ place, first }: MarkRow): Mark {
  return { place, firstId: first === null ? undefined : fromIdBytes(first) };
}
