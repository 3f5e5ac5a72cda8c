/**
 * Keeps deliveries that are worked on from being delivered again: each is extended before its visibility ends, for as
 * long as the work takes. One that expires all the same comes a second time, which is harmless.
 */
import type { Logger } from 'pino';

import { toError } from '../errors.ts';
import type { Delivery, Queue } from '../queue/queue.ts';
import type { Sleep } from '../retry.ts';

export interface LeasesOptions {
  readonly queue: Pick<Queue, 'capabilities' | 'extend'>;
  readonly sleep: Sleep;
  readonly log: Pick<Logger, 'warn'>;
}

export interface Leases {
  hold(deliveries: readonly Delivery[]): void;
  drop(deliveries: readonly Delivery[]): void;
  /** Extends until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** A delivery is extended when it is between one and two of these parts of its visibility old, so that one failure does no harm. */
const TURNS_PER_VISIBILITY = 4;

export function createLeases({ queue, sleep, log }: LeasesOptions): Leases {
  const { visibilityMs } = queue.capabilities;
  /** Whether they were here at the last turn: what is gone before the next one costs no call. */
  const held = new Map<Delivery, boolean>();

  async function extend(): Promise<void> {
    const due: Delivery[] = [];
    for (const [delivery, waited] of held) {
      if (waited) due.push(delivery);
      else held.set(delivery, true);
    }
    if (due.length === 0) return;
    try {
      await queue.extend(due);
    } catch (thrown) {
      log.warn({ event: 'extend-failed', deliveries: due.length, reason: toError(thrown).message });
    }
  }

  return {
    hold(deliveries) {
      for (const delivery of deliveries) held.set(delivery, false);
    },
    drop(deliveries) {
      for (const delivery of deliveries) held.delete(delivery);
    },
    async run(signal) {
      if (visibilityMs === undefined) return;
      while (!signal.aborted) {
        await sleep(visibilityMs / TURNS_PER_VISIBILITY, signal);
        await extend();
      }
    },
  };
}
