/**
 * The SQS driver of the queue port: a standard queue, one batch a message, as base64. Long polls; ten messages a request
 * where there are so many. A wait that ends early leaves its poll to end by itself, and puts back what that brings. What
 * the queue cannot do is said by the capabilities: it does not tell what is settled, its depth is approximate, and its
 * count of deliveries is never looked at.
 *
 * With a topic before it, batches are published there and come to the queue and to others. What is sent with a delay goes
 * to the queue itself: SNS knows no delays, and the others have had it.
 */
import { systemTime } from '../../clock.ts';
import { StartError } from '../../errors.ts';
import type { Queue } from '../queue.ts';
import { QueueError } from '../queue.ts';
import { endpointDurability } from './endpoint-durability.ts';
import { failureOf, isTooLarge, toQueueError } from './failure.ts';
import type { TopicOptions } from './fan-out.ts';
import { openFanOut } from './fan-out.ts';
import { toText } from './message-text.ts';
import { readQueueSettings } from './queue-settings.ts';
import { inBatches, MAX_BATCH, repeatTransient } from './repeat.ts';
import { createSqs } from './sqs-client.ts';
import type { SqsMessage } from './sqs-delivery.ts';
import { handleOf, MAX_HELD_SECONDS, toDelivery } from './sqs-delivery.ts';

export interface SqsQueueOptions {
  readonly queueUrl: string;
  readonly region: string;
  /** Default: the origin of `queueUrl`. Never taken from the environment. */
  readonly endpoint?: string;
  readonly topic?: TopicOptions;
  /** One request; a long poll may take so much longer than its own time. Default 10 000. */
  readonly requestTimeoutMs?: number;
  /** Told at the start what is allowed and unwise about the queue. */
  readonly onWarning?: (message: string) => void;
}

const REQUEST_TIMEOUT_MS = 10_000;
/**
 * "ReceiveMessage" in the API Reference allows 20. SQS goes on with a long poll whose caller has hung up, and hides what
 * comes to it for the whole visibility timeout (aws/aws-sdk-js#2350). So none is cut off but in need, and one lasts no
 * longer than an end may take. Thirty requests a minute where nothing comes.
 */
const POLL_SECONDS = 2;
/** A poll that has not ended so long after its time never will. */
const LATE_POLL_MS = 1_000;
/** "SendMessage" in the API Reference: DelaySeconds is 0 to 900. */
const MAX_SEND_DELAY_SECONDS = 900;
/**
 * @throws {StartError} for a queue that would lose entries, that does not exist or that may not be used.
 * @throws {QueueError} when SQS cannot be reached now.
 */
