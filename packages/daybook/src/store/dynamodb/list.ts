/**
 * Reads entries in the order of their ids, which is that of their stamps. A list goes from bucket to bucket and merges the
 * shards of each, and the lanes; days without entries have no bucket and cost nothing. That of one subject goes along its
 * pointers, and so reads nobody else's.
 */
import type { StoredEntry } from '../../entry.ts';
import type { ListQuery, Page } from '../store.ts';
import type { BucketRecord, Buckets } from './buckets.ts';
import type { Item } from './item.ts';
import { boundsOf, byId, daysOf, MAX_PAGE_ITEMS } from './id-range.ts';
import { shardKey } from './keys.ts';
import { mergeOrdered } from './merge.ts';
import { ownItems } from './own-list.ts';
import { toStoredEntry } from './place-item.ts';
import type { Table } from './table.ts';

export async function listEntries(
  table: Table,
  buckets: Buckets,
  lanes: readonly string[],
  query: ListQuery,
): Promise<Page> {
  const { register, order, limit, maxBytes } = query;
  const bounds = boundsOf(query);
  const descending = order === 'desc';
  const compare = byId(descending);

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
        without: 'mark',
      }),
    );
  }

  const { subject } = query;
  const items =
    subject === undefined
      ? mergeOrdered(lanes.map(ofLane), compare)
      : ownItems({ table, buckets, lanes }, { register, subject, ...bounds, descending, atOnce: limit + 1 });
  const entries: StoredEntry[] = [];
  let bytes = 0;
  for await (const item of items) {
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
