/**
 * Receives from the queue, patiently: while the queue is away it is asked again with back-off, and the trouble has a name.
 */
import type { Logger } from 'pino';

import { toError } from '../errors.ts';
import type { Delivery, Queue } from '../queue/queue.ts';
import type { BackOffOptions } from '../retry.ts';
import { createBackOff } from '../retry.ts';

export interface ReceiverOptions {
  readonly queue: Pick<Queue, 'receive'>;
  readonly backOff: BackOffOptions;
  readonly nowMicros: () => number;
  readonly closing: AbortSignal;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export interface Receiver {
  /** Why the queue gives nothing, and since when; Unix microseconds. */
  readonly trouble: { readonly reason: string; readonly since: number } | undefined;
  /** @returns nothing when nothing came within `waitMs`, when it was interrupted, or, after a while, when the queue is away. */
  receive(maxMessages: number, maxBytes: number, waitMs: number): Promise<readonly Delivery[]>;
  /** Ends the wait that is under way. */
  interrupt(): void;
}

export function createReceiver({ queue, backOff, nowMicros, closing, log }: ReceiverOptions): Receiver {
  const delays = createBackOff(backOff);
  let polling = new AbortController();
  let trouble: Receiver['trouble'];

  function noteBack(): void {
    delays.reset();
    if (trouble === undefined) return;
    trouble = undefined;
    log.info({ event: 'queue-back' });
  }

  function noteAway(thrown: unknown): void {
    const reason = toError(thrown).message;
    if (trouble === undefined) log.warn({ event: 'queue-away', reason });
    trouble = { reason, since: trouble?.since ?? nowMicros() };
  }

  return {
    get trouble() {
      return trouble;
    },
    async receive(maxMessages, maxBytes, waitMs) {
      polling = new AbortController();
      const { signal } = polling;
      try {
        const deliveries = await queue.receive({ maxMessages, maxBytes, waitMs, signal });
        // That nothing came of a wait that was ended says nothing of the queue.
        if (deliveries.length > 0 || !signal.aborted) noteBack();
        return deliveries;
      } catch (thrown) {
        noteAway(thrown);
        await delays.wait(closing);
        return [];
      }
    },
    interrupt() {
      polling.abort();
    },
  };
}
