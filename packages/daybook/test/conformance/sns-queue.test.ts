/**
 * The queue with a topic before it: the same rules, and what is special about it. SNS and SQS are one emulator.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

import { StartError } from '../../src/errors.ts';
import type { QueueError } from '../../src/queue/queue.ts';
import { createSqsQueue } from '../../src/queue/sqs/sqs-queue.ts';
import type { OpenedQueue, OpenOptions } from '../../src/testing/queue-conformance.ts';
import { testQueueConformance } from '../../src/testing/queue-conformance.ts';
import { eventually } from '../support/eventually.ts';
import type { Fauxqs } from '../support/fauxqs.ts';
import { startFauxqs } from '../support/fauxqs.ts';

let fauxqs: Fauxqs;
let sqs: SQSClient;
let sns: SNSClient;

before(async () => {
  fauxqs = await startFauxqs();
  const { endpoint, region, credentials } = fauxqs;
  process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey;
  sqs = new SQSClient({ endpoint, region, useQueueUrlAsEndpoint: false });
  sns = new SNSClient({ endpoint, region });
});

after(async () => {
  sqs?.destroy();
  sns?.destroy();
  await fauxqs?.dispose();
});

async function makeQueue(attributes: Record<string, string> = {}): Promise<string> {
  const command = new CreateQueueCommand({ QueueName: randomUUID(), Attributes: attributes });
  return (await sqs.send(command)).QueueUrl ?? '';
}

async function makeTopic(): Promise<string> {
  return (await sns.send(new CreateTopicCommand({ Name: randomUUID() }))).TopicArn ?? '';
}

async function subscribe(topicArn: string, queueUrl: string, raw = true): Promise<void> {
  const [account, name] = new URL(queueUrl).pathname.split('/').slice(-2);
  await sns.send(
    new SubscribeCommand({
      TopicArn: topicArn,
      Protocol: 'sqs',
      Endpoint: `arn:aws:sqs:${fauxqs.region}:${account}:${name}`,
      Attributes: { RawMessageDelivery: String(raw) },
    }),
  );
}

function open(queueUrl: string, topicArn: string, maxBytes?: number) {
  const { region, endpoint } = fauxqs;
  const topic = { arn: topicArn, endpoint, ...(maxBytes !== undefined && { maxBytes }) };
  return createSqsQueue({ queueUrl, region, endpoint, topic });
}

async function openQueue({ shortVisibility }: OpenOptions): Promise<OpenedQueue> {
  const queueUrl = await makeQueue({ VisibilityTimeout: shortVisibility ? '2' : '120' });
  const topicArn = await makeTopic();
  await subscribe(topicArn, queueUrl);
  let queue = await open(queueUrl, topicArn);
  return {
    get queue() {
      return queue;
    },
    async reopen() {
      await queue.close();
      queue = await open(queueUrl, topicArn);
      return queue;
    },
    async startOutage() {
      await fauxqs.stop();
      return { end: () => fauxqs.start() };
    },
    dispose: () => queue.close(),
  };
}

testQueueConformance(test, openQueue);

const MESSAGE = { body: Buffer.from('a batch'), entries: 1, oldestStamp: 1 };

async function bodiesIn(queueUrl: string): Promise<string[]> {
  const command = new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 });
  const { Messages = [] } = await sqs.send(command);
  return Messages.map(({ Body = '' }) => Buffer.from(Body, 'base64').toString());
}

test('whoever else subscribes gets each batch, and nothing of what is sent back to be tried again', async () => {
  const [queueUrl, other, topicArn] = [await makeQueue(), await makeQueue(), await makeTopic()];
  await subscribe(topicArn, queueUrl);
  await subscribe(topicArn, other);
  const queue = await open(queueUrl, topicArn);
  try {
    await queue.send(MESSAGE);
    await queue.send({ ...MESSAGE, body: Buffer.from('tried again'), delayMs: 0 });
    assert.deepEqual(await bodiesIn(other), ['a batch']);
    const received: string[] = [];
    await eventually('both are in the queue', async () => {
      const deliveries = await queue.receive({ maxMessages: 10, maxBytes: 1e8, waitMs: 0 });
      received.push(...deliveries.map(({ body }) => Buffer.from(body).toString()));
      return received.length === 2;
    });
    assert.deepEqual(received.toSorted(), ['a batch', 'tried again']);
  } finally {
    await queue.close();
  }
});

test('a subscription that wraps messages in JSON loses nothing either', async () => {
  const [queueUrl, topicArn] = [await makeQueue(), await makeTopic()];
  await subscribe(topicArn, queueUrl, false);
  const queue = await open(queueUrl, topicArn);
  try {
    await queue.send(MESSAGE);
    const [delivery] = await queue.receive({ maxMessages: 1, maxBytes: 1e8, waitMs: 1_000 });
    assert.deepEqual(Buffer.from(delivery?.body ?? []), MESSAGE.body);
  } finally {
    await queue.close();
  }
});

test('a message is as large as topic and queue both take it', async () => {
  const [queueUrl, small, topicArn] = [
    await makeQueue(),
    await makeQueue({ MaximumMessageSize: '4096' }),
    await makeTopic(),
  ];
  await subscribe(topicArn, queueUrl);
  await subscribe(topicArn, small);
  for (const [url, maxBytes, expected] of [
    [queueUrl, undefined, 196_608],
    [queueUrl, 1_048_576, 786_432],
    [small, undefined, 3_072],
  ] as const) {
    const queue = await open(url, topicArn, maxBytes);
    try {
      assert.equal(queue.capabilities.maxMessageBytes, expected);
      const tooLarge = { ...MESSAGE, body: Buffer.alloc(expected + 1) };
      await assert.rejects(queue.send(tooLarge), ({ reason }: QueueError) => reason === 'too-large');
    } finally {
      await queue.close();
    }
  }
});

test('a message that the topic has come to find too large is refused as such', async () => {
  const [queueUrl, topicArn] = [await makeQueue(), await makeTopic()];
  await subscribe(topicArn, queueUrl);
  const queue = await open(queueUrl, topicArn, 1_048_576);
  try {
    const sent = queue.send({ ...MESSAGE, body: Buffer.alloc(300_000) });
    await assert.rejects(sent, ({ reason, outcome }: QueueError) => {
      assert.deepEqual([reason, outcome], ['too-large', 'not-written']);
      return true;
    });
  } finally {
    await queue.close();
  }
});

test('a topic that does not feed the queue stops the start', async () => {
  const [queueUrl, other, topicArn] = [await makeQueue(), await makeQueue(), await makeTopic()];
  await subscribe(topicArn, other);
  await assert.rejects(open(queueUrl, topicArn), (error) => {
    assert.ok(error instanceof StartError, String(error));
    assert.match(error.message, /expected a subscription of arn:aws:sqs:/);
    return true;
  });
});
