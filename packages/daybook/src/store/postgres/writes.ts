/**
 * The writes of entries: each call is one statement, which is one transaction. Repeating any of them changes nothing and
 * gives the first result again.
 */
import type { Batch } from '../../envelope.ts';
import type { AcknowledgedBatch, AppendException, DeadEntry, Store } from '../store.ts';
import type { Pool, Statement } from './connection.ts';
import type { HeldEntry, PutMode } from './put-call.ts';
import { exceptionsByBatch, minuteOf, PUT_ENTRIES, putArguments, splitIntoCalls } from './put-call.ts';
import { LANE } from './rows.ts';
import type { DurabilitySettings, ServerDurability } from './server-durability.ts';

interface PutRow {
  readonly last_position: string;
  readonly exceptions: readonly HeldEntry[] | null;
  readonly durability: DurabilitySettings;
}

const DISCARD_ENTRY: Statement = {
  name: 'discard-entry',
  text: 'SELECT discarded, durability FROM daybook.discard_entry($1, $2, $3, $4)',
};

const PROBE: Statement = {
  name: 'probe',
  text: `INSERT INTO daybook.probe (singleton, probed_at) VALUES (true, daybook.now_micros())
    ON CONFLICT (singleton) DO UPDATE SET probed_at = excluded.probed_at RETURNING daybook.durability() AS durability`,
};

export type Writes = Pick<Store, 'append' | 'persist' | 'replay' | 'discard' | 'probe'>;

export function createWrites(pool: Pool, durability: ServerDurability): Writes {
  async function put(batches: readonly AcknowledgedBatch[], mode: PutMode) {
    const [row] = await pool.write<PutRow>(PUT_ENTRIES, putArguments(batches, mode));
    const { last_position: lastPosition, exceptions, durability: settings } = row as PutRow;
    durability.note(settings);
    return { lastPosition: Number(lastPosition), exceptions: exceptionsByBatch(batches, exceptions ?? []) };
  }

  return {
    async append(batch) {
      const { lastPosition, exceptions } = await put([whole(batch)], { acknowledged: false, revive: false });
      return { lastPosition: { lane: LANE, number: lastPosition }, exceptions: exceptions[0] ?? [] };
    },

    async persist(batches) {
      const results: { exceptions: readonly AppendException[] }[] = batches.map(() => ({ exceptions: [] }));
      for (const places of splitIntoCalls(batches)) {
        const together = places.map((place) => batches[place] as AcknowledgedBatch);
        const { exceptions } = await put(together, { acknowledged: true, revive: false });
        for (const [index, place] of places.entries())
          results[place] = { exceptions: exceptions[index] ?? [] };
      }
      return results;
    },

    async replay(entry) {
      // The entry alone: its batch is on record, or will be.
      const batch = { source: '', region: entry.region, n: 0, total: 0, entries: [entry], settledThrough: 0 };
      const { exceptions } = await put([{ batch, part: true, leftOut: [] }], {
        acknowledged: true,
        revive: true,
      });
      return exceptions[0]?.[0]?.kind ?? 'stored';
    },

    async discard({ id, register, region }: DeadEntry) {
      const [row] = await pool.write<{ discarded: boolean; durability: DurabilitySettings }>(DISCARD_ENTRY, [
        id,
        minuteOf(id),
        register,
        region,
      ]);
      if (row !== undefined) durability.note(row.durability);
      return row?.discarded ?? false;
    },

    async probe() {
      const [row] = await pool.write<{ durability: DurabilitySettings }>(PROBE);
      if (row !== undefined) durability.note(row.durability);
    },
  };
}

function whole(batch: Batch): AcknowledgedBatch {
  return { batch, part: false, leftOut: [] };
}
