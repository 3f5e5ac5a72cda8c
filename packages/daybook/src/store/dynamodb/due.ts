/**
 * What is due: the oldest entries of a register, and the marks of duplicates and discarded ones among them. Dead ones
 * stay, their letters may still be replayed; so do those that are back in the queue.
 */
import type { Entry } from '../../entry.ts';
import { microsToFirstId } from '../../id.ts';
import type { ExpireQuery } from '../store.ts';
import type { BucketRecord, Buckets } from './buckets.ts';
import { markEmptied, placeKey } from './buckets.ts';
import { byId, LOWEST_ID, MAX_PAGE_ITEMS } from './id-range.ts';
import type { Item } from './item.ts';
import { textAt } from './item.ts';
import type { ItemKey } from './keys.ts';
import { dayOf, shardKey } from './keys.ts';
import { mergeOrdered } from './merge.ts';
import type { Place } from './place-item.ts';
import { placeItemBytes, toPlace, toStoredEntry } from './place-item.ts';
import type { Table } from './table.ts';

export interface Due {
  readonly key: ItemKey;
  readonly place: Place;
  /** Of the item. */
  readonly bytes: number;
  /** Of an entry that is stored. */
  readonly entry: DueEntry | undefined;
}

export type DueEntry = Pick<Entry, 'id' | 'register' | 'subject' | 'region' | 'idempotencyKey'> & {
  readonly position: number;
  readonly shards: number;
};

/** So that a page of marks alone ends. */
const MARKS_PER_ENTRY = 2;

export interface DueIn {
  readonly table: Table;
  readonly tableName: string;
  readonly lane: string;
  readonly buckets: Buckets;
}

/** In the order of their ids, with at most `limit` entries among them. Empty when nothing is due. */
export async function readDue(
  { table, tableName, lane, buckets }: DueIn,
  { register, before, limit }: ExpireQuery,
): Promise<Due[]> {
  const end = microsToFirstId(before);
  const due: Due[] = [];
  let entries = 0;

  function itemsOf(bucket: BucketRecord): AsyncGenerator<Item, void> {
    const pageItems = Math.min(MAX_PAGE_ITEMS, Math.ceil((limit + 1) / bucket.shards) + 1);
    const shards = Array.from({ length: bucket.shards }, (_, shard) =>
      table.query({ pk: shardKey({ ...bucket, shard }), from: LOWEST_ID, to: end, pageItems }),
    );
    return mergeOrdered(shards, byId(false));
  }

  for await (const bucket of buckets.of({ lane, register }, { to: dayOf(end), descending: false })) {
    const before = due.length;
    for await (const item of itemsOf(bucket)) {
      const one = toDue(item, bucket);
      if (one === undefined || one.key.sk >= end) continue;
      due.push(one);
      if (one.entry !== undefined) entries += 1;
      if (entries === limit || due.length === limit * (1 + MARKS_PER_ENTRY)) return due;
    }
    if (due.length === before && bucket.day < dayOf(end)) await markEmptied(table, tableName, bucket);
  }
  return due;
}

function toDue(item: Item, bucket: BucketRecord): Due | undefined {
  const place = toPlace(item);
  if (place.at === 'dead' || place.at === 'retrying') return undefined;
  const key = placeKey(bucket, bucket.shards, textAt(item, 'sk') ?? '');
  const of = { key, place, bytes: placeItemBytes(item) };
  if (place.at !== 'stored') return { ...of, entry: undefined };
  // Without its payload: it would be kept until all of them are deleted.
  const { id, register, subject, region, idempotencyKey } = toStoredEntry(item);
  const entry = { id, register, subject, region, position: place.position, shards: bucket.shards };
  return { ...of, entry: { ...entry, ...(idempotencyKey !== undefined && { idempotencyKey }) } };
}
