/**
 * Lambda's event source mapping of a queue ("Using Lambda with Amazon SQS", AWS Lambda): long polls, hands batches to the
 * function within the window and the concurrency of the mapping, and deletes what the function has done. What it has not
 * stays hidden until its visibility ends, with one more receive on its count; SQS moves it when that is the last.
 *
 * A function that is throttled is asked again until the visibility of its batch ends.
 */
import type { Message } from '@aws-sdk/client-sqs';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { setTimeout as sleep } from 'node:timers/promises';

import type { LocalQueue } from './backends/queues.ts';
import { CREDENTIALS } from './backends/queues.ts';
import { failedMessages } from './batch-response.ts';
import type { Invoked, LocalFunction } from './runtime.ts';

export interface EventSourceMapping {
  readonly batchSize: number;
  readonly windowSeconds: number;
  /** Invocations at the same time. */
  readonly maxConcurrency: number;
  readonly reportBatchItemFailures: boolean;
}

export interface PollerOptions {
  readonly mapping: EventSourceMapping;
  readonly queue: LocalQueue;
  readonly endpoint: string;
  readonly region: string;
  readonly target: Pick<LocalFunction, 'invoke'>;
  /** Of the queue's service. */
  readonly nowMs: () => number;
  /** Before the function sees a batch: duplicates, another order. Default: as received. */
  readonly arrange?: (messages: readonly Message[]) => readonly Message[];
}

export interface PollerCounts {
  /** Receives of messages: one message that came three times counts three. */
  readonly received: number;
  readonly batches: number;
  readonly deleted: number;
  /** Told by the function, or held against it because it did not tell properly. */
  readonly failed: number;
  readonly throttles: number;
}

export interface Poller {
  counts(): PollerCounts;
  /** What went wrong in the poller itself: a service that did not answer. */
  readonly failures: readonly unknown[];
  /** Finishes what is under way. Idempotent. */
  stop(): Promise<void>;
}

/** Lambda waits 20 s; a test would wait as long for its end. */
const WAIT_SECONDS = 1;
const MAX_RECEIVED = 10;
const THROTTLE_PAUSE_MS = 100;
const FAILURE_PAUSE_MS = 200;

export function startPoller(options: PollerOptions): Poller {
  const { mapping, queue, endpoint, region, target, nowMs, arrange = (messages) => messages } = options;
  const client = new SQSClient({ endpoint, region, credentials: CREDENTIALS });
  const counts = { received: 0, batches: 0, deleted: 0, failed: 0, throttles: 0 };
  const failures: unknown[] = [];
  const underWay = new Set<Promise<void>>();
  let stopping = false;

  async function receive(): Promise<Message[]> {
    const gathered: Message[] = [];
    const untilMs = nowMs() + mapping.windowSeconds * 1000;
    do {
      const left = mapping.batchSize - gathered.length;
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: queue.url,
          MaxNumberOfMessages: Math.min(MAX_RECEIVED, left),
          WaitTimeSeconds: WAIT_SECONDS,
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        }),
      );
      gathered.push(...Messages);
      counts.received += Messages.length;
      // Without a window the function is asked as soon as there is something.
    } while (!stopping && gathered.length > 0 && gathered.length < mapping.batchSize && nowMs() < untilMs);
    return gathered;
  }

  async function invoke(event: SQSEvent, visibleMs: number): Promise<Invoked | undefined> {
    while (nowMs() < visibleMs) {
      const told = await target.invoke(event);
      if (told.kind !== 'throttled') return told;
      counts.throttles += 1;
      if (stopping) return undefined;
      await sleep(THROTTLE_PAUSE_MS);
    }
    return undefined;
  }

  async function deliver(messages: readonly Message[]): Promise<void> {
    const visibleMs = nowMs() + queue.visibilityMs;
    counts.batches += 1;
    const event: SQSEvent = { Records: arrange(messages).map((message) => toRecord(message, queue, region)) };
    const told = await invoke(event, visibleMs);
    const ids = new Set(messages.map(({ MessageId = '' }) => MessageId));
    const failed = failedMessages(told, ids, mapping.reportBatchItemFailures);
    counts.failed += failed.size;
    const done = messages.filter(({ MessageId = '' }) => !failed.has(MessageId));
    for (let from = 0; from < done.length; from += MAX_RECEIVED) {
      const Entries = done
        .slice(from, from + MAX_RECEIVED)
        .map(({ ReceiptHandle = '' }, index) => ({ Id: String(index), ReceiptHandle }));
      await client.send(new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries }));
      counts.deleted += Entries.length;
    }
  }

  async function run(): Promise<void> {
    while (!stopping) {
      if (underWay.size >= mapping.maxConcurrency) {
        await Promise.race(underWay);
        continue;
      }
      try {
        const messages = await receive();
        if (messages.length === 0) continue;
        const delivered = deliver(messages)
          .catch((thrown: unknown) => void failures.push(thrown))
          .finally(() => underWay.delete(delivered));
        underWay.add(delivered);
      } catch (thrown) {
        failures.push(thrown);
        await sleep(FAILURE_PAUSE_MS);
      }
    }
    await Promise.all(underWay);
    client.destroy();
  }
  const running = run();
  return {
    counts: () => ({ ...counts }),
    failures,
    async stop() {
      stopping = true;
      await running;
    },
  };
}

/** "Example SQS message event", the same page. */
export function toRecord(message: Message, { arn }: Pick<LocalQueue, 'arn'>, region: string): SQSRecord {
  const { MessageId = '', ReceiptHandle = '', Body = '', MD5OfBody = '', Attributes = {} } = message;
  const given = Object.entries(message.MessageAttributes ?? {});
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    md5OfBody: MD5OfBody,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '0',
      ...Attributes,
    },
    messageAttributes: Object.fromEntries(
      given.map(([name, { DataType = 'String', StringValue, BinaryValue }]) => [
        name,
        {
          dataType: DataType,
          ...(StringValue !== undefined && { stringValue: StringValue }),
          ...(BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
        },
      ]),
    ),
    eventSource: 'aws:sqs',
    eventSourceARN: arn,
    awsRegion: region,
  };
}
