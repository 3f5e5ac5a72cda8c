/**
 * Buckets: the days on which a register has entries, and how many shards each of them has. A record is made in the
 * transaction of the first entry of its day and never changes, so that an id has one place for ever.
 */
import type { Item } from './item.ts';
import { keyItem, keyOf as keyOfItem, number, numberAt } from './item.ts';
import type { ItemKey } from './keys.ts';
import { bucketKey, dayOf, itemName, shardKey, shardOf } from './keys.ts';
import type { Table } from './table.ts';
import type { PlannedWrite } from './transaction.ts';
import { IF_ABSENT, SMALL_ITEM_BYTES } from './transaction.ts';

export interface Bucket {
  readonly lane: string;
  readonly register: string;
  readonly day: string;
}

export interface BucketRecord extends Bucket {
  readonly shards: number;
}

export interface Buckets {
  /** Reads the records of these buckets, unless they are known. */
  learn(buckets: readonly Bucket[]): Promise<void>;
  /** Undefined when there was none the last time somebody looked. */
  shardsOf(bucket: Bucket): number | undefined;
  /** A record as it was read. */
  heard(record: Item): void;
  /** It was committed with so many shards. */
  made(bucket: BucketRecord): void;
  /** In the order of their days. */
  of(register: Pick<Bucket, 'lane' | 'register'>, range: DayRange): AsyncGenerator<BucketRecord, void>;
}

export interface DayRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly descending: boolean;
}

/** More days than a process has in hand at once; what is forgotten is read again. */
const MAX_REMEMBERED = 10_000;
const PAGE_ITEMS = 64;

const keyOf = ({ lane, register, day }: Bucket): ItemKey => ({ pk: bucketKey(lane, register), sk: day });

export function bucketOf(lane: string, { register, id }: { register: string; id: string }): Bucket {
  return { lane, register, day: dayOf(id) };
}

export function placeKey(bucket: Bucket, shards: number, id: string): ItemKey {
  return { pk: shardKey({ ...bucket, shard: shardOf(id, shards) }), sk: id };
}

/** To be put with the first entry of the day. */
export function makeBucket(TableName: string, buckets: Buckets, bucket: BucketRecord): PlannedWrite {
  const key = keyOf(bucket);
  const Item = { ...keyItem(key), shards: number(bucket.shards) };
  return {
    key,
    write: { Put: { TableName, Item, ...IF_ABSENT } },
    bytes: SMALL_ITEM_BYTES,
    learn(old) {
      if (old !== undefined) buckets.heard(old);
    },
  };
}

export function createBuckets(table: Table): Buckets {
  const known = new Map<string, number>();

  function remember(key: ItemKey, shards: number): void {
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(itemName(key), shards);
  }

  function heard(record: Item): void {
    remember(keyOfItem(record), numberAt(record, 'shards'));
  }

  return {
    async learn(buckets) {
      const keys = new Map(buckets.map(keyOf).map((key) => [itemName(key), key]));
      for (const name of keys.keys()) if (known.has(name)) keys.delete(name);
      for (const record of await table.getMany([...keys.values()])) heard(record);
    },
    shardsOf: (bucket) => known.get(itemName(keyOf(bucket))),
    heard,
    made: (bucket) => remember(keyOf(bucket), bucket.shards),
    async *of({ lane, register }, { from, to, descending }) {
      const range = { pk: bucketKey(lane, register), from, to, descending, pageItems: PAGE_ITEMS };
      for await (const record of table.query(range)) {
        heard(record);
        yield { lane, register, day: keyOfItem(record).sk, shards: numberAt(record, 'shards') };
      }
    },
  };
}
