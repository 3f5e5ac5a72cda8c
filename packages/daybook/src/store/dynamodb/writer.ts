/**
 * The writes of a lane. A call assumes the best, sends what it planned, and where a condition fails, plans again with
 * what that taught, until everything is in its place:
 *
 *   plan ──▶ nothing left ──────────────────────────▶ done
 *    ▲  └──▶ transaction ──▶ committed ─▶ next steps ─┐
 *    │            │                                   │
 *    │            ├─▶ an item is there already: a fact ┤
 *    │            └─▶ the log went on: read its end ───┤ (from the second time on with back-off)
 *    └────────────────────────────────────────────────┘
 *
 * Redelivery, a lost answer and a race are the same to it. Calls of one process take turns; writers of other processes
 * are met at the log. Once anything of a call may have been written, its failure says `unknown`.
 */
import type { CancellationReason } from '@aws-sdk/client-dynamodb';

import type { Entry } from '../../entry.ts';
import { systemTime } from '../../clock.ts';
import { createBackOff } from '../../retry.ts';
import type { AppendException, AppendResult, Store } from '../store.ts';
import { StoreError } from '../store.ts';
import { nameKey } from './batch-names.ts';
import type { Bucket } from './buckets.ts';
import { bucketOf, placeKey } from './buckets.ts';
import { holderKey } from './entry-writes.ts';
import type { Facts } from './facts.ts';
import { createFacts, toHolder } from './facts.ts';
import { keyOf } from './item.ts';
import type { Job, Step } from './job.ts';
import { toAppendJob, toDiscardJob, toPersistJob, toReplayJob } from './job.ts';
import type { ItemKey } from './keys.ts';
import { itemName } from './keys.ts';
import type { LogEnd } from './log.ts';
import { readLogEnd } from './log.ts';
import { toPlace } from './place-item.ts';
import type { LaneState, Plan } from './plan.ts';
import { planTransaction } from './plan.ts';
import type { Table } from './table.ts';

export type Writer = Pick<Store, 'append' | 'persist' | 'replay' | 'discard'>;

const CONTENTION = { firstMs: 5, limitMs: 500 };
/** In a row, without a commit: a minute with the delays above. */
const MAX_ROUNDS = 150;
/** After somebody else was met at the log, so many transactions read its end first: that is cheaper than being refused. */
const WARY_TRANSACTIONS = 8;
/**
 * Whoever has not met the log for so long reads its end first. Retention deletes old log items (hours after they were
 * written, see log-trim.ts), and to one who only knows an end from before them their numbers would be free again.
 */
const END_KNOWN_FOR_MS = 60_000;

