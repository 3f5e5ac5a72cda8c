/**
 * Marks: what became of entries that have no row of their own: links to the first entry of a key, dead, discarded, or
 * sent back to the queue. Together with the `entry` table they say of every id whether it has a place already.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { Place } from './ledger.ts';
import { fromIdBytes } from './rows.ts';

export interface Mark {
  readonly place: Exclude<Place, 'stored'>;
  /** Who holds its key, for a duplicate and for a dead one that conflicts. */
  readonly firstId: string | undefined;
}

export interface MarkRow {
  readonly id: Uint8Array;
  readonly place: Mark['place'];
  readonly first: Uint8Array | null;
}

export interface Marks {
  /** The marks among these entries. */
  among(ids: readonly string[]): ReadonlyMap<string, Mark>;
  put(id: string, register: string, place: Mark['place'], firstId?: string): void;
  remove(id: string): void;
}

export function createMarks(db: DatabaseSync): Marks {
  // Marks are few and the ids of a batch lie close together: one range answers for all of them.
  const between = db.prepare(
    `SELECT id, place, first FROM mark WHERE id BETWEEN unhex(?, '-') AND unhex(?, '-')`,
  );
  const upsert = db.prepare(
    `INSERT INTO mark (id, register, place, first) VALUES (unhex(?, '-'), ?, ?, unhex(?, '-'))
     ON CONFLICT (id) DO UPDATE SET place = excluded.place, first = excluded.first`,
  );
  const remove = db.prepare(`DELETE FROM mark WHERE id = unhex(?, '-')`);

  return {
    among(ids) {
      let [smallest = '', largest = ''] = [ids[0], ids[0]];
      for (const id of ids) {
        if (id < smallest) smallest = id;
        if (id > largest) largest = id;
      }
      const found = new Map<string, Mark>();
      for (const row of between.iterate(smallest, largest)) {
        const { id, place, first } = row as unknown as MarkRow;
        found.set(fromIdBytes(id), { place, firstId: first === null ? undefined : fromIdBytes(first) });
      }
      return found;
    },
    put: (id, register, place, firstId) => void upsert.run(id, register, place, firstId ?? null),
    remove: (id) => void remove.run(id),
  };
}
