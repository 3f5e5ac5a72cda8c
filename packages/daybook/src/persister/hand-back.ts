/**
 * Gives deliveries back to the queue: acknowledged, or released. A queue that is away for the moment is asked again until
 * it answers, because a queue without a visibility timeout would not give a forgotten delivery to anybody.
 */
import type { Logger } from 'pino';

import { toError } from '../errors.ts';
import type { Delivery, Queue } from '../queue/queue.ts';
import type { BackOffOptions } from '../retry.ts';
import { createBackOff } from '../retry.ts';
import type { Leases } from './leases.ts';

export interface HandBackOptions {
  readonly queue: Pick<Queue, 'acknowledge' | 'release'>;
  readonly leases: Pick<Leases, 'drop'>;
  readonly backOff: BackOffOptions;
  /** From then on each call is tried once more at most: what is not given back comes again by itself. */
  readonly closing: AbortSignal;
  readonly log: Pick<Logger, 'warn'>;
}

export interface HandBack {
  acknowledge(deliveries: readonly Delivery[]): Promise<void>;
  release(deliveries: readonly Delivery[], delayMs: number): Promise<void>;
}

export function createHandBack({ queue, leases, backOff, closing, log }: HandBackOptions): HandBack {
  async function insist(event: string, deliveries: readonly Delivery[], call: () => Promise<void>) {
    if (deliveries.length === 0) return;
    leases.drop(deliveries);
    const delays = createBackOff(backOff);
    for (;;) {
      try {
        return await call();
      } catch (thrown) {
        log.warn({ event, deliveries: deliveries.length, reason: toError(thrown).message });
        if (closing.aborted) return;
        await delays.wait(closing);
      }
    }
  }

  return {
    acknowledge: (deliveries) =>
      insist('acknowledge-failed', deliveries, () => queue.acknowledge(deliveries)),
    release: (deliveries, delayMs) =>
      insist('release-failed', deliveries, () => queue.release(deliveries, delayMs)),
  };
}
