/**
 * The reads. Each is one statement, which sees one snapshot: a tail's entries and how far it looked belong together.
 *
 * Pages, tails, counts and how far all is settled are read from the replica where there is one: together they are true
 * of some moment, whatever it lags. What must not be denied for being late is asked of the primary before it is: that an
 * entry is there, that a number was given to anybody. So is what raises an alarm: ledger and missing batches.
 */
import { microsToFirstId } from '../../id.ts';
import type {
  CountQuery,
  Found,
  LedgerRow,
  ListQuery,
  MissingBatches,
  Page,
  Store,
  TailPage,
} from '../store.ts';
import { StoreError } from '../store.ts';
import { uuidArray } from './binary-array.ts';
import type { Pool } from './connection.ts';
import type { EntryRow } from './rows.ts';
import { fromRow, LANE, LOWEST_ID } from './rows.ts';
import * as statements from './query-statements.ts';

const MINUTE_MICROS = 60_000_000;
const ID_DIGITS = 32;
const HIGHEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

interface FoundRow extends EntryRow {
  readonly place: 'stored' | 'duplicate' | 'dead' | 'discarded' | 'retrying';
}

/** A row of a page; `found` counts what there was before the page was cut at its bytes. */
interface PageRow extends EntryRow {
  readonly found: string;
}

interface TailRow extends PageRow {
  readonly head: string;
  readonly expired_through: string;
}

type Numbers<T> = { readonly [Key in keyof T]: T[Key] extends number ? string : T[Key] };

export type Queries = Pick<
  Store,
  'find' | 'list' | 'tail' | 'head' | 'count' | 'ledger' | 'missingBatches' | 'vouchedThrough' | 'time'
>;

export interface QueriesOptions {
  /** Where lists, tails and counts are read; default the primary. */
  readonly replica?: Pool | undefined;
  /** Called with the epoch of every head. A replica may tell the one of before for as long as it lags. */
  readonly onEpoch: (epoch: string) => void;
}

export function createQueries(primary: Pool, { replica = primary, onEpoch }: QueriesOptions): Queries {
  async function headOf(pool: Pool, lane: string): Promise<number> {
    const [row] = await pool.read<{ head: string; epoch: string | null }>(statements.HEAD, [lane]);
    if (typeof row?.epoch === 'string') onEpoch(row.epoch);
    return Number(row?.head ?? 0);
  }

  return {
    async find(register, id, subject) {
      const wanted = { register, id, subject };
      const found = replica === primary ? undefined : await findIn(replica, wanted).catch(onlyStoreError);
      // Nobody knows it, or its replay is on its way.
      return found === undefined || found.status === 'dead' ? findIn(primary, wanted) : found;
    },

    async list({ register, subject, order, from, to, after, limit, maxBytes }: ListQuery): Promise<Page> {
      const ascending = order === 'asc';
      let lower = from === undefined ? LOWEST_ID : microsToFirstId(from);
      let upper = to === undefined ? HIGHEST_ID : microsToFirstId(to);
      if (after !== undefined && ascending && after >= lower) lower = successor(after);
      if (after !== undefined && !ascending && after < upper) upper = after;
      const range = [register, lower, upper, limit, maxBytes];
      const rows =
        subject === undefined
          ? await replica.read<PageRow>(
              ascending ? statements.LIST_ASCENDING : statements.LIST_DESCENDING,
              range,
            )
          : await replica.read<PageRow>(
              ascending ? statements.OWN_LIST_ASCENDING : statements.OWN_LIST_DESCENDING,
              [...range, subject],
            );
      return {
        entries: rows.map((row) => fromRow(register, row)),
        more: Number(rows[0]?.found ?? 0) > rows.length,
      };
    },

    async tail({ register, subject, after, limit, maxBytes }): Promise<TailPage> {
      const place = [register, after, limit, maxBytes, LANE];
      const rows =
        subject === undefined
          ? await replica.read<TailRow>(statements.TAIL, place)
          : await replica.read<TailRow>(statements.OWN_TAIL, [...place, subject]);
      const entries = rows.filter(({ id }) => id !== null).map((row) => fromRow(register, row));
      const more = Number(rows[0]?.found ?? 0) > entries.length;
      const last = entries.at(-1)?.position.number;
      return {
        entries,
        through: more && last !== undefined ? last : Math.max(after, Number(rows[0]?.head ?? 0)),
        expiredThrough: Number(rows[0]?.expired_through ?? 0),
      };
    },

    async head(lane, seen = 0) {
      const head = await headOf(replica, lane);
      return head >= seen || replica === primary ? head : headOf(primary, lane);
    },

    async count(query: CountQuery) {
      const counts = Array.from({ length: query.buckets }, () => 0);
      for (const { bucket, entries } of await countIn(replica, query))
        counts[Number(bucket)] = Number(entries);
      return counts;
    },

    async ledger(range, limit) {
      const minutes = [range.from, range.to].map((micros) => Math.ceil(micros / MINUTE_MICROS));
      const rows = await primary.read<Numbers<LedgerRow>>(statements.LEDGER, [...minutes, limit]);
      return rows.map(({ region, register, ...numbers }) => ({ region, register, ...toNumbers(numbers) }));
    },

    async missingBatches() {
      const rows = await primary.read<Numbers<MissingBatches>>(statements.MISSING_BATCHES);
      return rows.map(({ source, ...numbers }) => ({ source, ...toNumbers(numbers) }));
    },

    // From where the entries are read: on a replica both are as old.
    async vouchedThrough() {
      const [row] = await replica.read<{ through: string | null }>(statements.VOUCHED_THROUGH);
      return row === undefined || row.through === null ? undefined : Number(row.through);
    },

    async time() {
      const [row] = await primary.read<{ micros: string }>(statements.TIME);
      return Number(row?.micros);
    },
  };
}

