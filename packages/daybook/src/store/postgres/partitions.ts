/**
 * The months of the `entries` table. A stamp is in the id, so a month is a range of ids. Months are made ahead of time:
 * one that is missing costs nothing but speed, because its entries go to the default partition, and whoever makes the
 * month later takes them out of it.
 */
import { microsToFirstId } from '../../id.ts';
import { hasTable } from './catalog.ts';
import type { Connection } from './connection.ts';
import { LANE } from './rows.ts';

export interface Month {
  /** Of its table, such as `entries_2026_11`. */
  readonly table: string;
  /** The smallest id of the month; the first of the next one. */
  readonly from: string;
  readonly to: string;
}

/** A queue may still hold entries of last month when the first of them is stored. */
const MONTHS_BACK = 1;
const MONTHS_AHEAD = 3;
/** "DAYB" and a number of ours. */
const LOCK = '1145133378, 2';

/** @param nowMicros Unix microseconds. */
export function monthsAround(nowMicros: number): Month[] {
  const now = new Date(nowMicros / 1000);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  return Array.from({ length: MONTHS_BACK + 1 + MONTHS_AHEAD }, (_, index) => {
    const from = Date.UTC(year, month - MONTHS_BACK + index);
    const to = Date.UTC(year, month - MONTHS_BACK + index + 1);
    return {
      table: `entries_${new Date(from).toISOString().slice(0, 7).replace('-', '_')}`,
      from: microsToFirstId(from * 1000),
      to: microsToFirstId(to * 1000),
    };
  });
}

/**
 * Makes the months that are missing around now, by the database's clock, each in a transaction of its own. Safe from many
 * processes at once.
 */
export async function makePartitions(connection: Connection): Promise<void> {
  const [now] = await connection.query<{ micros: string }>('SELECT daybook.now_micros() AS micros');
  for (const month of monthsAround(Number(now?.micros))) {
    if (!(await hasTable(connection, month.table)))
      await connection.transaction(() => makePartition(connection, month));
  }
}

/**
 * Attached rather than created in place: that locks out nobody who reads other months. Writers are kept from beginning,
 * by the lane: one that is on its way into the default would be refused there, as if its entries could never be stored.
 */
async function makePartition(connection: Connection, month: Month): Promise<void> {
  await connection.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
  if (await hasTable(connection, month.table)) return;
  const { table, from, to } = month;
  await connection.query(`CREATE TABLE daybook.${table} (LIKE daybook.entries INCLUDING ALL)`);
  await connection.query(`SELECT FROM daybook.lane WHERE name = '${LANE}' FOR UPDATE`);
  await connection.query('LOCK TABLE daybook.entries_default IN ACCESS EXCLUSIVE MODE');
  await connection.query(`
    WITH moved AS (DELETE FROM daybook.entries_default WHERE id >= '${from}' AND id < '${to}' RETURNING *)
    INSERT INTO daybook.${table} SELECT * FROM moved`);
  await connection.query(
    `ALTER TABLE daybook.entries ATTACH PARTITION daybook.${table} FOR VALUES FROM ('${from}') TO ('${to}')`,
  );
}