/** @param end of the lane's log, as it was read last. */
export function createWriter(table: Table, state: LaneState, end: LogEnd): Writer {
  let known = end;
  let knownAtMs = systemTime.wallMs();
  let wary = 0;
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work);
    last = result.catch(() => undefined); // Told to its caller; the next one does not depend on it.
    return result;
  }

  /** @returns of each delivery what is to be told of its entries. */
  async function carryOut(job: Job, facts: Facts): Promise<AppendException[][]> {
    const exceptions: AppendException[][] = Array.from({ length: job.deliveries }, () => []);
    let written = false;
    try {
      const backOff = createBackOff(CONTENTION);
      for (let from = 0, rounds = 1; from < job.steps.length; rounds += 1) {
        // By the wall: the other clock stands still while a machine sleeps.
        const unsure = Math.abs(systemTime.wallMs() - knownAtMs) > END_KNOWN_FOR_MS;
        if (wary > 0 || unsure) {
          wary = Math.max(0, wary - 1);
          known = await readLogEnd(table, state.lane);
          knownAtMs = systemTime.wallMs();
        }
        const nowMicros = table.nowMicros();
        const plan = planTransaction(state, { job, from, facts, end: known, nowMicros, exceptions });
        if (plan.writes.length > 0) {
          const { reasons, doubtful } = await table.transact(plan.writes);
          written ||= doubtful || reasons === undefined;
          if (reasons !== undefined) {
            if (rounds >= MAX_ROUNDS) throw contended(state.lane, reasons);
            if ((await learn(job, facts, plan, reasons)) && rounds > 1) await backOff.wait();
            continue;
          }
          known = plan.end;
          knownAtMs = systemTime.wallMs();
        }
        plan.commit();
        from = plan.next;
        rounds = 0;
        backOff.reset();
      }
      return exceptions;
    } catch (thrown) {
      if (!written || !(thrown instanceof StoreError) || thrown.outcome === 'unknown') throw thrown;
      throw new StoreError(thrown.reason, 'unknown', thrown.message, thrown);
    }
  }

  /** @returns whether another writer was in the way. */
  async function learn(
    { steps }: Job,
    facts: Facts,
    { teachers }: Plan,
    reasons: readonly CancellationReason[],
  ): Promise<boolean> {
    const met = reasons[0]?.Code !== 'None' || reasons.some(({ Code }) => Code === 'TransactionConflict');
    if (met) wary = WARY_TRANSACTIONS;
    const names = facts.names.size;
    for (const [index, teacher] of teachers.entries()) {
      const reason = reasons[index + 1];
      if (reason?.Code === 'ConditionalCheckFailed') teacher.learn(reason.Item);
    }
    if (facts.names.size > names) await learnKeyed(facts, steps);
    return met;
  }

  async function learnBuckets({ steps }: Job): Promise<void> {
    const buckets = new Map<string, Bucket>();
    for (const step of steps) {
      if (step.kind === 'name') continue;
      const bucket = bucketOf(state.lane, step.entry);
      buckets.set(`${bucket.register} ${bucket.day}`, bucket);
    }
    await state.buckets.learn([...buckets.values()]);
  }

  async function learnPlaces(
    facts: Facts,
    entries: readonly Pick<Entry, 'id' | 'register'>[],
  ): Promise<void> {
    const keys = entries.flatMap((entry) => {
      const bucket = bucketOf(state.lane, entry);
      const shards = state.buckets.shardsOf(bucket);
      return shards === undefined || facts.places.has(entry.id) ? [] : [placeKey(bucket, shards, entry.id)];
    });
    for (const item of await table.getMany(keys)) facts.places.set(keyOf(item).sk, toPlace(item));
  }

  /** Of batches that are on record already: what became of their keyed entries is told again. */
  async function learnKeyed(facts: Facts, steps: readonly Step[]): Promise<void> {
    const keyed = steps.flatMap((step) => {
      if (step.kind !== 'name' || !facts.names.has(itemName(nameKey(state.lane, step.batch)))) return [];
      const { region, entries } = step.batch;
      return entries
        .filter(({ idempotencyKey }) => idempotencyKey !== undefined)
        .map((entry) => ({ region, entry }));
    });
    await learnPlaces(
      facts,
      keyed.map(({ entry }) => entry),
    );
    const keys = new Map<string, ItemKey>();
    for (const one of keyed) {
      const key = facts.places.has(one.entry.id) ? undefined : holderKey(state.lane, one);
      if (key !== undefined && !facts.holders.has(itemName(key))) keys.set(itemName(key), key);
    }
    for (const item of await table.getMany([...keys.values()]))
      facts.holders.set(itemName(keyOf(item)), toHolder(item));
  }

  /** For jobs about one entry that most likely has a place. */
  async function carryOutKnowing(job: Job, entry: Pick<Entry, 'id' | 'register'>): Promise<Facts> {
    const facts = createFacts();
    await learnBuckets(job);
    await learnPlaces(facts, [entry]);
    await carryOut(job, facts);
    return facts;
  }

  return {
    append: (batch) =>
      inTurn(async (): Promise<AppendResult> => {
        const [job, facts] = [toAppendJob(batch), createFacts()];
        await learnBuckets(job);
        const [exceptions = []] = await carryOut(job, facts);
        const record = facts.names.get(itemName(nameKey(state.lane, batch)));
        const number = record?.lastPosition ?? known.head;
        return { lastPosition: { lane: state.lane, number }, exceptions };
      }),

    persist: (batches) =>
      inTurn(async () => {
        const [job, facts] = [toPersistJob(batches), createFacts()];
        await learnBuckets(job);
        return (await carryOut(job, facts)).map((exceptions) => ({ exceptions }));
      }),

    replay: (entry) =>
      inTurn(async () => {
        const facts = await carryOutKnowing(toReplayJob(entry), entry);
        const place = facts.places.get(entry.id);
        if (place?.at === 'discarded') throw discardedRefusal(entry);
        return place?.at === 'stored' || place?.at === 'duplicate' ? place.at : 'conflict';
      }),

    discard: (entry) =>
      inTurn(async () => {
        const facts = await carryOutKnowing(toDiscardJob(entry), entry);
        return facts.places.get(entry.id)?.at === 'discarded';
      }),
  };
}

export function discardedRefusal({ id }: Pick<Entry, 'id'>): StoreError {
  return new StoreError(
    'rejected',
    'not-written',
    `replay: expected a dead entry, given ${id}, which was discarded`,
  );
}

function contended(lane: string, reasons: readonly CancellationReason[]): StoreError {
  const codes = new Set(reasons.map(({ Code }) => Code));
  return new StoreError(
    'unavailable',
    'not-written',
    `dynamodb: lane ${lane}: ${MAX_ROUNDS} transactions in a row met others: ${[...codes].join(', ')}`,
  );
}
