/**
 * The queue as an event source shows it: messages come with the event, and what the answer does not name as failed is
 * deleted by the caller. So acknowledging is only noted, and what is not acknowledged is put back at the end, all at once.
 *
 * What is put back waits the longer the more often it was delivered, up to an hour: with partial answers Lambda does not
 * poll less when all fails ("Handling errors for an SQS event source", AWS Lambda Developer Guide), and an outage of 14
 * days, the longest that SQS keeps a message, shall spend fewer than half of 1000 deliveries.
 */
import type { Logger } from 'pino';

import { toError } from '../errors.ts';
import type { Delivery, Queue } from '../queue/queue.ts';
import { backOffMs } from '../retry.ts';

export interface EventMessage {
  readonly id: string;
  readonly delivery: Delivery;
  /** How often it was delivered, this time included. */
  readonly receives: number;
}

export interface EventQueueOptions {
  readonly messages: readonly EventMessage[];
  /** The one that they came from. */
  readonly queue: Pick<Queue, 'send' | 'release'>;
  readonly random: () => number;
  readonly log: Pick<Logger, 'warn'>;
}

export interface EventQueue extends Pick<Queue, 'acknowledge' | 'release' | 'send'> {
  /** From now on nothing is noted any more. @returns the ids of messages that were not acknowledged, each once. */
  end(): readonly string[];
  /** Puts what was not acknowledged back; what fails comes again when its visibility timeout is over. */
  putBack(): Promise<void>;
}

const BACK_OFF = { firstMs: 30_000, limitMs: 3_600_000 };

export function createEventQueue({ messages, queue, random, log }: EventQueueOptions): EventQueue {
  const acknowledged = new Set<Delivery>();
  const delays = new Map<Delivery, number>();
  let ended = false;

  function open(): EventMessage[] {
    return messages.filter(({ delivery }) => !acknowledged.has(delivery));
  }

  return {
    send: (message) => queue.send(message),
    async acknowledge(deliveries) {
      if (ended) return;
      for (const delivery of deliveries) acknowledged.add(delivery);
    },
    async release(deliveries, delayMs) {
      for (const delivery of deliveries) delays.set(delivery, delayMs);
    },
    end() {
      ended = true;
      // A message that is there twice is done only when both are: its id is all that the answer can name.
      return [...new Set(open().map(({ id }) => id))];
    },
    async putBack() {
      // One jitter for all of them, so that those that were delivered as often go back in one call.
      const jitter = random();
      const byDelay = new Map<number, Delivery[]>();
      for (const { delivery, receives } of open()) {
        const backOff = backOffMs(receives, { ...BACK_OFF, random: () => jitter });
        const delayMs = Math.max(delays.get(delivery) ?? 0, backOff);
        byDelay.set(delayMs, [...(byDelay.get(delayMs) ?? []), delivery]);
      }
      const calls = [...byDelay].map(async ([delayMs, deliveries]) => {
        try {
          await queue.release(deliveries, delayMs);
        } catch (thrown) {
          const reason = toError(thrown).message;
          log.warn({ event: 'not-put-back', deliveries: deliveries.length, reason });
        }
      });
      await Promise.all(calls);
    },
  };
}
