/**
 * What the persister has in its hands: deliveries that wait, groups that are being handed over, and everything else that
 * goes on beside the loop. All of it is either finished or released; nothing is forgotten.
 */
import type { Delivery } from '../queue/queue.ts';
import type { Breaker } from './breaker.ts';
import type { GroupLimits } from './grouping.ts';
import { sizeOf, takeGroup } from './grouping.ts';
import type { HandBack } from './hand-back.ts';
import type { HandOver } from './hand-over.ts';
import type { Received } from './received.ts';
import type { OnStep } from './step.ts';

export interface WorkloadOptions {
  readonly limits: GroupLimits & { readonly concurrency: number };
  readonly breaker: Breaker;
  readonly handOver: HandOver;
  readonly handBack: HandBack;
  readonly closing: AbortSignal;
  readonly onStep: OnStep;
}

export interface Workload {
  /** @param trial whether its success shows that things go well again. */
  add(received: readonly Received[], trial: boolean): void;
  /** Goes on with work on one delivery, which is released if the work fails. */
  begin(delivery: Delivery, work: () => Promise<void>): void;
  /** How much more may wait. */
  room(): { readonly entries: number; readonly bytes: number };
  isBusy(): boolean;
  /** Resolves when something of it has ended. */
  changed(): Promise<void>;
  /** Releases what was not begun. */
  releaseWaiting(delayMs: number): Promise<void>;
  /** Resolves when nothing goes on any more; nothing may be added meanwhile. */
  ended(): Promise<void>;
  size(): { readonly messages: number; readonly entries: number; readonly bytes: number };
}

/** A batch whose entries are all stored and whose name is refused can wait for somebody to look at it. */
const HELD_UP_MS = 900_000;

export function createWorkload(options: WorkloadOptions): Workload {
  const { limits, breaker, handOver, handBack, closing, onStep } = options;
  const waiting: Received[] = [];
  const handedOver = new Set<Received>();
  const tasks = new Set<Promise<void>>();
  let groups = 0;
  let change = Promise.withResolvers<void>();

  /** @param work never rejects. */
  function track(work: Promise<void>): void {
    const task = work.finally(() => {
      tasks.delete(task);
      change.resolve();
      change = Promise.withResolvers();
      dispatch(false);
    });
    tasks.add(task);
  }

  function dispatch(trial: boolean): void {
    while (waiting.length > 0 && groups < limits.concurrency) {
      if (closing.aborted || breaker.state === 'open') return;
      const group = takeGroup(waiting, limits);
      groups += 1;
      for (const received of group) handedOver.add(received);
      track(workOn(group, trial));
    }
  }

  async function workOn(group: readonly Received[], trial: boolean): Promise<void> {
    let delayMs = HELD_UP_MS;
    try {
      await handOver(group, finish);
      if (trial && breaker.state === 'half-open') breaker.close();
    } catch (thrown) {
      breaker.trip(thrown);
      ({ delayMs } = breaker);
    }
    groups -= 1;
    const left = group.filter((received) => handedOver.delete(received));
    await handBack.release(deliveriesOf(left), delayMs);
  }

  async function finish(received: readonly Received[]): Promise<void> {
    onStep('before-acknowledge');
    await handBack.acknowledge(deliveriesOf(received));
    for (const one of received) handedOver.delete(one);
  }

  async function workBeside(delivery: Delivery, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      breaker.trip(thrown);
      await handBack.release([delivery], breaker.delayMs);
    }
  }

  return {
    add(received, trial) {
      waiting.push(...received);
      dispatch(trial);
    },
    begin: (delivery, work) => track(workBeside(delivery, work)),
    room() {
      const { entries, bytes } = sizeOf(waiting);
      return { entries: limits.maxBatchEntries - entries, bytes: limits.maxBatchBytes - bytes };
    },
    isBusy: () => tasks.size > 0 || waiting.length > 0,
    changed: () => change.promise,
    releaseWaiting: (delayMs) => handBack.release(deliveriesOf(waiting.splice(0)), delayMs),
    async ended() {
      while (tasks.size > 0) await Promise.all(tasks);
    },
    size: () => sizeOf([...waiting, ...handedOver]),
  };
}

function deliveriesOf(received: readonly Received[]): Delivery[] {
  return received.map(({ delivery }) => delivery);
}
