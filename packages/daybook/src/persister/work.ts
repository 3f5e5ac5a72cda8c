/**
 * The work on deliveries, wherever they come from: each is opened, and then stored with others, put aside or put back.
 * Where the next ones come from, and when, is its owner's affair: the loop of `persister.ts`, or a round over some.
 */
import type { Logger } from 'pino';

import type { Delivery, Queue } from '../queue/queue.ts';
import type { BackOffOptions } from '../retry.ts';
import type { AcknowledgedBatch, PersistResult, Store } from '../store/store.ts';
import type { Breaker } from './breaker.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { GroupLimits } from './grouping.ts';
import { createHandBack } from './hand-back.ts';
import { createHandOver } from './hand-over.ts';
import type { Leases } from './leases.ts';
import { createPutAside } from './put-aside.ts';
import type { Received } from './received.ts';
import { openDelivery } from './received.ts';
import type { OnStep } from './step.ts';
import { createUnworkable } from './unworkable.ts';
import type { Verdict } from './verdict.ts';
import type { Workload } from './workload.ts';
import { createWorkload } from './workload.ts';

/** What work needs wherever it is done. */
export interface WorkParts {
  readonly store: Pick<Store, 'persist' | 'probe'>;
  readonly deadLetters: Pick<DeadLetters, 'write' | 'writeRaw'>;
  /** `concurrency`: writes at the same time; the others bound one write. */
  readonly limits: GroupLimits & { readonly concurrency: number };
  /** Unix microseconds now. */
  readonly nowMicros: () => number;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** Called with what is stored now, by batch, and again when the same is delivered again; the results are in the same order. */
  readonly onStored: (batches: readonly AcknowledgedBatch[], results: readonly PersistResult[]) => void;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly onStep?: OnStep;
}

export interface WorkOptions extends WorkParts {
  readonly queue: Pick<Queue, 'acknowledge' | 'release' | 'send'>;
  readonly leases: Pick<Leases, 'drop'>;
  readonly breaker: Breaker;
  readonly verdict: Verdict;
  readonly backOff: BackOffOptions;
  readonly closing: AbortSignal;
  /** See {@link HandOverOptions.apart} and {@link PutAsideOptions.maxAttempts}. */
  readonly lastResort?: { readonly apart: number; readonly maxAttempts: number };
}

/** Since the start. A delivery that comes again is counted again. */
export interface WorkCounters {
  /** Entries that the store took, duplicates and conflicts among them. */
  readonly stored: number;
  /** Entries that failed alone while the store was well; each is then dead or retried. */
  readonly isolated: number;
  readonly dead: number;
  readonly retried: number;
  /** Messages that did not carry what was sent. */
  readonly broken: number;
}

export interface Work extends Workload {
  readonly counters: WorkCounters;
  /** Begins: what becomes of them is seen by the queue. */
  open(deliveries: readonly Delivery[]): void;
}

export function createWork(options: WorkOptions): Work {
  const { queue, leases, backOff, closing, breaker, verdict, nowMicros, random, deadLetters, log } = options;
  const { lastResort } = options;
  const onStep = options.onStep ?? (() => undefined);
  const counters = { stored: 0, isolated: 0, dead: 0, retried: 0, broken: 0 };
  const handBack = createHandBack({ queue, leases, backOff, closing, log });
  const unworkable = createUnworkable({
    deadLetters,
    handBack,
    nowMicros,
    random,
    log,
    onStep,
    onBroken: () => (counters.broken += 1),
  });
  const handOver = createHandOver({
    store: options.store,
    verdict,
    putAside: createPutAside({
      queue,
      deadLetters,
      nowMicros,
      random,
      log,
      onStep,
      ...(lastResort && { maxAttempts: lastResort.maxAttempts }),
    }),
    halted: () => (breaker.state === 'open' ? breaker.halt : undefined),
    onStored(batches, results) {
      for (const { batch } of batches) counters.stored += batch.entries.length;
      options.onStored(batches, results);
    },
    onIsolated(as) {
      counters.isolated += 1;
      counters[as === 'dead' ? 'dead' : 'retried'] += 1;
    },
    ...(lastResort && { apart: lastResort.apart }),
    log,
    onStep,
  });
  const { limits } = options;
  const workload = createWorkload({
    limits,
    breaker,
    handOver,
    handBack,
    nowMicros,
    random,
    closing,
    onStep,
  });

  return {
    ...workload,
    counters,
    open(deliveries) {
      const workable: Received[] = [];
      for (const delivery of deliveries) {
        const opened = openDelivery(delivery, nowMicros());
        if (opened.kind === 'work') workable.push(opened.received);
        else workload.begin(delivery, () => unworkable(delivery, opened));
      }
      workload.add(workable);
    },
  };
}