export async function createSqsQueue(options: SqsQueueOptions): Promise<Queue> {
  const { queueUrl, region, requestTimeoutMs = REQUEST_TIMEOUT_MS, onWarning = () => undefined } = options;
  const endpoint = options.endpoint ?? new URL(queueUrl).origin;
  const sqs = createSqs({ queueUrl, region, endpoint, requestTimeoutMs });
  const fanOut = options.topic && (await openFanOut(options.topic, requestTimeoutMs));
  function closeClients(): void {
    sqs.close();
    fanOut?.close();
  }
  const readAttributes = () => repeatTransient('attributes', () => sqs.attributes());
  const [settings] = await Promise.all([
    readAttributes().then((attributes) => readQueueSettings(queueUrl, attributes)),
    fanOut?.assertFeeds(queueUrl, region, onWarning),
  ]).catch((thrown: unknown) => {
    closeClients();
    throw toStartError(queueUrl, thrown);
  });
  for (const warning of settings.warnings) onWarning(warning);
  const { visibilitySeconds } = settings;
  const durability = fanOut?.durability ?? endpointDurability(endpoint);
  const maxTextBytes = Math.min(settings.maxTextBytes, fanOut?.maxTextBytes ?? Infinity);
  /** Base64 makes four characters of three bytes (RFC 4648 §4). */
  const maxMessageBytes = Math.floor(maxTextBytes / 4) * 3;

  const stopping = new AbortController();
  const givingUp = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  const leftPolls = new Set<Promise<void>>();
  let lastPollMs = -Infinity;

  /** Nothing begins once the queue is closed, and closing waits for what has begun. */
  async function tracked<T>(call: () => Promise<T>): Promise<T> {
    if (stopping.signal.aborted) throw new QueueError('unavailable', 'not-written', 'sqs: closed');
    const running = call();
    underWay.add(running);
    try {
      return await running;
    } finally {
      underWay.delete(running);
    }
  }

  /** @returns undefined when a signal ended the wait. */
  async function poll(
    maxMessages: number,
    waitSeconds: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly SqsMessage[] | undefined> {
    const signals = signal === undefined ? [stopping.signal] : [stopping.signal, signal];
    if (signals.some(({ aborted }) => aborted)) return undefined;
    const left = Promise.withResolvers<undefined>();
    const leave = (): void => left.resolve(undefined);
    for (const one of signals) one.addEventListener('abort', leave, { once: true });
    lastPollMs = systemTime.monotonicMs();
    const asked = sqs.receive({ maxMessages, waitSeconds, visibilitySeconds, signal: givingUp.signal });
    try {
      const messages = await Promise.race([asked, left.promise]);
      if (messages === undefined) putBackLater(asked);
      return messages;
    } catch (thrown) {
      throw toQueueError('receive', thrown, failureOf(thrown).outcome);
    } finally {
      for (const one of signals) one.removeEventListener('abort', leave);
    }
  }

  /** Once a poll that nobody waits for has ended. What cannot be put back comes again after the visibility timeout. */
  function putBackLater(asked: Promise<readonly SqsMessage[]>): void {
    const done = asked
      .then((messages) => {
        const changes = messages.map(({ receiptHandle }) => ({ receiptHandle, seconds: 0 }));
        return inBatches('release', changes, (batch) => sqs.changeVisibility(batch));
      })
      .catch(() => undefined)
      .finally(() => leftPolls.delete(done));
    leftPolls.add(done);
  }

  async function close(): Promise<void> {
    stopping.abort();
    // Counted from when the last one began: of queues that are closed one after the other none waits for itself alone.
    const leftMs = lastPollMs + POLL_SECONDS * 1000 + LATE_POLL_MS - systemTime.monotonicMs();
    const late = setTimeout(() => givingUp.abort(), Math.max(0, leftMs));
    await Promise.allSettled(underWay);
    await Promise.all(leftPolls);
    clearTimeout(late);
    closeClients();
  }
  let closing: Promise<void> | undefined;

  return {
    capabilities: {
      driver: 'sqs',
      durability: durability.level,
      durabilityProof: durability.proof,
      maxMessageBytes,
      retentionMs: settings.retentionMs,
      visibilityMs: visibilitySeconds * 1000,
      maxDelayMs: MAX_HELD_SECONDS * 1000,
      settled: false,
      local: false,
      depth: 'approximate',
    },
    newestStampAtOpen: undefined,

    send: ({ body, delayMs }) =>
      tracked(async () => {
        const { byteLength } = body;
        if (byteLength > maxMessageBytes) {
          throw tooLarge(`expected at most ${maxMessageBytes} bytes, given ${byteLength}`);
        }
        const text = toText(body);
        const delaySeconds = Math.min(MAX_SEND_DELAY_SECONDS, Math.ceil((delayMs ?? 0) / 1000));
        try {
          if (fanOut !== undefined && delayMs === undefined)
            await repeatTransient('publish', () => fanOut.publish(text));
          else await repeatTransient('send', () => sqs.send(text, delaySeconds));
        } catch (thrown) {
          throw isTooLarge((thrown as QueueError).cause) ? tooLarge('refused by the queue', thrown) : thrown;
        }
      }),

    receive: ({ maxMessages, maxBytes, waitMs, signal }) =>
      tracked(async () => {
        // What they weigh is known when they are out, so no more are asked for than are sure to fit.
        const fitting = Math.floor(maxBytes / maxMessageBytes);
        const count = Math.max(1, Math.min(MAX_BATCH, maxMessages, fitting));
        const untilMs = systemTime.monotonicMs() + waitMs;
        for (;;) {
          const leftMs = untilMs - systemTime.monotonicMs();
          const waitSeconds = Math.min(POLL_SECONDS, Math.max(0, Math.ceil(leftMs / 1000)));
          const messages = await poll(count, waitSeconds, signal);
          if (messages === undefined) return [];
          if (messages.length > 0) return messages.map(toDelivery);
          if (systemTime.monotonicMs() >= untilMs) return [];
        }
      }),

    acknowledge: (deliveries) =>
      tracked(() => {
        const handles = deliveries.map((delivery) => handleOf(delivery).receiptHandle);
        return inBatches('acknowledge', handles, (batch) => sqs.delete(batch));
      }),

    release: (deliveries, delayMs) =>
      tracked(() => {
        const changes = deliveries.map((delivery) => {
          const handle = handleOf(delivery);
          return {
            receiptHandle: handle.receiptHandle,
            seconds: handle.holdable(Math.ceil(delayMs / 1000)),
          };
        });
        return inBatches('release', changes, (batch) => sqs.changeVisibility(batch));
      }),

    extend: (deliveries) =>
      tracked(() => {
        const changes = deliveries.map((delivery) => {
          const handle = handleOf(delivery);
          return { receiptHandle: handle.receiptHandle, seconds: handle.holdable(visibilitySeconds) };
        });
        return inBatches('extend', changes, (batch) => sqs.changeVisibility(batch));
      }),

    status: () =>
      tracked(async () => {
        const attributes = await readAttributes();
        const waiting = Number(attributes['ApproximateNumberOfMessages'] ?? 0);
        const delayed = Number(attributes['ApproximateNumberOfMessagesDelayed'] ?? 0);
        const delivered = Number(attributes['ApproximateNumberOfMessagesNotVisible'] ?? 0);
        return {
          messages: waiting + delayed + delivered,
          delivered,
          entries: undefined,
          bytes: undefined,
          oldestSentAt: undefined,
        };
      }),

    oldestStamp: () => Promise.reject(new TypeError('sqs: what is settled cannot be told')),

    /** That the queue is there and answers; that it may be sent to is known only by sending. */
    async probe() {
      await tracked(readAttributes);
    },

    close: () => (closing ??= close()),
  };
}

function tooLarge(reason: string, cause?: unknown): QueueError {
  return new QueueError('too-large', 'not-written', `sqs: message too large: ${reason}`, cause);
}

/** A queue that does not exist or may not be used stops the start; an SQS that does not answer may answer later. */
function toStartError(queueUrl: string, thrown: unknown): unknown {
  if (!(thrown instanceof QueueError) || failureOf(thrown.cause).kind === 'transient') return thrown;
  return new StartError(`queue ${queueUrl}: ${thrown.message}`, { cause: thrown });
}
