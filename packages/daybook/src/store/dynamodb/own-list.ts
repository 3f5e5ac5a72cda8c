/**
 * The entries of one subject by id, along its pointers: what this costs depends on them alone, and on the number of days
 * on which the register has entries at all.
 */
import type { CountQuery } from '../store.ts';
import type { Buckets } from './buckets.ts';
import { bucketOf, placeKey } from './buckets.ts';
import { byId, daysOf, HIGHEST_ID, LOWEST_ID, MAX_PAGE_ITEMS } from './id-range.ts';
import { idToMicros, microsToFirstId } from '../../id.ts';
import type { Item } from './item.ts';
import { keyOf } from './item.ts';
import { laneOf, pointerShardKey } from './keys.ts';
import { mergeOrdered } from './merge.ts';
import { toPlace } from './place-item.ts';
import type { Table } from './table.ts';

export interface OwnOptions {
  readonly table: Table;
  readonly buckets: Buckets;
  readonly lanes: readonly string[];
}

interface OwnRange {
  readonly register: string;
  readonly subject: string;
  /** Ids, both inclusive. */
  readonly lower: string;
  readonly upper: string;
  readonly descending: boolean;
  /** How many will be asked for, as far as is known. */
  readonly atOnce: number;
}

/** Entries of the largest size are 8 MB together: BatchGetItem gives up to 16. */
const ENTRIES_AT_ONCE = 25;

/** The entries themselves. */
export async function* ownItems(
  options: OwnOptions,
  range: OwnRange & { contains(id: string): boolean },
): AsyncGenerator<Item, void> {
  let some: Item[] = [];
  for await (const pointer of pointers(options, range)) {
    if (!range.contains(keyOf(pointer).sk)) continue;
    some.push(pointer);
    if (some.length < Math.min(ENTRIES_AT_ONCE, range.atOnce)) continue;
    yield* await entriesOf(options, range, some);
    some = [];
  }
  yield* await entriesOf(options, range, some);
}

async function* pointers(
  { table, buckets, lanes }: OwnOptions,
  { register, subject, lower, upper, descending, atOnce }: OwnRange,
): AsyncGenerator<Item, void> {
  async function* ofLane(lane: string): AsyncGenerator<Item, void> {
    // A pointer is in the shard of its entry, and days may differ in how many they have.
    let shards = 0;
    const days = { ...daysOf({ lower, upper }), descending: false };
    for await (const bucket of buckets.of({ lane, register }, days)) shards = Math.max(shards, bucket.shards);
    const pageItems = Math.min(MAX_PAGE_ITEMS, Math.ceil(atOnce / Math.max(1, shards)) + 1);
    const all = Array.from({ length: shards }, (_, shard) =>
      table.query({
        pk: pointerShardKey({ lane, register, subject, shard }),
        from: lower,
        to: upper,
        descending,
        pageItems,
      }),
    );
    yield* mergeOrdered(all, byId(descending));
  }
  yield* mergeOrdered(lanes.map(ofLane), byId(descending));
}

/** In the order of the pointers, without what expired since they were read. */
async function entriesOf(
  { table, buckets }: OwnOptions,
  { register }: OwnRange,
  some: readonly Item[],
): Promise<Item[]> {
  const entries = some
    .map(keyOf)
    .map(({ pk, sk: id }) => ({ id, bucket: bucketOf(laneOf(pk), { register, id }) }));
  await buckets.learn(entries.map(({ bucket }) => bucket));
  const keys = entries.flatMap(({ id, bucket }) => {
    const shards = buckets.shardsOf(bucket);
    return shards === undefined ? [] : [placeKey(bucket, shards, id)];
  });
  const items = (await table.getMany(keys)).filter((item) => toPlace(item).at === 'stored');
  const byName = new Map(items.map((item) => [`${laneOf(keyOf(item).pk)} ${keyOf(item).sk}`, item]));
  return entries
    .map(({ id, bucket }) => byName.get(`${bucket.lane} ${id}`))
    .filter((item) => item !== undefined);
}

/** One by one: the ledger does not know subjects. */
export async function countOwn(
  options: OwnOptions,
  { register, subject, from, bucketMicros, buckets: length }: CountQuery & { readonly subject: string },
): Promise<number[]> {
  const counts = Array.from({ length }, () => 0);
  const end = from + length * bucketMicros;
  const range = {
    register,
    subject,
    lower: from <= 0 ? LOWEST_ID : microsToFirstId(from),
    upper: Number.isSafeInteger(end) ? microsToFirstId(end) : HIGHEST_ID,
    descending: false,
    atOnce: Number.MAX_SAFE_INTEGER,
  };
  for await (const pointer of pointers(options, range)) {
    const micros = idToMicros(keyOf(pointer).sk);
    if (micros >= from && micros < end) counts[Math.floor((micros - from) / bucketMicros)]! += 1;
  }
  return counts;
}
