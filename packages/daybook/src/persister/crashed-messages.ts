/**
 * The queue behind the queue, on a server: takes one message at a time and hands it to the last resort, for as long as the
 * persister runs. Messages there are few and nobody waits for them, so it is slow and careful: nothing is unpacked while the
 * store is away, and no message is worked on for longer than it stays hidden from others.
 *
 * A message that ends the process ends it once: its net is found by whoever takes it next.
 */
import type { Delivery, Queue } from '../queue/queue.ts';
import type { Sleep } from '../retry.ts';
import { createBackOff } from '../retry.ts';
import { toError } from '../errors.ts';
import { BACK_OFF } from './breaker.ts';
import type { DeadLetters } from './dead-letters.ts';
import { unpackCrashed } from './last-resort.ts';
import { createNet } from './net.ts';
import { createReceiver } from './receiver.ts';
import { createRoundMemory } from './round.ts';
import type { WorkParts } from './work.ts';

export interface CrashedMessagesOptions extends Omit<WorkParts, 'deadLetters' | 'onStep'> {
  /** With a visibility timeout. */
  readonly queue: Queue;
  readonly deadLetters: Pick<DeadLetters, 'show' | 'write' | 'writeRaw' | 'discard'>;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly sleep: Sleep;
}

export interface CrashedMessages {
  start(): void;
  /** Takes no more, and resolves when the one that is worked on has come to its end. Idempotent. */
  close(): Promise<void>;
}

/** The longest that SQS waits (ReceiveMessage, WaitTimeSeconds). */
const RECEIVE_WAIT_MS = 20_000;
/** What does not come to its end meanwhile is left, and its net is its dead letter. */
const WORK_PART_OF_VISIBILITY = 1 / 2;
/** While the store is away. */
const PUT_BACK_MS = 30_000;

export function createCrashedMessages(options: CrashedMessagesOptions): CrashedMessages {
  const { queue, store, deadLetters, nowMicros, sleep, random, log } = options;
  const { visibilityMs = 0 } = queue.capabilities;
  const backOff = { ...BACK_OFF, random, sleep };
  const delays = createBackOff(backOff);
  const closing = new AbortController();
  const receiver = createReceiver({ queue, backOff, nowMicros, closing: closing.signal, log });
  const memory = createRoundMemory(options);
  const net = createNet({
    letters: deadLetters,
    onCaught: () => undefined,
    nowMicros,
    overAfterMs: visibilityMs,
    log,
  });
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      const [delivery] = await receiver.receive(1, 1, RECEIVE_WAIT_MS);
      if (delivery === undefined) continue;
      try {
        await take(delivery);
        delays.reset();
      } catch (thrown) {
        log.warn({ event: 'crashed-message-waits', reason: toError(thrown).message });
        await delays.wait(closing.signal);
      }
    }
  }

  /** @throws {StoreError} {QueueError} The message comes again. */
  async function take(delivery: Delivery): Promise<void> {
    try {
      await store.probe();
    } catch (thrown) {
      await queue.release([delivery], PUT_BACK_MS);
      throw thrown;
    }
    log.warn({ event: 'crashed-message', bytes: delivery.body.byteLength, sentAt: delivery.sentAt });
    await within(visibilityMs * WORK_PART_OF_VISIBILITY, (stop) =>
      unpackCrashed([delivery], { ...options, net, memory, stop }),
    );
  }

  async function within(limitMs: number, work: (stop: AbortSignal) => Promise<void>): Promise<void> {
    const stop = new AbortController();
    const done = new AbortController();
    const timing = sleep(limitMs, done.signal).then(() => stop.abort());
    try {
      await work(stop.signal);
    } finally {
      done.abort();
      await timing;
    }
  }

  return {
    start() {
      running ??= run();
    },
    async close() {
      closing.abort();
      receiver.interrupt();
      await running;
    },
  };
}
