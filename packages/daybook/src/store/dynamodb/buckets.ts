/**
 * Buckets: the days on which a register has entries, and how many shards each of them has. A record is made in the
 * transaction of the first entry of its day, stays for ever and never has another number, so that an id has one place.
 *
 * A day whose entries all expired is marked as emptied, and nobody reads it any more. Whoever writes into a day that is
 * long past takes that mark away in the same transaction, and counts, so that a mark made at the same time is refused.
 */
import type { Item } from './item.ts';
import { keyItem, keyOf, number, numberAt } from './item.ts';
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

export interface FilledBucket extends BucketRecord {
  /** How many transactions wrote into it when its day was long past. */
  readonly lateWrites: number;
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
  /** Those that are not emptied, in the order of their days. */
  of(register: Pick<Bucket, 'lane' | 'register'>, range: DayRange): AsyncGenerator<FilledBucket, void>;
}

export interface DayRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly descending: boolean;
}

/** More days than a process has in hand at once; what is forgotten is read again. */
const MAX_REMEMBERED = 10_000;
const PAGE_ITEMS = 64;
const DAY_MICROS = 86_400_000_000;

export const keyOfBucket = ({ lane, register, day }: Bucket): ItemKey => ({
  pk: bucketKey(lane, register),
  sk: day,
});

/** Whether a day ended so many days ago. */
function isPast({ day }: Pick<Bucket, 'day'>, days: number, nowMicros: number): boolean {
  return Date.parse(day) * 1000 + (days + 1) * DAY_MICROS < nowMicros;
}

/** From then on writers say that they write into a day. */
const LATE_AFTER_DAYS = 1;
/** Emptied is marked a day later still: no transaction takes so long. */
const EMPTIED_AFTER_DAYS = 2;

export function bucketOf(lane: string, { register, id }: { register: string; id: string }): Bucket {
  return { lane, register, day: dayOf(id) };
}

export function placeKey(bucket: Bucket, shards: number, id: string): ItemKey {
  return { pk: shardKey({ ...bucket, shard: shardOf(id, shards) }), sk: id };
}

/** To be put with the first entry of the day. */
export function makeBucket(TableName: string, buckets: Buckets, bucket: BucketRecord): PlannedWrite {
  const key = keyOfBucket(bucket);
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

/** To be written with whatever changes in a day that is long past; undefined for others. */
export function noteLateWrite(
  TableName: string,
  bucket: Bucket,
  nowMicros: number,
): PlannedWrite | undefined {
  if (!isPast(bucket, LATE_AFTER_DAYS, nowMicros)) return undefined;
  const key = keyOfBucket(bucket);
  return {
    key,
    write: {
      Update: {
        TableName,
        Key: keyItem(key),
        UpdateExpression: 'ADD lateWrites :one REMOVE emptied',
        ExpressionAttributeValues: { ':one': number(1) },
      },
    },
    bytes: SMALL_ITEM_BYTES,
    learn: () => undefined,
  };
}

/** To be called when nothing was found in the day that a list gives or that may still expire. */
export async function markEmptied(table: Table, TableName: string, bucket: FilledBucket): Promise<void> {
  if (!isPast(bucket, EMPTIED_AFTER_DAYS, table.nowMicros())) return;
  const { lateWrites } = bucket;
  const unchanged = lateWrites === 0 ? 'attribute_not_exists(lateWrites)' : 'lateWrites = :seen';
  await table.transact([
    {
      Update: {
        TableName,
        Key: keyItem(keyOfBucket(bucket)),
        UpdateExpression: 'SET emptied = :yes',
        ConditionExpression: unchanged,
        ExpressionAttributeValues: {
          ':yes': { BOOL: true },
          ...(lateWrites > 0 && { ':seen': number(lateWrites) }),
        },
      },
    },
  ]);
}

export function createBuckets(table: Table): Buckets {
  const known = new Map<string, number>();

  function remember(key: ItemKey, shards: number): void {
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(itemName(key), shards);
  }

  function heard(record: Item): void {
    remember(keyOf(record), numberAt(record, 'shards'));
  }

  return {
    async learn(buckets) {
      const keys = new Map(buckets.map(keyOfBucket).map((key) => [itemName(key), key]));
      for (const name of keys.keys()) if (known.has(name)) keys.delete(name);
      for (const record of await table.getMany([...keys.values()])) heard(record);
    },
    shardsOf: (bucket) => known.get(itemName(keyOfBucket(bucket))),
    heard,
    made: (bucket) => remember(keyOfBucket(bucket), bucket.shards),
    async *of({ lane, register }, { from, to, descending }) {
      const pk = bucketKey(lane, register);
      const range = { pk, from, to, descending, pageItems: PAGE_ITEMS, without: 'emptied' };
      for await (const record of table.query(range)) {
        heard(record);
        const [shards, lateWrites] = [numberAt(record, 'shards'), numberAt(record, 'lateWrites')];
        yield { lane, register, day: keyOf(record).sk, shards, lateWrites };
      }
    },
  };
}
