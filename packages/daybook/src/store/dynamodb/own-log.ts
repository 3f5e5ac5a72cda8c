/**
 * What the log of our own lane lists of one subject, in stored order, without reading what it lists of others: the newest
 * items are read as they are, which tells gaps; before them only those that the subject has an item for. That one is
 * written in the transaction of its log item, and may be seen a moment later than that: hence not for the newest.
 */
import type { TailQuery } from '../store.ts';
import { keyOf } from './item.ts';
import { logKey, logOf, ownKey, ownerOf, pad } from './keys.ts';
import type { LogItem } from './log.ts';
import { logItemKey, toLogItem } from './log.ts';
import type { Table } from './table.ts';

export type OwnTailQuery = TailQuery & { readonly subject: string };

/** A lane commits some 100 a second at most: what is further back was committed seconds ago, and is all there. */
const NEWEST_ITEMS = 200;
/** At most 5 KB each. */
const ITEMS_AT_ONCE = 25;

export async function* readOwnLog(table: Table, query: OwnTailQuery): AsyncGenerator<LogItem, void> {
  const { lane, after } = query;
  const first = Math.max(1, logOf(after));
  const newest = await readNewest(table, lane, first);
  const before = newest[0]?.standsFrom ?? first;
  if (before > first) yield* readOwnItems(table, query, first, before - 1);
  yield* newest;
}

/** The end of the log as far as it has no gap, oldest first. */
async function readNewest(table: Table, lane: string, first: number): Promise<LogItem[]> {
  let newest: LogItem[] = [];
  let read = 0;
  const range = { pk: logKey(lane), from: pad(first), descending: true, pageItems: NEWEST_ITEMS };
  for await (const one of table.query(range)) {
    const item = toLogItem(one);
    const above = newest.at(-1);
    if (above !== undefined && above.standsFrom > item.n + 1) newest = [];
    newest.push(item);
    read += 1;
    if (read === NEWEST_ITEMS) break;
  }
  return newest.toReversed();
}

async function* readOwnItems(
  table: Table,
  { lane, register, subject }: OwnTailQuery,
  from: number,
  to: number,
): AsyncGenerator<LogItem, void> {
  const { pk } = ownKey(lane, register, ownerOf(subject), 0);
  let numbers: number[] = [];
  async function read(): Promise<LogItem[]> {
    const items = await table.getMany(numbers.map((n) => logItemKey(lane, n)));
    numbers = [];
    return items.map(toLogItem).toSorted((a, b) => a.n - b.n);
  }
  for await (const own of table.query({ pk, from: pad(from), to: pad(to), pageItems: ITEMS_AT_ONCE })) {
    numbers.push(Number(keyOf(own).sk));
    if (numbers.length === ITEMS_AT_ONCE) yield* await read();
  }
  yield* await read();
}
