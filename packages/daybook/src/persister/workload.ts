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
  readonly nowMicros: () => number;
  readonly random: () => number;
  readonly closing: AbortSignal;
  readonly onStep: OnStep;
}

export interface Workload {
  add(received: readonly Received[]): void;
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

const MIN_SET_BACK_MS = 30_000;
/** Whatever was put back has come again by then, here or elsewhere. */
export const MAX_SET_BACK_MS = 300_000;

export function createWorkload(options: WorkloadOptions): Workload {
  const { limits, breaker, handOver, handBack, nowMicros, random, closing, onStep } = options;
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
      dispatch();
    });
    tasks.add(task);
  }

  function dispatch(): void {
    while (waiting.length > 0 && groups < limits.concurrency) {
      if (closing.aborted || breaker.state === 'open') return;
      const group = takeGroup(waiting, limits);
      groups += 1;
      for (const received of group) handedOver.add(received);
      track(workOn(group, breaker.state === 'half-open'));
    }
  }

  /** @param trial whether its success shows that things go well again. */
  async function workOn(group: readonly Received[], trial: boolean): Promise<void> {
    try {
      const halt = await handOver(group, { finish, setBack });
      if (halt !== undefined) breaker.trip(halt);
      else if (trial && breaker.state === 'half-open') breaker.close();
    } catch (thrown) {
      breaker.trip(thrown);
    }
    groups -= 1;
    const left = group.filter((received) => handedOver.delete(received));
    await handBack.release(deliveriesOf(left), breaker.delayMs);
  }

  async function finish(received: readonly Received[]): Promise<void> {
    if (received.length === 0) return;
    onStep('before-acknowledge');
    await handBack.acknowledge(deliveriesOf(received));
    onStep('after-acknowledge');
    for (const one of received) handedOver.delete(one);
  }

  async function setBack(received: Received): Promise<void> {
    handedOver.delete(received);
    await release(received.delivery);
  }

  /** For as long again as it has waited already: what cannot be stored must not stand in the way of what can. */
  async function release(delivery: Delivery): Promise<void> {
    const ageMs = (nowMicros() - delivery.sentAt) / 1000;
    const delayMs = Math.min(MAX_SET_BACK_MS, Math.max(MIN_SET_BACK_MS, ageMs));
    await handBack.release([delivery], delayMs * (0.5 + random() / 2));
  }

  async function workBeside(delivery: Delivery, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      breaker.trip(thrown);
      await release(delivery);
    }
  }

  return {
    add(received) {
      waiting.push(...received);
      dispatch();
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
