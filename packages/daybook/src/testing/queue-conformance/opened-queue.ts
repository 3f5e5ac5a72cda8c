/**
 * What the conformance suite of the queue port asks of a driver's test, and the small things that all its parts use.
 */
import assert from 'node:assert/strict';

import { systemTime } from '../../clock.ts';
import type { Delivery, OutgoingMessage, Queue } from '../../queue/queue.ts';
import { QueueError } from '../../queue/queue.ts';

export interface OpenedQueue {
  readonly queue: Queue;
  /** Closes it and opens it again on the same messages. */
  reopen(): Promise<Queue>;
  /** Makes what is behind the driver unusable; `end` makes it usable again, with everything that it had. */
  startOutage(): Promise<{ end(): Promise<void> }>;
  /** Closes it and removes its messages. */
  dispose(): Promise<void>;
}

export interface OpenOptions {
  /** Where the visibility timeout can be set: 2 s in place of at least a minute. */
  readonly shortVisibility: boolean;
}

export type Check = (
  name: string,
  run: (opened: OpenedQueue) => Promise<void>,
  options?: Partial<OpenOptions>,
) => void;

/** Only keeps a broken driver from hanging. */
const PATIENCE_MS = 60_000;
/** Timers and clocks of milliseconds may be early by one each. */
export const CLOCK_SLACK_MS = 20;

export const BASE_STAMP = Date.UTC(2026, 0, 1) * 1000;

/** The `n`th message: its body is `n` as text, its stamps are `n` and `n` + 5 microseconds behind the base. */
export function makeMessage(n: number): OutgoingMessage {
  return {
    body: Buffer.from(`message ${n}`),
    entries: 2,
    oldestStamp: BASE_STAMP + n,
    newestStamp: BASE_STAMP + n + 5,
  };
}

export async function sendMany(queue: Queue, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, n) => queue.send(makeMessage(n))));
}

/** Bodies of {@link makeMessage}, sorted. */
export function bodiesOf(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `message ${n}`).toSorted();
}

export function textOf({ body }: Delivery): string {
  return Buffer.from(body).toString();
}

/** Receives until it has so many different bodies; nothing is acknowledged. */
export async function receiveAll(queue: Queue, count: number): Promise<Delivery[]> {
  const received = new Map<string, Delivery>();
  const end = systemTime.monotonicMs() + PATIENCE_MS;
  while (received.size < count) {
    const deliveries = await queue.receive({ maxMessages: 100, maxBytes: 1e8, waitMs: 1_000 });
    for (const delivery of deliveries) received.set(textOf(delivery), delivery);
    if (systemTime.monotonicMs() > end) assert.fail(`expected ${count} messages, given ${received.size}`);
  }
  return [...received.values()];
}

export async function receiveOne(queue: Queue): Promise<Delivery> {
  const end = systemTime.monotonicMs() + PATIENCE_MS;
  while (systemTime.monotonicMs() < end) {
    const [delivery] = await queue.receive({ maxMessages: 1, maxBytes: 1e8, waitMs: 1_000 });
    if (delivery !== undefined) return delivery;
  }
  return assert.fail('expected a message, given none');
}

/** What is there now; a message that is delayed or delivered is not. */
export function receiveNow(queue: Queue): Promise<readonly Delivery[]> {
  return queue.receive({ maxMessages: 100, maxBytes: 1e8, waitMs: 0 });
}

/** Repeats a check until it passes. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  const end = systemTime.monotonicMs() + PATIENCE_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (systemTime.monotonicMs() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** For `assert.rejects`. */
export function isQueueError(...reasons: QueueError['reason'][]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof QueueError, `expected a QueueError, given ${String(error)}`);
    assert.ok(reasons.includes(error.reason), `${error.reason}: ${error.message}`);
    return true;
  };
}
