/**
 * The requests to SQS that the queue needs, each bounded in time and made once: what is repeated is decided by
 * `repeat.ts`, which sees every single failure. The only module that imports the
 * SQS client of the AWS SDK.
 */
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';

import type { SqsMessage } from './sqs-delivery.ts';

export interface SqsConnection {
  readonly queueUrl: string;
  readonly region: string;
  readonly endpoint: string;
  /** Of one request; a long poll waits for so much longer than its own time. */
  readonly requestTimeoutMs: number;
}

export interface SqsPoll {
  readonly maxMessages: number;
  readonly waitSeconds: number;
  readonly visibilitySeconds: number;
  readonly signal: AbortSignal;
}

export interface VisibilityChange {
  readonly receiptHandle: string;
  /** From now; 0 makes the message visible at once. */
  readonly seconds: number;
}

/** How an entry of a batch request fared: undefined when it was done. */
export type EntryFailure = { readonly code: string; readonly message: string } | undefined;

/** Every method throws what the SDK throws; see `failure.ts`. Batches have at most ten entries. */
export interface Sqs {
  attributes(): Promise<Readonly<Record<string, string>>>;
  send(body: string, delaySeconds: number): Promise<void>;
  receive(poll: SqsPoll): Promise<readonly SqsMessage[]>;
  /** @returns one answer an entry, in their order. */
  delete(receiptHandles: readonly string[]): Promise<readonly EntryFailure[]>;
  /** @returns one answer an entry, in their order. */
  changeVisibility(changes: readonly VisibilityChange[]): Promise<readonly EntryFailure[]>;
  close(): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Requests at the same time; more wait for a connection. */
const MAX_SOCKETS = 256;

export function createSqs({ queueUrl, region, endpoint, requestTimeoutMs }: SqsConnection): Sqs {
  const client = new SQSClient({
    region,
    // Always given, so that no setting of the environment sends entries elsewhere.
    endpoint,
    useQueueUrlAsEndpoint: false,
    maxAttempts: 1,
    // A message that fails the check would fail every poll that holds it; the envelope has a checksum of its own.
    md5: false,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    },
  });

  return {
    async attributes() {
      const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] });
      return (await client.send(command)).Attributes ?? {};
    },

    async send(body, delaySeconds) {
      // Also when it is 0: the queue may have a delay of its own.
      await client.send(
        new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, DelaySeconds: delaySeconds }),
      );
    },

    async receive({ maxMessages, waitSeconds, visibilitySeconds, signal }) {
      const command = new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: maxMessages,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: visibilitySeconds,
        MessageSystemAttributeNames: ['SentTimestamp'],
      });
      const requestTimeout = waitSeconds * 1000 + requestTimeoutMs;
      const { Messages = [] } = await client.send(command, { abortSignal: signal, requestTimeout });
      return Messages.map(({ Body = '', ReceiptHandle = '', Attributes }) => ({
        body: Body,
        receiptHandle: ReceiptHandle,
        sentMs: Number(Attributes?.SentTimestamp ?? 0),
      }));
    },

    async delete(receiptHandles) {
      const entries = receiptHandles.map((handle, index) => ({ Id: String(index), ReceiptHandle: handle }));
      const command = new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries });
      return entryFailures(await client.send(command), entries.length);
    },

    async changeVisibility(changes) {
      const entries = changes.map(({ receiptHandle, seconds }, index) => ({
        Id: String(index),
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: seconds,
      }));
      const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries: entries });
      return entryFailures(await client.send(command), entries.length);
    },

    close: () => client.destroy(),
  };
}

interface BatchAnswer {
  readonly Successful?: readonly { readonly Id: string | undefined }[] | undefined;
  readonly Failed?:
    | readonly { readonly Id: string | undefined; Code: string | undefined; Message?: string | undefined }[]
    | undefined;
}

/** An entry that the answer does not mention has failed. */
function entryFailures({ Successful = [], Failed = [] }: BatchAnswer, entries: number): EntryFailure[] {
  const failures = Array.from({ length: entries }, (): EntryFailure => UNMENTIONED);
  for (const { Id } of Successful) failures[Number(Id)] = undefined;
  for (const { Id, Code = '', Message = '' } of Failed)
    failures[Number(Id)] = { code: Code, message: Message };
  return failures;
}

const UNMENTIONED = { code: 'Unmentioned', message: 'the answer does not say how it fared' };
