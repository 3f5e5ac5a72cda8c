/**
 * Retention: the oldest entries of a register go with everything that is kept about them, a few in each transaction.
 * Nothing here gives space back to the file system; `space.ts` does, when a sweep has come to its end.
 */
import { microsToFirstId } from '../../id.ts';
import type { Store } from '../store.ts';
import type { Pool, Statement } from './connection.ts';
import { LOWEST_ID } from './rows.ts';
import type { DurabilitySettings, ServerDurability } from './server-durability.ts';

const EXPIRE_ENTRIES: Statement = {
  name: 'expire-entries',
  text: 'SELECT expired, last_id, marks, durability FROM daybook.expire_entries($1, $2, $3, $4, $5)',
};

/** A row of a mark is small, and few entries have one: more than this in one transaction are many. */
const MAX_MARKS = 1_000;

interface ExpiredRow {
  readonly expired: number;
  readonly last_id: string | null;
  readonly marks: number;
  readonly durability: DurabilitySettings;
}

export interface ExpiryOptions {
  readonly durability: ServerDurability;
  /** Called when nothing more is due, if anything was taken since it was last called. */
  readonly onSwept: () => void;
}

export function createExpiry(pool: Pool, { durability, onSwept }: ExpiryOptions): Pick<Store, 'expire'> {
  /**
   * How far the sweep of a register has come. What was deleted leaves dead places at the beginning of an index until
   * the next VACUUM; a search that passed over all of them each time would take the square of their number.
   */
  const sweptThrough = new Map<string, string>();
  let taken = false;

  async function take(register: string, from: string, end: string, limit: number): Promise<ExpiredRow> {
    const [row] = await pool.write<ExpiredRow>(EXPIRE_ENTRIES, [register, from, end, limit, MAX_MARKS]);
    durability.note((row as ExpiredRow).durability);
    return row as ExpiredRow;
  }

  return {
    async expire({ register, before, limit }) {
      const end = microsToFirstId(before);
      let expired = 0;
      for (;;) {
        const from = sweptThrough.get(register);
        const row = await take(register, from ?? LOWEST_ID, end, limit - expired);
        expired += row.expired;
        taken ||= row.expired > 0;
        if (expired >= limit && row.last_id !== null) {
          sweptThrough.set(register, row.last_id);
          return expired;
        }
        // What came late lies below where the sweep began: there is no more only when the beginning says so.
        sweptThrough.delete(register);
        if (from === undefined && row.marks < MAX_MARKS) break;
      }
      if (taken) onSwept();
      taken = false;
      return expired;
    },
  };
}
