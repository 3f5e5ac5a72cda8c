/**
 * The log of a lane: one item per transaction, numbered 1, 2, 3 … without a gap, because a writer tries n + 1 only after
 * it has seen n. It lists what was stored, in its order, and everything else that an archive needs to follow the lane.
 */
import type { LedgerRow } from '../store.ts';
import type { Item, Write } from './item.ts';
import { keyItem, number, numberAt, text, textAt } from './item.ts';
import { logKey, pad, toPosition } from './keys.ts';
import type { Table } from './table.ts';

/** Entries that follow one another and lie in one bucket. */
export interface Run {
  readonly register: string;
  readonly day: string;
  readonly shards: number;
  readonly ids: readonly string[];
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

export function toLogEnd(item: Item): LogEnd {
  return {
    n: Number(textAt(item, 'sk')),
    head: numberAt(item, 'head'),
    newestId: textAt(item, 'newest'),
    storedAt: numberAt(item, 'storedAt'),
  };
}

export function toLogContent(item: Item): LogContent {
  return JSON.parse(textAt(item, 'content') as string) as LogContent;
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
        ...keyItem({ pk: logKey(lane), sk: pad(end.n) }),
        head: number(end.head),
        storedAt: number(end.storedAt),
        ...(end.newestId !== undefined && { newest: text(end.newestId) }),
        content: text(JSON.stringify(content)),
      },
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
}
