/**
 * The log of a lane: one item per transaction, numbered 1, 2, 3 … without a gap, because a writer tries n + 1 only after
 * it has seen n. It lists what was stored, in its order, and everything else that an archive needs to follow the lane.
 */
import type { LedgerRow } from '../store.ts';
import type { Item, Write } from './item.ts';
import { keyItem, number, numberAt, text, textAt } from './item.ts';
import type { ItemKey } from './keys.ts';
import { logKey, pad, toPosition } from './keys.ts';
import type { Table } from './table.ts';

/** Entries that follow one another and lie in one bucket. */
export interface Run {
  readonly register: string;
  readonly day: string;
  readonly shards: number;
  readonly ids: readonly string[];
  /** Subject to the places of its entries in this run; anonymous ones are not named. */
  readonly owners?: Readonly<Record<string, readonly number[]>>;
}

export interface BatchName {
  readonly source: string;
  readonly n: number;
  readonly entries: number;
  readonly total: number;
}

/** What changed in a row of the ledger; what is not named did not. */
export type LedgerChange = Pick<LedgerRow, 'minute' | 'region' | 'register'> & Partial<LedgerRow>;

export interface LogContent {
  readonly batches: readonly BatchName[];
  readonly ledger: readonly LedgerChange[];
  readonly runs: readonly Run[];
}

/** An entry that a log item lists, and where it lies. */
export interface Listed {
  readonly id: string;
  readonly position: number;
  readonly run: Run;
}

/** An item of the log as it was read. */
export interface LogItem {
  readonly n: number;
  /** It stands for the numbers from here to its own: those before its own were deleted, with all that they listed. */
  readonly standsFrom: number;
  readonly end: LogEnd;
  readonly runs: readonly Run[];
}

/** Where the log ends. */
export interface LogEnd {
  /** 0 before the first item. */
  readonly n: number;
  /** Position of the newest entry; 0 when there is none. */
  readonly head: number;
  /** The largest id that was ever stored here. */
  readonly newestId: string | undefined;
  /** Unix microseconds, the database's clock; never less than that of an item before it. */
  readonly storedAt: number;
}

const EMPTY: LogEnd = { n: 0, head: 0, newestId: undefined, storedAt: 0 };

export async function readLogEnd(table: Table, lane: string): Promise<LogEnd> {
  for await (const item of table.query({ pk: logKey(lane), descending: true, pageItems: 1 })) {
    return toLogEnd(item);
  }
  return EMPTY;
}

function toLogEnd(item: Item): LogEnd {
  return {
    n: Number(textAt(item, 'sk')),
    head: numberAt(item, 'head'),
    newestId: textAt(item, 'newest'),
    storedAt: numberAt(item, 'storedAt'),
  };
}

export function toLogItem(item: Item): LogItem {
  const end = toLogEnd(item);
  const { runs } = JSON.parse(textAt(item, 'content') as string) as LogContent;
  return { n: end.n, standsFrom: numberAt(item, 'standsFrom') || end.n, end, runs };
}

export const logItemKey = (lane: string, n: number): ItemKey => ({ pk: logKey(lane), sk: pad(n) });

/** Everything that it lists. @param owner only the entries of this subject, as the log calls it. */
export function listedIn({ n, runs }: LogItem, owner?: string): Listed[] {
  let first = 0;
  return runs.flatMap((run) => {
    const offset = first;
    first += run.ids.length;
    const places = owner === undefined ? [...run.ids.keys()] : (run.owners?.[owner] ?? []);
    return places.map((at) => ({
      id: run.ids[at] as string,
      position: toPosition(n, offset + at),
      run,
    }));
  });
}

/** The end as it is when this content was added. */
export function nextLogEnd(end: LogEnd, { runs }: LogContent, nowMicros: number): LogEnd {
  const ids = runs.flatMap((run) => run.ids);
  const n = end.n + 1;
  return {
    n,
    head: ids.length === 0 ? end.head : toPosition(n, ids.length - 1),
    newestId: ids.reduce((newest, id) => (newest !== undefined && newest > id ? newest : id), end.newestId),
    storedAt: Math.max(end.storedAt, nowMicros),
  };
}

export function putLogItem(tableName: string, lane: string, end: LogEnd, content: LogContent): Write {
  return {
    Put: {
      TableName: tableName,
      Item: {
        ...keyItem(logItemKey(lane, end.n)),
        head: number(end.head),
        storedAt: number(end.storedAt),
        ...(end.newestId !== undefined && { newest: text(end.newestId) }),
        content: text(JSON.stringify(content)),
      },
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
}
