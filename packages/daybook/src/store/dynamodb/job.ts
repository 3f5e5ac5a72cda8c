/**
 * What a call wants written, as steps in their order: each entry to its place, and after the entries of a batch its
 * name. A job is carried out in as many transactions as it needs; every step may be repeated.
 */
import type { Entry } from '../../entry.ts';
import type { Batch } from '../../envelope.ts';
import type { AcknowledgedBatch, DeadEntry } from '../store.ts';
import { StoreError } from '../store.ts';
import type { Mark } from './place-item.ts';
import { MAX_ITEM_BYTES, placeBytes } from './place-item.ts';

export type Step = EntryStep | NameStep;

export type EntryStep = StoreStep | MarkStep;

interface OfDelivery {
  /** Which of the call's batches, and where in it. */
  readonly delivery: number;
  readonly index: number;
  /** Under which the ledger counts it. */
  readonly region: string;
  /** Nothing is to be done once this batch is on record. */
  readonly batch?: Batch;
}

export interface StoreStep extends OfDelivery {
  readonly kind: 'store';
  readonly entry: Entry;
}

interface MarkStep extends OfDelivery {
  readonly kind: 'mark';
  /** Of one that is discarded the subject is where its mark is. */
  readonly entry: DeadEntry & Partial<Pick<Entry, 'subject'>>;
  readonly as: 'dead' | 'retrying' | 'discarded';
}

interface NameStep {
  readonly kind: 'name';
  readonly delivery: number;
  readonly batch: Batch;
}

export interface Job {
  readonly steps: readonly Step[];
  /** Of how many batches. */
  readonly deliveries: number;
  /** True: an entry whose key is held gets a mark; false: it was never accepted. */
  readonly acknowledged: boolean;
  /** Entries without a place may be given one. */
  readonly acceptsNew: boolean;
  /** Marks that an entry may leave for another place. */
  readonly leaves: readonly Mark[];
}

/** @throws {StoreError} `rejected` for an entry that does not fit into an item. */
export function toAppendJob(batch: Batch): Job {
  return {
    steps: stepsOf({ batch, part: false, leftOut: [] }, 0),
    deliveries: 1,
    acknowledged: false,
    acceptsNew: true,
    leaves: ['retrying'],
  };
}

/** @throws {StoreError} as {@link toAppendJob}. */
export function toPersistJob(batches: readonly AcknowledgedBatch[]): Job {
  return {
    steps: batches.flatMap(stepsOf),
    deliveries: batches.length,
    acknowledged: true,
    acceptsNew: true,
    leaves: ['retrying'],
  };
}

/** @throws {StoreError} as {@link toAppendJob}. */
export function toReplayJob(entry: Entry): Job {
  assertFits(entry);
  return {
    steps: [{ kind: 'store', delivery: 0, index: 0, region: entry.region, entry }],
    deliveries: 1,
    acknowledged: true,
    acceptsNew: true,
    leaves: ['retrying', 'dead'],
  };
}

export function toDiscardJob(entry: DeadEntry): Job {
  return {
    steps: [{ kind: 'mark', delivery: 0, index: 0, region: entry.region, entry, as: 'discarded' }],
    deliveries: 1,
    acknowledged: true,
    acceptsNew: false,
    leaves: ['dead'],
  };
}

function stepsOf({ batch, part, leftOut }: AcknowledgedBatch, delivery: number): Step[] {
  const { region } = batch;
  const left = new Map(leftOut.map(({ index, as }) => [index, as]));
  // A part stands for its entries only: their places say by themselves whether the batch came before.
  const of = { delivery, region, ...(!part && { batch }) };
  const steps = batch.entries.map((entry, index): Step => {
    const as = left.get(index);
    if (as !== undefined) return { kind: 'mark', ...of, index, entry, as };
    assertFits(entry);
    return { kind: 'store', ...of, index, entry };
  });
  return part ? steps : [...steps, { kind: 'name', delivery, batch }];
}

function assertFits(entry: Entry): void {
  const bytes = placeBytes(entry);
  if (bytes <= MAX_ITEM_BYTES) return;
  throw new StoreError(
    'rejected',
    'not-written',
    `entry ${entry.id}: expected at most ${MAX_ITEM_BYTES} bytes with all its fields, as an item of DynamoDB has, given ${bytes}`,
  );
}