/** The next larger id, so that "behind this id" is a plain lower bound. */
function successor(id: string): string {
  const next = (BigInt(`0x${id.replaceAll('-', '')}`) + 1n).toString(16).padStart(ID_DIGITS, '0');
  return next.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

interface CountRow {
  readonly bucket: string;
  readonly entries: string;
}

/** `bigint` comes as text, because it may be larger than a number; ours never are. */
function toNumbers<Key extends string>(row: Readonly<Record<Key, string>>): Record<Key, number> {
  return Object.fromEntries(
    Object.entries<string>(row).map(([name, value]) => [name, Number(value)]),
  ) as Record<Key, number>;
}

async function countIn(
  pool: Pool,
  { register, subject, from, bucketMicros, buckets }: CountQuery,
): Promise<CountRow[]> {
  if (subject === undefined && bucketMicros % MINUTE_MICROS === 0) {
    return pool.read<CountRow>(statements.COUNT_MINUTES, [
      register,
      from / MINUTE_MICROS,
      bucketMicros / MINUTE_MICROS,
      (from + buckets * bucketMicros) / MINUTE_MICROS,
    ]);
  }
  const edges = Array.from({ length: buckets + 1 }, (_, index) =>
    microsToFirstId(from + index * bucketMicros),
  );
  const starts = uuidArray(edges.slice(0, -1));
  return subject === undefined
    ? pool.read<CountRow>(statements.COUNT_IDS, [register, starts, uuidArray(edges.slice(1))])
    : pool.read<CountRow>(statements.OWN_COUNT, [register, subject, edges[0], edges[buckets], starts]);
}

/** A replica that does not answer knows of nothing; the primary, which is asked next, has the say. */
function onlyStoreError(thrown: unknown): undefined {
  if (!(thrown instanceof StoreError)) throw thrown;
}

interface FindQuery {
  readonly register: string;
  readonly id: string;
  readonly subject: string | undefined;
}

async function findIn(pool: Pool, { register, id, subject }: FindQuery): Promise<Found | undefined> {
  const rows =
    subject === undefined
      ? await pool.read<FoundRow>(statements.FIND, [register, id])
      : await pool.read<FoundRow>(statements.OWN_FIND, [register, id, subject]);
  const [row] = rows.toSorted((a, b) => Number(b.place === 'stored') - Number(a.place === 'stored'));
  if (row === undefined || row.place === 'retrying') return undefined;
  if (row.place === 'dead' || row.place === 'discarded') return { status: row.place };
  // Of a link whose first entry is not here: it was there before the link, so retention took it.
  if (row.id === null) return { status: 'expired' };
  const entry = fromRow(register, row);
  return row.place === 'stored' ? { status: 'stored', entry } : { status: 'duplicate', first: entry };
}
