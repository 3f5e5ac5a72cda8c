/**
 * Hands deliveries over to the store: all of a group in one write, and whatever that refuses in ever smaller ones, until
 * it is known which entries fail by themselves. A delivery is acknowledged when each of its entries has a place, and
 * never before.
 *
 *   group ──stored──▶ conflicts get their dead letters ──▶ acknowledged
 *     │ refused
 *     ▼
 *   halves of the group … one delivery ──▶ halves of its entries, as parts … one entry fails alone
 *                                                                                │
 *     systemic: all stops ◀──fails── a probe row right after ◀───────────────────┘
 *                                       │ written
 *                                       ▼
 *     systemic: the delivery waits ◀── most of the last entries were isolated?
 *                                       │ no
 *                                       ▼
 *                                    dead letter, or back to the queue by itself
 *                                       ▼
 *                                    the batch without these ──▶ acknowledged
 *
 * Where a dead letter cannot be written, or an entry not be sent back, that is systemic too, and that delivery waits. One
 * that waits lets the others of its group come to their ends, and comes again by itself.
 */
import type { Logger } from 'pino';

import type { Entry } from '../entry.ts';
import { toError } from '../errors.ts';
import type { AcknowledgedBatch, LeftOut, PersistResult, Store } from '../store/store.ts';
import type { Failure } from './failure.ts';
import { toFailure } from './failure.ts';
import { Halt } from './halt.ts';
import { isolate } from './isolate.ts';
import type { PutAside } from './put-aside.ts';
import type { Received } from './received.ts';
import { toAcknowledged } from './received.ts';
import type { OnStep } from './step.ts';
import type { Verdict } from './verdict.ts';

export interface HandOverOptions {
  readonly store: Pick<Store, 'persist' | 'probe'>;
  readonly verdict: Verdict;
  readonly putAside: PutAside;
  /** Why nothing may be given up on at the moment. */
  readonly halted: () => Halt | undefined;
  /** Called with what is stored now; again when it is stored again. */
  readonly onStored: (batches: readonly AcknowledgedBatch[], results: readonly PersistResult[]) => void;
  /** Called with what became of each isolated entry. */
  readonly onIsolated: (as: LeftOut['as']) => void;
  readonly log: Pick<Logger, 'error'>;
  readonly onStep: OnStep;
  /**
   * Each delivery by itself, and never more than so many of its entries at once before the last write: for deliveries that
   * ended a persister before. Default: everything at once.
   */
  readonly apart?: number;
}

export interface Ends {
  /** Acknowledges deliveries of which nothing is open any more. */
  finish(received: readonly Received[]): Promise<void>;
  /** Puts back a delivery that can wait while others pass. */
  setBack(received: Received): Promise<void>;
}

/**
 * Brings every delivery of the group to one of its ends.
 * @returns why some were put back, if things are not as they should be.
 * @throws {Halt} when the rest of them are left as they were.
 */
export type HandOver = (group: readonly Received[], ends: Ends) => Promise<Halt | undefined>;

/** Where so many deliveries of one group came to nothing, the others are not worth the load. */
const MAX_HALTS = 10;

/** Works on one delivery. One that cannot be brought to its end alone is put back, and the others go on. */
type Conclude = (received: Received, work: () => Promise<void>) => Promise<void>;

interface Isolated {
  readonly entry: Entry;
  readonly failure: Failure;
}

type Persisted =
  | { readonly failure: Failure }
  | { readonly failure: undefined; readonly results: readonly PersistResult[] };

