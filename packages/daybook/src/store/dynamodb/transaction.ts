/**
 * The writes of one transaction, gathered until no more fit. Each has a condition and knows what its failure teaches.
 * Limits: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
import type { Item, Write } from './item.ts';
import type { ItemKey } from './keys.ts';
import { itemName } from './keys.ts';

export interface PlannedWrite {
  readonly key: ItemKey;
  readonly write: Write;
  /** Not less than DynamoDB counts. */
  readonly bytes: number;
  /** Takes the item that is there in place of what the condition expected. */
  learn(old: Item | undefined): void;
}

export const MAX_WRITES = 100;
/** Of 4 MB, with room for the log item and for whatever is counted differently. */
export const MAX_BYTES = 3_900_000;

/** Of an item that holds no payload. */
export const SMALL_ITEM_BYTES = 1_024;

/** The item must not be there; if it is, it comes back. */
export const IF_ABSENT = {
  ConditionExpression: 'attribute_not_exists(pk)',
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
} as const;

export interface Gathered {
  readonly writes: readonly PlannedWrite[];
  /** @param counters further writes that come with these in the end. @returns false when they do not fit. */
  add(writes: readonly PlannedWrite[], counters: number): boolean;
}

export function gatherWrites(): Gathered {
  const writes: PlannedWrite[] = [];
  const touched = new Set<string>();
  // The log item is in every transaction.
  let others = 1;
  let bytes = 0;
  return {
    writes,
    add(more, counters) {
      const moreBytes = more.reduce((sum, write) => sum + write.bytes, 0);
      if (others + counters + writes.length + more.length > MAX_WRITES || bytes + moreBytes > MAX_BYTES)
        return false;
      // No two writes of a transaction may have the same item.
      if (more.some(({ key }) => touched.has(itemName(key)))) return false;
      for (const { key } of more) touched.add(itemName(key));
      writes.push(...more);
      others += counters;
      bytes += moreBytes;
      return true;
    },
  };
}
