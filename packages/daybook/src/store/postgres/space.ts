/**
 * Gives back to the file system what retention freed. PostgreSQL itself keeps it in the table for later entries, but for
 * what lies at its very end. So where less than half of a table and its indexes is in use, the entries at its end are
 * moved into the free places before them, VACUUM cuts the end off, and the indexes are made anew.
 *
 * No lock of this is one that readers or writers of entries wait for, but for the moment in which the end is cut off, and
 * that VACUUM gives up as soon as somebody waits. Nothing is truncated or dropped, so nothing can be lost: a month
 * that is empty shrinks to nothing by the same steps, and takes entries again whenever one comes late.
 */
import type { Connection } from './connection.ts';

/** Moved in one transaction: a few hundred entries, which nobody but retention can wait for. */
const CHUNK_PAGES = 8;
/** Moved entries may come to lie near the end again, whoever writes may put one there meanwhile, or VACUUM may have to give up. */
const MAX_PASSES = 5;
/** "DAYB" and numbers of ours; the first is taken by `daybook.expire_entries` as well. */
const MOVING_LOCK = '1145133378, 3';
const SPACE_LOCK = '1145133378, 4';
/** REINDEX waits until everybody is gone who might still use the old index. */
const LOCK_TIMEOUT_MS = 60_000;
const SAMPLED_ROWS = 500;

/** A table that retention takes from; each is in parts. */
interface Kind {
  /** What a table of a few rows has with its indexes, and as much again: no less than this is given back. */
  readonly minBytes: number;
  /**
   * What a row needs with its part of the indexes: 24 bytes of header and 4 of pointer in the table, 12 in each index, and
   * lengths (https://www.postgresql.org/docs/18/storage-page-layout.html).
   */
  readonly rowBytes: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  entries: {
    minBytes: 256 * 1024,
    rowBytes: `132 + pg_column_size(meta) + coalesce(pg_column_size(payload), 0) + 3 * octet_length(register)
      + CASE WHEN subject = '' THEN 0 ELSE 64 + 2 * octet_length(register) + 3 * octet_length(subject) END`,
  },
  idempotency_key: {
    minBytes: 96 * 1024,
    rowBytes: `120 + 2 * octet_length(region || register || subject || key)`,
  },
};

/**
 * Looks at every table that retention takes from. One process at a time does; for any other there is nothing to do.
 * @param hasStopped asked between the steps.
 */
export async function giveSpaceBack(connection: Connection, hasStopped: () => boolean): Promise<void> {
  const [lock] = await connection.query<{ taken: boolean }>(
    `SELECT pg_try_advisory_lock(${SPACE_LOCK}) AS taken`,
  );
  if (lock?.taken !== true) return;
  try {
    await connection.query(`SELECT set_config('lock_timeout', '${LOCK_TIMEOUT_MS}', false)`);
    await dropUnfinishedIndexes(connection);
    for (const [parent, kind] of Object.entries(KINDS)) {
      for (const table of await partsOf(connection, parent, kind)) {
        if (hasStopped()) return;
        await connection.query(`VACUUM daybook.${table}`);
        if (await isMostlyFree(connection, table, kind)) await compact(connection, table, hasStopped);
      }
    }
  } finally {
    await connection.query(`SELECT pg_advisory_unlock(${SPACE_LOCK})`);
  }
}

/** Those that are large enough. */
async function partsOf(connection: Connection, parent: string, { minBytes }: Kind): Promise<string[]> {
  const rows = await connection.query<{ name: string }>(`
    SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'daybook.${parent}'::regclass AND pg_total_relation_size(inhrelid) > ${minBytes} ORDER BY relname`);
  return rows.map(({ name }) => name);
}

/** Right behind a VACUUM, which counts the rows. */
async function isMostlyFree(
  connection: Connection,
  table: string,
  { minBytes, rowBytes }: Kind,
): Promise<boolean> {
  const [row] = await connection.query<{ bytes: string; needed: number | null }>(`
    SELECT pg_total_relation_size(oid) AS bytes, reltuples * (
      SELECT avg(${rowBytes}) FROM (SELECT * FROM daybook.${table} LIMIT ${SAMPLED_ROWS}) AS sample
    ) AS needed
    FROM pg_class WHERE oid = 'daybook.${table}'::regclass`);
  return Number(row?.bytes) > 2 * (row?.needed ?? 0) + minBytes;
}

async function compact(connection: Connection, table: string, hasStopped: () => boolean): Promise<void> {
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    if (!(await moveToFront(connection, table, hasStopped))) break;
    if (hasStopped()) return;
    // By itself it leaves pointers to dead rows in their pages where these are few, and then none of them can be cut off.
    await connection.query(`VACUUM (INDEX_CLEANUP ON) daybook.${table}`);
  }
  if (hasStopped()) return;
  try {
    await connection.query(`REINDEX TABLE CONCURRENTLY daybook.${table}`);
  } catch (error) {
    // Every write would go on filling an index that nobody reads.
    await dropUnfinishedIndexes(connection);
    throw error;
  }
}

/**
 * From the last page on, until entries find no room any more before the pages that they come from.
 * @returns whether there is an end to cut off.
 */
async function moveToFront(
  connection: Connection,
  table: string,
  hasStopped: () => boolean,
): Promise<boolean> {
  const pages = await pagesOf(connection, table);
  let end = pages;
  while (end > 0 && !hasStopped()) {
    const start = Math.max(0, end - CHUNK_PAGES);
    const range = [start, end] as const;
    const { moved, stayed } = await connection.transaction(() => movePages(connection, table, ...range));
    if (stayed * 2 > moved) break;
    end = start;
  }
  return end < pages;
}

/**
 * Deletes rows and inserts them again, in one statement: an update would leave them in a page that has room. Readers see
 * them once, before as after.
 */
async function movePages(connection: Connection, table: string, start: number, end: number) {
  // Retention must not look for a row in the moment in which it is in neither place.
  await connection.query(`SELECT pg_advisory_xact_lock(${MOVING_LOCK})`);
  const [row] = await connection.query<{ moved: number; stayed: number }>(`
    WITH taken AS (
      DELETE FROM daybook.${table} WHERE ctid >= '(${start},0)' AND ctid < '(${end},0)' RETURNING *
    ), placed AS (
      INSERT INTO daybook.${table} SELECT * FROM taken RETURNING ctid
    )
    SELECT count(*)::integer AS moved, (count(*) FILTER (WHERE ctid >= '(${start},0)'))::integer AS stayed FROM placed`);
  return row ?? { moved: 0, stayed: 0 };
}

async function pagesOf(connection: Connection, table: string): Promise<number> {
  const [row] = await connection.query<{ pages: string }>(
    `SELECT pg_relation_size('daybook.${table}') / current_setting('block_size')::bigint AS pages`,
  );
  return Number(row?.pages ?? 0);
}

/** What REINDEX CONCURRENTLY leaves when it is interrupted; a valid one is never of that name. */
async function dropUnfinishedIndexes(connection: Connection): Promise<void> {
  const rows = await connection.query<{ name: string }>(`
    SELECT relname AS name FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = 'daybook'::regnamespace AND NOT indisvalid AND relname ~ '_cc(new|old)[0-9]*$'`);
  for (const { name } of rows) await connection.query(`DROP INDEX CONCURRENTLY IF EXISTS daybook."${name}"`);
}
