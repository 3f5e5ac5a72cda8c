/**
 * Reads entries by id: one, or a page in order of their stamps. A list goes from bucket to bucket and merges the shards
 * of each, and the lanes; days without entries have no bucket and cost nothing.
 */
import type { StoredEntry } from '../../entry.ts';
import { microsToFirstId } from '../../id.ts';
import type { Found, ListQuery, Page } from '../store.ts';
import type { BucketRecord, Buckets } from './buckets.ts';
import { bucketOf, placeKey } from './buckets.ts';
import type { Item } from './item.ts';
import { textAt } from './item.ts';
import { dayOf, shardKey } from './keys.ts';
import { mergeOrdered } from './merge.ts';
import { toPlace, toStoredEntry } from './place-item.ts';
import type { Table } from './table.ts';

/** Ids are lower-case hexadecimal: everything is between these. */
const [LOWEST_ID, HIGHEST_ID] = ['0', 'g'];
/** An answer holds 1 MB at most, so no page needs more at once. */
const MAX_PAGE_ITEMS = 1_000;

interface Bounds {
  readonly lower: string;
  readonly upper: string;
  contains(id: string): boolean;
}

export async function findEntry(
  table: Table,
  buckets: Buckets,
  lanes: readonly string[],
  register: string,
  id: string,
): Promise<Found | undefined> {
  const all = lanes.map((lane) => bucketOf(lane, { register, id }));
  await buckets.learn(all);
  const keys = all.flatMap((bucket) => {
    const shards = buckets.shardsOf(bucket);
    return shards === undefined ? [] : [placeKey(bucket, shards, id)];
  });
  const items = await table.getMany(keys);
  // Beside an entry that another region stored as well, a mark says nothing.
  const item = items.find((one) => toPlace(one).at === 'stored') ?? items[0];
  if (item === undefined) return undefined;
  const place = toPlace(item);
  if (place.at === 'stored') return { status: 'stored', entry: toStoredEntry(item) };
  if (place.at === 'retrying') return undefined;
  if (place.at !== 'duplicate') return { status: place.at };
  const first = await findEntry(table, buckets, lanes, register, place.firstId as string);
  return first?.status === 'stored' ? { status: 'duplicate', first: first.entry } : undefined;
}

export async function listEntries(
  table: Table,
  buckets: Buckets,
  lanes: readonly string[],
  query: ListQuery,
): Promise<Page> {
  const { register, order, limit, maxBytes } = query;
  const bounds = boundsOf(query);
  const descending = order === 'desc';
  const compare = (a: Item, b: Item): number => {
    const [x, y] = [textAt(a, 'sk') ?? '', textAt(b, 'sk') ?? ''];
    return (x < y ? -1 : x > y ? 1 : 0) * (descending ? -1 : 1);
  };

  async function* ofLane(lane: string): AsyncGenerator<Item, void> {
    for await (const bucket of buckets.of({ lane, register }, { ...daysOf(bounds), descending }))
      yield* mergeOrdered(shardsOf(bucket), compare);
  }

  function shardsOf({ lane, day, shards }: BucketRecord): AsyncGenerator<Item, void>[] {
    const pageItems = Math.min(MAX_PAGE_ITEMS, Math.ceil((limit + 1) / shards) + 1);
    return Array.from({ length: shards }, (_, shard) =>
      table.query({
        pk: shardKey({ lane, register, day, shard }),
        from: bounds.lower,
        to: bounds.upper,
        descending,
        pageItems,
        entriesOnly: true,
      }),
    );
  }

  const entries: StoredEntry[] = [];
  let bytes = 0;
  for await (const item of mergeOrdered(lanes.map(ofLane), compare)) {
    const entry = toStoredEntry(item);
    if (!bounds.contains(entry.id)) continue;
    const payload = entry.payload?.byteLength ?? 0;
    if (entries.length === limit || (entries.length > 0 && bytes + payload > maxBytes))
      return { entries, more: true };
    bytes += payload;
    entries.push(entry);
  }
  return { entries, more: false };
}

/** Ranges of DynamoDB include both ends; ours do not. */
function boundsOf({ order, from, to, after }: ListQuery): Bounds {
  let lower = from === undefined ? LOWEST_ID : microsToFirstId(from);
  let upper = to === undefined ? HIGHEST_ID : microsToFirstId(to);
  if (after !== undefined && order === 'asc' && after > lower) lower = after;
  if (after !== undefined && order === 'desc' && after < upper) upper = after;
  return {
    lower,
    upper: upper < lower ? lower : upper,
    contains: (id) => id >= lower && id < upper && id !== after,
  };
}

function daysOf({ lower, upper }: Bounds): { from?: string; to?: string } {
  return {
    ...(lower !== LOWEST_ID && { from: dayOf(lower) }),
    ...(upper !== HIGHEST_ID && { to: dayOf(upper) }),
  };
}
