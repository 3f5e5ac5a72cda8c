/**
 * Reads the ledger's rows: counters of one minute, region and register. Each row also counts its stored entries by
 * second, so that no count ever reads entries.
 */
import type { CountQuery, LedgerRow, StampRange } from '../store.ts';
import type { Item } from './item.ts';
import { numberAt, textAt } from './item.ts';
import { ledgerKey, pad } from './keys.ts';
import { COUNTERS } from './ledger-changes.ts';
import { mergeOrdered } from './merge.ts';
import type { Table } from './table.ts';

const MINUTE_MICROS = 60_000_000;
const SECOND_MICROS = 1_000_000;

/** A row as the table has it, and the lane's part of it. */
function toRow(item: Item, register: string): LedgerRow {
  const [minute = '', region = ''] = (textAt(item, 'sk') ?? '').split('#');
  const counters = Object.fromEntries(COUNTERS.map((name) => [name, numberAt(item, name)]));
  return {
    minute: Number(minute),
    region,
    register,
    ...(counters as Omit<LedgerRow, 'minute' | 'region' | 'register'>),
  };
}

const compareRows = (a: LedgerRow, b: LedgerRow): number =>
  a.minute - b.minute || compare(a.region, b.region) || compare(a.register, b.register);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export interface LaneRegister {
  readonly lane: string;
  readonly register: string;
}

/** The rows of all of these, oldest first; where two lanes have one row it is their sum. */
export async function readLedger(
  table: Table,
  all: readonly LaneRegister[],
  { from, to }: StampRange,
  limit: number,
): Promise<LedgerRow[]> {
  const [first, end] = [Math.ceil(from / MINUTE_MICROS), Math.ceil(to / MINUTE_MICROS)];
  if (end <= first || limit <= 0) return [];
  async function* rowsOf({ lane, register }: LaneRegister): AsyncGenerator<LedgerRow, void> {
    const range = { pk: ledgerKey(lane, register), from: pad(first), to: pad(end), pageItems: limit + 1 };
    for await (const item of table.query(range)) yield toRow(item, register);
  }
  const rows: LedgerRow[] = [];
  for await (const row of mergeOrdered(all.map(rowsOf), compareRows)) {
    const last = rows.at(-1);
    const same = last !== undefined && compareRows(last, row) === 0;
    if (!same && rows.length === limit) break;
    if (same) rows[rows.length - 1] = sum(last, row);
    else rows.push(row);
  }
  return rows;
}

function sum(a: LedgerRow, b: LedgerRow): LedgerRow {
  return {
    ...a,
    ...(Object.fromEntries(COUNTERS.map((name) => [name, a[name] + b[name]])) as Partial<LedgerRow>),
  };
}

/** @throws {RangeError} for buckets that are not whole seconds: stamps finer than that are not counted. */
export async function countStored(
  table: Table,
  lanes: readonly string[],
  { register, from, bucketMicros, buckets }: Omit<CountQuery, 'subject'>,
): Promise<number[]> {
  if (bucketMicros % SECOND_MICROS !== 0 || from % SECOND_MICROS !== 0)
    throw new RangeError(`count: expected buckets of whole seconds, given ${bucketMicros} µs from ${from}`);
  const counts = Array.from({ length: buckets }, () => 0);
  const end = from + buckets * bucketMicros;
  const add = (micros: number, count: number): void => {
    if (micros >= from && micros < end) counts[Math.floor((micros - from) / bucketMicros)]! += count;
  };
  for (const lane of lanes) {
    const range = {
      pk: ledgerKey(lane, register),
      from: pad(Math.floor(from / MINUTE_MICROS)),
      to: pad(Math.ceil(end / MINUTE_MICROS)),
    };
    for await (const item of table.query(range)) {
      const minute = Number((textAt(item, 'sk') ?? '').split('#')[0]) * MINUTE_MICROS;
      for (let second = 0; second < 60; second += 1)
        add(minute + second * SECOND_MICROS, numberAt(item, `s${second}`));
    }
  }
  return counts;
}
