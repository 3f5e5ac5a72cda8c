/**
 * What the functions that read queues have around them: SQS, DynamoDB and S3 as emulators, their settings in the
 * environment, and an event source that does by hand what Lambda's does. Everything ends with the file.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after } from 'node:test';

import type { Message } from '@aws-sdk/client-sqs';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

import { loadConfig } from '../../src/config/load.ts';
import type { Batch } from '../../src/envelope.ts';
import { encodeEnvelope } from '../../src/envelope.ts';
import type { HandlerParts } from '../../src/lambda/handler-parts.ts';
import { openHandlerParts } from '../../src/lambda/handler-parts.ts';
import type { SqsHandler } from '../../src/lambda/persister.ts';
import type { DeadLetters } from '../../src/persister/dead-letters.ts';
import { createDeadLetters } from '../../src/persister/dead-letters.ts';
import type { Store } from '../../src/store/store.ts';
import type { DynamoDbTables } from '../support/dynamodb-tables.ts';
import { startDynamoDbTables } from '../support/dynamodb-tables.ts';
import { startFauxqs } from '../support/fauxqs.ts';
import { startStrictS3 } from '../support/strict-s3.ts';

export interface Surroundings {
  readonly tables: DynamoDbTables;
  /** A table, a prefix and a queue of one's own, as the environment of a function names them. */
  enter(): Promise<Place>;
}

export interface Place {
  readonly environment: Readonly<Record<string, string>>;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly store: Store;
  readonly letters: DeadLetters;
  /** What handlers emitted and put back since then. */
  readonly told: Record<string, number>[];
  readonly putBack: { readonly deliveries: number; readonly delayMs: number }[];
  /** As an execution environment opens them at its first event. */
  openParts(bends?: Partial<HandlerParts>): () => Promise<HandlerParts>;
  send(...bodies: Uint8Array[]): Promise<void>;
  /** What SQS has ready, at most ten messages. */
  receive(): Promise<SQSEvent>;
  /** Invokes, and deletes what the answer does not name. @returns what it names. */
  invoke(handler: SqsHandler, event: SQSEvent, timeoutMs?: number): Promise<string[]>;
  /** Messages that are not deleted. */
  left(): Promise<number>;
}

const BUCKET = 'daybook';
const NEVER_MS = 900_000;

export async function startSurroundings(): Promise<Surroundings> {
  const tables = await startDynamoDbTables();
  const fauxqs = await startFauxqs({ persistent: false });
  const s3 = await startStrictS3(fauxqs.endpoint);
  const { endpoint, region, credentials } = fauxqs;
  process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey;
  assert.equal((await fetch(`${endpoint}/${BUCKET}`, { method: 'PUT' })).status, 200);
  const client = new SQSClient({ endpoint, region, useQueueUrlAsEndpoint: false });
  after(async () => {
    client.destroy();
    await s3.close();
    await fauxqs.dispose();
    await tables.dispose();
  });

  async function enter(): Promise<Place> {
    const name = randomUUID();
    const Attributes = { MaximumMessageSize: '1048576', VisibilityTimeout: '360' };
    const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
    const [account] = new URL(QueueUrl).pathname.split('/').slice(1);
    const queueArn = `arn:aws:sqs:${region}:${account}:${name}`;
    const table = tables.newTable();
    const store = await tables.open(table);
    const environment = {
      DAYBOOK_STORE: `dynamodb://eu-west-1/${table}?endpoint=${tables.proxy.endpoint}`,
      DAYBOOK_QUEUE: `sqs://${region}/${account}/${name}?endpoint=${endpoint}`,
      DAYBOOK_OBJECTS: `s3://${BUCKET}/${name}?region=${region}&endpoint=${s3.endpoint}`,
      DAYBOOK_LOG_LEVEL: 'silent',
    };
    const config = await loadConfig({}, environment);
    const parts = await openHandlerParts('test', config);
    const told: Place['told'] = [];
    const putBack: { deliveries: number; delayMs: number }[] = [];
    after(async () => (await parts.queueOf(queueArn)).close());

    return {
      environment,
      queueUrl: QueueUrl,
      queueArn,
      store,
      letters: createDeadLetters({ objects: parts.objects, store }),
      told,
      putBack,
      openParts:
        (bends = {}) =>
        async () => ({
          ...parts,
          emit: (values) => void told.push({ ...values }),
          async queueOf(arn) {
            const queue = await parts.queueOf(arn);
            return {
              ...queue,
              async release(deliveries, delayMs) {
                putBack.push({ deliveries: deliveries.length, delayMs });
                await queue.release(deliveries, delayMs);
              },
            };
          },
          ...bends,
        }),
      async send(...bodies) {
        for (const body of bodies) {
          const MessageBody = Buffer.from(body).toString('base64');
          await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
        }
      },
      async receive() {
        const command = new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: 10,
          MessageSystemAttributeNames: ['All'],
        });
        return toEvent((await client.send(command)).Messages ?? [], queueArn);
      },
      async invoke(handler, event, timeoutMs = NEVER_MS) {
        const endMs = performance.now() + timeoutMs;
        const answer = await handler(event, { getRemainingTimeInMillis: () => endMs - performance.now() });
        const failed = failedIn(answer, event);
        for (const { messageId, receiptHandle } of event.Records) {
          if (failed.includes(messageId)) continue;
          await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: receiptHandle }));
        }
        return failed;
      },
      async left() {
        const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
        const { Attributes = {} } = await client.send(command);
        return (
          Number(Attributes['ApproximateNumberOfMessages']) +
          Number(Attributes['ApproximateNumberOfMessagesNotVisible'])
        );
      },
    };
  }

  return { tables, enter };
}

export function envelopeOf(batch: Batch): Uint8Array {
  return encodeEnvelope({ batch });
}

/** "Using Lambda with Amazon SQS", AWS Lambda Developer Guide: the event of a standard queue. */
function toEvent(messages: readonly Message[], queueArn: string): SQSEvent {
  return {
    Records: messages.map(
      ({ MessageId = '', ReceiptHandle = '', Body = '', MD5OfBody = '', Attributes = {} }) => ({
        messageId: MessageId,
        receiptHandle: ReceiptHandle,
        body: Body,
        attributes: {
          ApproximateReceiveCount: Attributes.ApproximateReceiveCount ?? '1',
          SentTimestamp: Attributes.SentTimestamp ?? '',
          SenderId: Attributes.SenderId ?? '',
          ApproximateFirstReceiveTimestamp: Attributes.ApproximateFirstReceiveTimestamp ?? '',
        },
        messageAttributes: {},
        md5OfBody: MD5OfBody,
        eventSource: 'aws:sqs',
        eventSourceARN: queueArn,
        awsRegion: queueArn.split(':')[3] ?? '',
      }),
    ),
  };
}

/** Lambda takes an answer with an id that the event does not have for a failure of everything. */
function failedIn({ batchItemFailures }: SQSBatchResponse, { Records }: SQSEvent): string[] {
  const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  for (const id of failed)
    assert.ok(
      Records.some(({ messageId }) => messageId === id),
      id,
    );
  assert.equal(new Set(failed).size, failed.length);
  return failed;
}
