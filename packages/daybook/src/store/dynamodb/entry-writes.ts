/**
 * The writes that give an entry its place: the place itself, and beside a stored entry the pointer of its subject and
 * its idempotency key.
 */
import type { Entry } from '../../entry.ts';
import { StoreError } from '../store.ts';
import type { Facts, Holder } from './facts.ts';
import { fingerprintOf, toHolder } from './facts.ts';
import type { Item } from './item.ts';
import { keyItem, text } from './item.ts';
import type { EntryStep, StoreStep } from './job.ts';
import type { ItemKey } from './keys.ts';
import { idempotencyKey, itemName, ownKey, pointerShardKey, shardOf } from './keys.ts';
import type { Place } from './place-item.ts';
import { isSameEntry, placeBytes, toPlace } from './place-item.ts';
import type { PlannedWrite } from './transaction.ts';
import { IF_ABSENT, SMALL_ITEM_BYTES } from './transaction.ts';

/** @param from the place that it has now. */
export function placeWrite(
  TableName: string,
  facts: Facts,
  step: EntryStep,
  item: Item,
  from: Place | undefined,
): PlannedWrite {
  const { id } = step.entry;
  const stillThere = {
    ConditionExpression: 'mark = :from',
    ExpressionAttributeValues: { ':from': text(from?.at ?? '') },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  } as const;
  return {
    key: { pk: item['pk']?.S as string, sk: id },
    write: { Put: { TableName, Item: item, ...(from === undefined ? IF_ABSENT : stillThere) } },
    bytes: step.kind === 'store' ? placeBytes(step.entry) : SMALL_ITEM_BYTES,
    learn(old) {
      if (old === undefined) facts.places.delete(id);
      else if (step.kind === 'store') facts.places.set(id, toSamePlace(old, step.entry));
      else facts.places.set(id, toPlace(old));
    },
  };
}

function toSamePlace(item: Item, entry: Entry): Place {
  const place = toPlace(item);
  if (place.at !== 'stored' || isSameEntry(item, entry)) return place;
  throw new StoreError(
    'rejected',
    'not-written',
    `entry ${entry.id}: expected the one that is stored under this id, given another one`,
  );
}

/** Of an entry whose subject is not empty. */
export function pointerKey(
  lane: string,
  { id, register, subject }: Pick<Entry, 'id' | 'register' | 'subject'>,
  shards: number,
): ItemKey {
  return { pk: pointerShardKey({ lane, register, subject, shard: shardOf(id, shards) }), sk: id };
}

export function pointerWrite(TableName: string, lane: string, entry: Entry, shards: number): PlannedWrite {
  const key = pointerKey(lane, entry, shards);
  return {
    key,
    write: { Put: { TableName, Item: keyItem(key), ...IF_ABSENT } },
    bytes: SMALL_ITEM_BYTES,
    // It is there exactly when its entry is, and that one's condition tells.
    learn: () => undefined,
  };
}

export function ownWrite(
  TableName: string,
  lane: string,
  { register, owner, n }: { readonly register: string; readonly owner: string; readonly n: number },
): PlannedWrite {
  const key = ownKey(lane, register, owner, n);
  return {
    key,
    // The number is ours if the log item is.
    write: { Put: { TableName, Item: keyItem(key) } },
    bytes: SMALL_ITEM_BYTES,
    learn: () => undefined,
  };
}

export type KeyedEntry = Pick<StoreStep, 'entry' | 'region'>;

/** The item of an entry's idempotency key; undefined when it has none. */
export function holderKey(lane: string, { entry, region }: KeyedEntry): ItemKey | undefined {
  const { register, subject, idempotencyKey: key } = entry;
  return key === undefined ? undefined : idempotencyKey(lane, { region, register, subject, key });
}

export function holderWrite(TableName: string, facts: Facts, key: ItemKey, holder: Holder): PlannedWrite {
  const Item = { ...keyItem(key), id: text(holder.id), fingerprint: { B: holder.fingerprint } };
  return {
    key,
    write: { Put: { TableName, Item, ...IF_ABSENT } },
    bytes: SMALL_ITEM_BYTES,
    learn(old) {
      if (old !== undefined) facts.holders.set(itemName(key), toHolder(old));
    },
  };
}

export function toOwnHolder(entry: Entry): Holder {
  return { id: entry.id, fingerprint: fingerprintOf(entry) };
}
