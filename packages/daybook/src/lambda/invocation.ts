/**
 * One invocation with messages of SQS: within the time that is left, with what is answered at its end. A message is
 * named as failed unless it was acknowledged, so whatever goes wrong here deletes nothing.
 *
 * It throws, which fails all messages and makes Lambda poll less, only for what somebody has to mend: a configuration or
 * a driver that cannot be used. A store or an object storage that is away is no error: everything waits.
 */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Logger } from 'pino';

import { systemTime } from '../clock.ts';
import { toError } from '../errors.ts';
import { Halt } from '../persister/halt.ts';
import type { RoundMemory } from '../persister/round.ts';
import type { Queue } from '../queue/queue.ts';
import { toDelivery } from '../queue/sqs/sqs-delivery.ts';
import type { Sleep } from '../retry.ts';
import { random as chance, sleep as timer } from '../retry.ts';
import type { Store } from '../store/store.ts';
import { StoreError } from '../store/store.ts';
import type { EmitMetrics } from './emit-metric.ts';
import type { EventMessage, EventQueue } from './event-queue.ts';
import { createEventQueue } from './event-queue.ts';

/** What the Lambda runtime tells of an invocation. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

export interface InvocationOptions {
  readonly messages: readonly EventMessage[];
  readonly context: InvocationContext;
  /** The one that the messages came from. */
  readonly queue: Pick<Queue, 'send' | 'release'>;
  /** @throws {StoreError} while it is away. */
  readonly store: () => Promise<Store>;
  readonly memory: RoundMemory;
  readonly emit: EmitMetrics;
  readonly log: Pick<Logger, 'warn'>;
  /** Both are replaced where a run must be repeatable. */
  readonly sleep?: Sleep;
  readonly random?: () => number;
}

export interface InvocationWork {
  readonly messages: readonly EventMessage[];
  readonly queue: EventQueue;
  readonly store: Store;
  /** Aborts when there is only time left to end the invocation. */
  readonly stop: AbortSignal;
  readonly tally: InvocationTally;
}

/** For the metrics. */
export interface InvocationTally {
  stored: number;
  dead: number;
}

/** For putting messages back, and for the answer. */
const ENDING_MS = 5_000;
const ANSWERING_MS = 1_000;
/** Where there is hardly more time than that. */
const MAX_ENDING_PART = 1 / 3;

export async function runInvocation(
  options: InvocationOptions,
  work: (given: InvocationWork) => Promise<void>,
): Promise<SQSBatchResponse> {
  const { messages, context, memory, emit, log, sleep = timer, random = chance } = options;
  const queue = createEventQueue({ messages, queue: options.queue, random, log });
  const tally: InvocationTally = { stored: 0, dead: 0 };
  const stop = new AbortController();
  const over = new AbortController();
  const endingMs = Math.min(ENDING_MS, context.getRemainingTimeInMillis() * MAX_ENDING_PART);
  const timing = sleep(context.getRemainingTimeInMillis() - endingMs, over.signal).then(() => stop.abort());
  try {
    const store = await Promise.race([openStore(options), timing]);
    // Work hears of the stop, and may wait for something that does not.
    if (store !== undefined)
      await Promise.race([work({ messages, queue, store, stop: stop.signal, tally }), timing]);
  } finally {
    over.abort();
    await timing;
  }
  const failed = queue.end();
  if (failed.length > 0) {
    const leftMs = Math.max(0, context.getRemainingTimeInMillis() - ANSWERING_MS);
    const done = new AbortController();
    await Promise.race([queue.putBack(), sleep(leftMs, done.signal)]);
    done.abort();
  }
  emit({
    StoredEntries: tally.stored,
    DeadEntries: tally.dead,
    SystemicHalts: memory.breaker.state === 'open' ? 1 : 0,
  });
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** @returns undefined while it is away. */
async function openStore({ store, memory, log }: InvocationOptions): Promise<Store | undefined> {
  try {
    return await store();
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown;
    const reason = toError(thrown).message;
    log.warn({ event: 'store-not-reached', reason });
    memory.breaker.trip(new Halt('waiting', reason));
    return undefined;
  }
}

/** "Using Lambda with Amazon SQS" in the Developer Guide shows the event. */
export function toMessages({ Records }: SQSEvent): EventMessage[] {
  return Records.map(({ messageId, receiptHandle, body, attributes }) => ({
    id: messageId,
    delivery: toDelivery({
      body,
      receiptHandle,
      sentMs: Number(attributes.SentTimestamp) || systemTime.wallMs(),
    }),
    receives: Math.max(1, Number(attributes.ApproximateReceiveCount) || 1),
  }));
}
