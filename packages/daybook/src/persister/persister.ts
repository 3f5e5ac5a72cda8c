/**
 * The persister: moves batches from the queue to the store. It commits to the store first, idempotently, and then
 * acknowledges; so a crash at any moment, and late, double or reordered deliveries, are harmless.
 *
 *   running ──the store, or the queue, is away──▶ waiting ──a probe succeeds──▶ running
 *      │                                             │
 *      │ failures that are not the entries' own      │ the same
 *      ▼                                             ▼
 *   systemic ──a probe succeeds──▶ what comes next is on trial ──is handed over, or nothing comes──▶ running
 *      ▲                                             │
 *      └────────────────────fails────────────────────┘
 *   any ──close()──▶ stopped (what is in flight is finished first, the rest is released)
 *
 * While it does not run nothing is received, and what was received goes back as it came, with back-off and jitter:
 * nothing is counted against an entry, and nothing dies. What is received while other deliveries are being stored waits
 * and goes to the store together, so writes grow with the load; what waits is bounded by the size of one write.
 */
import type { Logger } from 'pino';

import { toError } from '../errors.ts';
import type { Delivery, Queue } from '../queue/queue.ts';
import type { Sleep } from '../retry.ts';
import type { AcknowledgedBatch, PersistResult, Store } from '../store/store.ts';
import type { Breaker } from './breaker.ts';
import { createBreaker } from './breaker.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { GroupLimits } from './grouping.ts';
import { Halt } from './halt.ts';
import { createHandBack } from './hand-back.ts';
import { createHandOver } from './hand-over.ts';
import { createLeases } from './leases.ts';
import { createPutAside } from './put-aside.ts';
import type { Received } from './received.ts';
import { openDelivery } from './received.ts';
import { createReceiver } from './receiver.ts';
import type { OnStep } from './step.ts';
import { createUnworkable } from './unworkable.ts';
import { createVerdict } from './verdict.ts';
import { createWorkload, MAX_SET_BACK_MS } from './workload.ts';

export interface PersisterOptions {
  readonly queue: Queue;
  readonly store: Pick<Store, 'persist' | 'probe'>;
  readonly deadLetters: Pick<DeadLetters, 'write' | 'writeRaw'>;
  /** `concurrency`: writes at the same time; the others bound one write. */
  readonly limits: GroupLimits & { readonly concurrency: number };
  /** Unix microseconds now. */
  readonly nowMicros: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly sleep: Sleep;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** Called with what is stored now, by batch, and again when the same is delivered again; the results are in the same order. */
  readonly onStored: (batches: readonly AcknowledgedBatch[], results: readonly PersistResult[]) => void;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly onStep?: OnStep;
}

/** Since the start. A delivery that comes again is counted again. */
export interface PersisterCounters {
  /** Entries that the store took, duplicates and conflicts among them. */
  readonly stored: number;
  /** Entries that failed alone while the store was well; each is then dead or retried. */
  readonly isolated: number;
  readonly dead: number;
  readonly retried: number;
  /** Messages that did not carry what was sent. */
  readonly broken: number;
}

export interface PersisterStatus {
  readonly state: 'running' | 'waiting' | 'systemic' | 'stopped';
  readonly breaker: Breaker['state'];
  /** Unix microseconds. */
  readonly since: number;
  /** Why it does not run. */
  readonly reason?: string;
  readonly counters: PersisterCounters;
  /** Received, and neither acknowledged nor released. */
  readonly inFlight: { readonly messages: number; readonly entries: number; readonly bytes: number };
}

export interface Persister {
  start(): void;
  status(): PersisterStatus;
  /** Resolves when the queue has nothing to give and nothing is in flight, or as soon as it does not run: what is left stays queued. */
  drain(): Promise<void>;
  /** Stops receiving, finishes what is in flight, releases the rest. Idempotent. */
  close(): Promise<void>;
}

/** Recovery is noticed within this; the same bounds a delivery's wait while something is away. */
const BACK_OFF = { firstMs: 200, limitMs: 10_000 };
/** The longest that SQS waits (ReceiveMessage, WaitTimeSeconds). */
const RECEIVE_WAIT_MS = 20_000;

