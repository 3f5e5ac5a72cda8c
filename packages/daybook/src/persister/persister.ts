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
import type { Queue } from '../queue/queue.ts';
import type { Sleep } from '../retry.ts';
import type { Breaker } from './breaker.ts';
import { BACK_OFF, createBreaker } from './breaker.ts';
import { knock } from './knock.ts';
import { createLeases } from './leases.ts';
import { createReceiver } from './receiver.ts';
import { createVerdict } from './verdict.ts';
import type { WorkCounters, WorkParts } from './work.ts';
import { createWork } from './work.ts';
import { MAX_SET_BACK_MS } from './workload.ts';

export interface PersisterOptions extends WorkParts {
  readonly queue: Queue;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly sleep: Sleep;
}

export interface PersisterStatus {
  readonly state: 'running' | 'waiting' | 'systemic' | 'stopped';
  readonly breaker: Breaker['state'];
  /** Unix microseconds. */
  readonly since: number;
  /** Why it does not run. */
  readonly reason?: string;
  readonly counters: WorkCounters;
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

/** The longest that SQS waits (ReceiveMessage, WaitTimeSeconds). */
const RECEIVE_WAIT_MS = 20_000;

export function createPersister(options: PersisterOptions): Persister {
  const { queue, store, nowMicros, nowMs, sleep, random, log } = options;
  const onStep = options.onStep ?? (() => undefined);
  const backOff = { ...BACK_OFF, random, sleep };
  const closing = new AbortController();
  const closed = new AbortController();
  let onTrialSinceMs = 0;
  let draining: PromiseWithResolvers<void> | undefined;
  let receiving: Promise<void> | undefined;
  let extending: Promise<void> | undefined;
  let ending: Promise<void> | undefined;

  const leases = createLeases({ queue, sleep, log });
  const receiver = createReceiver({ queue, backOff, nowMicros, closing: closing.signal, log });
  const breaker = createBreaker({ backOff, nowMs, nowMicros, log, onTrip: () => receiver.interrupt() });
  const verdict = createVerdict();
  const work = createWork({ ...options, leases, breaker, verdict, backOff, closing: closing.signal });

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
    await work.releaseWaiting(breaker.delayMs);
    await sleep(breaker.delayMs, closing.signal);
    // What is still under way began before; only what begins now can show that things go well again.
    if (breaker.halt?.state === 'systemic') await work.ended();
    if (closing.signal.aborted) return;
    onTrialSinceMs = nowMs();
    await knock(breaker, store);
  }

  async function takeIn(trial: boolean): Promise<void> {
    const room = work.room();
    const full = trial ? work.isBusy() : room.entries <= 0 || room.bytes <= 0;
    if (full) return work.changed();
    const drains = draining !== undefined;
    const waitMs = drains ? 0 : RECEIVE_WAIT_MS;
    const deliveries = await receiver.receive(room.entries, room.bytes, waitMs);
    if (deliveries.length > 0) {
      onStep('after-receive');
      leases.hold(deliveries);
      work.open(deliveries);
    } else if (drains && work.isBusy() && receiver.trouble === undefined) {
      await work.changed();
    } else if (drains) {
      endDrain();
    } else if (trial && isQuiet()) {
      breaker.close();
    }
  }

  /** Whether what was on trial must have been brought to its end elsewhere. */
  function isQuiet(): boolean {
    const isPutBack = nowMs() - onTrialSinceMs < MAX_SET_BACK_MS;
    return !isPutBack && !work.isBusy() && receiver.trouble === undefined;
  }

  function endDrain(): void {
    draining?.resolve();
    draining = undefined;
  }

  async function end(): Promise<void> {
    closing.abort();
    receiver.interrupt();
    await receiving;
    await work.releaseWaiting(0);
    await work.ended();
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
        counters: { ...work.counters },
        inFlight: work.size(),
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