export function createHandOver(options: HandOverOptions): HandOver {
  const { store, verdict, putAside, halted, onStored, onIsolated, log, onStep, apart } = options;

  async function persist(batches: readonly AcknowledgedBatch[]): Promise<Persisted> {
    onStep('before-store-commit');
    let results: readonly PersistResult[];
    try {
      results = await store.persist(batches);
    } catch (thrown) {
      const failure = toFailure(thrown);
      if (failure.kind === 'transient') throw new Halt('waiting', failure.message);
      return { failure };
    }
    onStep('after-store-commit');
    return { failure: undefined, results };
  }

  /** As {@link persist}, for entries that have no place yet. */
  async function place(batches: readonly AcknowledgedBatch[]): Promise<Persisted> {
    const persisted = await persist(batches);
    if (persisted.failure !== undefined) return persisted;
    for (const { batch } of batches) for (const { id } of batch.entries) verdict.note(id, 'stored');
    onStored(batches, persisted.results);
    return persisted;
  }

  async function buryConflicts(received: Received, entries: readonly Entry[], result?: PersistResult) {
    for (const { index, kind, firstId } of result?.exceptions ?? []) {
      if (kind === 'conflict') await putAside.conflicting(received, entries[index] as Entry, firstId);
    }
  }

  /** Deliveries as they came, in one write. */
  async function handOverWhole(
    some: readonly Received[],
    ends: Ends,
    conclude: Conclude,
  ): Promise<Failure | undefined> {
    const persisted = await place(some.map(toAcknowledged));
    if (persisted.failure !== undefined) return persisted.failure;
    const { results } = persisted;
    await ends.finish(some.filter((_, index) => !hasConflicts(results[index])));
    for (const [index, received] of some.entries()) {
      if (!hasConflicts(results[index])) continue;
      await conclude(received, async () => {
        await buryConflicts(received, received.batch.entries, results[index]);
        await ends.finish([received]);
      });
    }
    return undefined;
  }

  /** Finds out whether an entry that failed alone is itself at fault. */
  async function judge({ id }: Entry): Promise<void> {
    await probe('right after an entry failed alone');
    verdict.note(id, 'isolated');
    assertNotSystemic();
  }

  async function probe(when: string): Promise<void> {
    try {
      await store.probe();
    } catch (thrown) {
      throw new Halt('systemic', `a probe failed ${when}: ${toError(thrown).message}`);
    }
  }

  function assertNotSystemic(): void {
    if (verdict.isSystemic())
      throw new Halt('systemic', 'more than half of the last entries failed alone', 'delivery');
    const halt = halted();
    if (halt !== undefined) throw halt;
  }

  /** Stores what can be stored of one delivery that was refused as a whole. */
  async function handOverByEntry(received: Received, ends: Ends): Promise<void> {
    const { batch } = received;
    const isolated: Isolated[] = [];
    for (const some of inChunks(batch.entries, apart)) {
      await isolate(
        some,
        async (entries) => {
          const persisted = await place([{ batch: { ...batch, entries }, part: true, leftOut: [] }]);
          if (persisted.failure !== undefined) return persisted.failure;
          await buryConflicts(received, entries, persisted.results[0]);
          return undefined;
        },
        async (entry, failure) => {
          await judge(entry);
          isolated.push({ entry, failure });
        },
      );
    }
    const leftOut = new Map<Entry, LeftOut['as']>();
    for (const { entry, failure } of isolated) {
      // Others work beside: what was found since the last one counts for this one.
      assertNotSystemic();
      const as = await putAside.isolated(received, entry, failure);
      leftOut.set(entry, as);
      onIsolated(as);
    }
    await record(received, leftOut, ends);
  }

  /** Tells the store what is left out, and of a whole batch its name; then nothing is open any more. */
  async function record(
    received: Received,
    leftOut: ReadonlyMap<Entry, LeftOut['as']>,
    ends: Ends,
  ): Promise<void> {
    const { batch, retry } = received;
    // Of a part, what was stored is known to the store, and what goes on being retried is no news.
    const entries =
      retry === undefined ? batch.entries : batch.entries.filter((entry) => leftOut.get(entry) === 'dead');
    if (retry !== undefined && entries.length === 0) return ends.finish([received]);
    const persisted = await persist([
      {
        batch: { ...batch, entries },
        part: retry !== undefined,
        leftOut: entries.flatMap((entry, index) => {
          const as = leftOut.get(entry);
          return as === undefined ? [] : [{ index, as }];
        }),
      },
    ]);
    if (persisted.failure === undefined) {
      await buryConflicts(received, entries, persisted.results[0]);
      return ends.finish([received]);
    }
    // No entry is at fault, so none can be given up on: the delivery waits, and lets others pass.
    await probe('after a batch was refused without any of its entries');
    const { source, n } = batch;
    log.error({ event: 'batch-not-recorded', source, n, reason: persisted.failure.message });
    await ends.setBack(received);
  }

  return async (group, ends) => {
    const halts: Halt[] = [];
    const conclude: Conclude = async (received, work) => {
      try {
        await work();
      } catch (thrown) {
        if (!(thrown instanceof Halt) || thrown.stops === 'all') throw thrown;
        await ends.setBack(received);
        halts.push(thrown);
        if (halts.length === MAX_HALTS) throw thrown;
      }
    };
    const byEntry = (received: Received) => conclude(received, () => handOverByEntry(received, ends));
    if (apart === undefined) await isolate(group, (some) => handOverWhole(some, ends, conclude), byEntry);
    else for (const received of group) await byEntry(received);
    return halts.at(-1);
  };
}

function inChunks<T>(items: readonly T[], size = Infinity): (readonly T[])[] {
  if (items.length <= size) return [items];
  const chunks: (readonly T[])[] = [];
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
  return chunks;
}

function hasConflicts(result: PersistResult | undefined): boolean {
  return result?.exceptions.some(({ kind }) => kind === 'conflict') ?? false;
}