export function createPersister(options: PersisterOptions): Persister {
  const { queue, store, deadLetters, limits, nowMicros, nowMs, sleep, random, log } = options;
  const onStep = options.onStep ?? (() => undefined);
  const backOff = { ...BACK_OFF, random, sleep };
  const closing = new AbortController();
  const closed = new AbortController();
  const counters = { stored: 0, isolated: 0, dead: 0, retried: 0, broken: 0 };
  let onTrialSinceMs = 0;
  let draining: PromiseWithResolvers<void> | undefined;
  let receiving: Promise<void> | undefined;
  let extending: Promise<void> | undefined;
  let ending: Promise<void> | undefined;

  const leases = createLeases({ queue, sleep, log });
  const handBack = createHandBack({ queue, leases, backOff, closing: closing.signal, log });
  const receiver = createReceiver({ queue, backOff, nowMicros, closing: closing.signal, log });
  const breaker = createBreaker({ backOff, nowMs, nowMicros, log, onTrip: () => receiver.interrupt() });
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
    store,
    verdict: createVerdict(),
    putAside: createPutAside({ queue, deadLetters, nowMicros, random, log, onStep }),
    halted: () => (breaker.state === 'open' ? breaker.halt : undefined),
    onStored(batches, results) {
      for (const { batch } of batches) counters.stored += batch.entries.length;
      options.onStored(batches, results);
    },
    onIsolated(as) {
      counters.isolated += 1;
      counters[as === 'dead' ? 'dead' : 'retried'] += 1;
    },
    log,
    onStep,
  });
  const workload = createWorkload({
    limits,
    breaker,
    handOver,
    handBack,
    nowMicros,
    random,
    closing: closing.signal,
    onStep,
  });

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        if (breaker.state === 'open') await recover();
        else await takeIn(breaker.state === 'half-open');
      } catch (thrown) {
        breaker.trip(thrown);
      }
    }
  }

  async function recover(): Promise<void> {
    endDrain();
    await workload.releaseWaiting(breaker.delayMs);
    await sleep(breaker.delayMs, closing.signal);
    // What is still under way began before; only what begins now can show that things go well again.
    if (breaker.halt?.state === 'systemic') await workload.ended();
    if (closing.signal.aborted) return;
    breaker.halfOpen();
    onTrialSinceMs = nowMs();
    try {
      await store.probe();
    } catch (thrown) {
      throw new Halt('waiting', toError(thrown).message);
    }
    // What was systemic needs a trial as well.
    if (breaker.state === 'half-open' && breaker.halt?.state === 'waiting') breaker.close();
  }

  async function takeIn(trial: boolean): Promise<void> {
    const room = workload.room();
    const full = trial ? workload.isBusy() : room.entries <= 0 || room.bytes <= 0;
    if (full) return workload.changed();
    const drains = draining !== undefined;
    const waitMs = drains ? 0 : RECEIVE_WAIT_MS;
    const deliveries = await receiver.receive(room.entries, room.bytes, waitMs);
    if (deliveries.length > 0) {
      onStep('after-receive');
      leases.hold(deliveries);
      open(deliveries);
    } else if (drains && workload.isBusy() && receiver.trouble === undefined) {
      await workload.changed();
    } else if (drains) {
      endDrain();
    } else if (trial && isQuiet()) {
      breaker.close();
    }
  }

  /** Whether what was on trial must have been brought to its end elsewhere. */
  function isQuiet(): boolean {
    const isPutBack = nowMs() - onTrialSinceMs < MAX_SET_BACK_MS;
    return !isPutBack && !workload.isBusy() && receiver.trouble === undefined;
  }

  function open(deliveries: readonly Delivery[]): void {
    const workable: Received[] = [];
    for (const delivery of deliveries) {
      const opened = openDelivery(delivery, nowMicros());
      if (opened.kind === 'work') workable.push(opened.received);
      else workload.begin(delivery, () => unworkable(delivery, opened));
    }
    workload.add(workable);
  }

  function endDrain(): void {
    draining?.resolve();
    draining = undefined;
  }

  async function end(): Promise<void> {
    closing.abort();
    receiver.interrupt();
    await receiving;
    await workload.releaseWaiting(0);
    await workload.ended();
    // What is finished last is still kept from being delivered again.
    closed.abort();
    await extending;
    endDrain();
  }

  return {
    start() {
      receiving ??= run();
      extending ??= leases.run(closed.signal);
    },

    status() {
      const { halt, since } = breaker;
      const { trouble } = receiver;
      const reason = halt?.message ?? trouble?.reason;
      const stopped = receiving === undefined || closing.signal.aborted;
      const state = halt?.state ?? (trouble === undefined ? 'running' : 'waiting');
      return {
        state: stopped ? 'stopped' : state,
        breaker: breaker.state,
        since: halt === undefined ? (trouble?.since ?? since) : since,
        ...(reason !== undefined && { reason }),
        counters: { ...counters },
        inFlight: workload.size(),
      };
    },

    async drain() {
      const runs = receiving !== undefined && breaker.state === 'closed' && receiver.trouble === undefined;
      if (!runs || closing.signal.aborted) return;
      draining ??= Promise.withResolvers();
      receiver.interrupt();
      await draining.promise;
    },

    close: () => (ending ??= end()),
  };
}
