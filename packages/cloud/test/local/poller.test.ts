/** The poller before a real queue: batches, partial failures, visibility, receives and what happens after the last one. */
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { after, test } from 'node:test';

import { eventually } from '../../../daybook/test/support/eventually.ts';
import { CREDENTIALS, createQueues } from './backends/queues.ts';
import { startTurnedServices } from './backends/turned-services.ts';
import type { Poller, PollerOptions } from './poller.ts';
import { startPoller } from './poller.ts';
import type { Invoked } from './runtime.ts';
import { resolveTemplate } from './template/resolve-template.ts';

const region = 'eu-west-1';
const services = await startTurnedServices();
const client = new SQSClient({ endpoint: services.endpoint, region, credentials: CREDENTIALS });
after(async () => {
  client.destroy();
  await services.close();
});

interface Fed {
  readonly batches: SQSRecord[][];
  readonly poller: Poller;
  send(count: number): Promise<void>;
  /** Visible and hidden ones. */
  left(which?: 'Main' | 'Crashed'): Promise<number>;
}

let stacks = 0;
const done = (payload: unknown): Invoked => ({ kind: 'response', payload, bytes: 0 });

async function feed(
  t: TestContext,
  answer: (records: readonly SQSRecord[]) => Invoked,
  mapping: Partial<PollerOptions['mapping']> = {},
): Promise<Fed> {
  stacks += 1;
  const stack = resolveTemplate(
    {
      Resources: {
        Crashed: { Type: 'AWS::SQS::Queue' },
        Main: {
          Type: 'AWS::SQS::Queue',
          Properties: {
            VisibilityTimeout: 360,
            RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Crashed', 'Arn'] }, maxReceiveCount: 3 },
          },
        },
      },
    },
    { stackName: `poller-${stacks}`, account: '000000000000', region },
  );
  const queues = await createQueues(stack, { endpoint: services.endpoint, region });
  const [crashed, main] = queues;
  assert.ok(crashed && main);
  const batches: SQSRecord[][] = [];
  const poller = startPoller({
    mapping: {
      batchSize: 10,
      windowSeconds: 0,
      maxConcurrency: 2,
      reportBatchItemFailures: true,
      ...mapping,
    },
    queue: main,
    endpoint: services.endpoint,
    region,
    target: {
      invoke(event) {
        const { Records } = event as SQSEvent;
        const told = answer(Records);
        if (told.kind !== 'throttled') batches.push(Records);
        return Promise.resolve(told);
      },
    },
    nowMs: services.nowMs,
  });
  t.after(() => poller.stop());
  return {
    batches,
    poller,
    async send(count) {
      for (let n = 0; n < count; n += 1)
        await client.send(new SendMessageCommand({ QueueUrl: main.url, MessageBody: `message ${n}` }));
    },
    async left(which = 'Main') {
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({
          QueueUrl: (which === 'Main' ? main : crashed).url,
          AttributeNames: ['All'],
        }),
      );
      return (
        Number(Attributes['ApproximateNumberOfMessages']) +
        Number(Attributes['ApproximateNumberOfMessagesNotVisible'])
      );
    },
  };
}

const receivesOf = (batch: readonly SQSRecord[] = []) =>
  batch.map(({ attributes }) => attributes.ApproximateReceiveCount);

test('messages come in batches, once each, and are deleted when they are done', async (t) => {
  const fed = await feed(t, () => done(null));
  await fed.send(25);
  await eventually('all are done', async () => (await fed.left()) === 0);
  assert.ok(fed.batches.every((batch) => batch.length <= 10));
  assert.equal(new Set(fed.batches.flat().map(({ messageId }) => messageId)).size, 25);
  const [record] = fed.batches.flat();
  assert.deepEqual(
    [
      record?.eventSource,
      record?.awsRegion,
      record?.eventSourceARN,
      record?.attributes.ApproximateReceiveCount,
    ],
    ['aws:sqs', region, `arn:aws:sqs:${region}:000000000000:poller-1-Main`, '1'],
  );
});

test('what fails stays hidden until its visibility ends, and then comes with one receive more', async (t) => {
  const fed = await feed(t, (records) => {
    const failing = records.filter(
      ({ body, attributes }) => body === 'message 1' && attributes.ApproximateReceiveCount === '1',
    );
    return done({ batchItemFailures: failing.map(({ messageId }) => ({ itemIdentifier: messageId })) });
  });
  await fed.send(3);
  await eventually('two are done', async () => fed.poller.counts().deleted === 2);
  assert.equal(await fed.left(), 1);
  await services.turn(359_000);
  assert.equal(fed.batches.flat().length, 3);
  await services.turn(2_000);
  await eventually('the third is done', async () => (await fed.left()) === 0);
  assert.deepEqual(receivesOf(fed.batches.at(-1)), ['2']);
});

test('after the last receive that the queue allows, a message is in the queue behind it', async (t) => {
  const fed = await feed(t, () => ({
    kind: 'error',
    error: { errorType: 'Runtime.ExitError', errorMessage: '' },
  }));
  await fed.send(1);
  for (const times of [1, 2, 3]) {
    await eventually(`received ${times} times`, async () => fed.poller.counts().failed === times);
    await services.turn(361_000);
  }
  await eventually('it was moved', async () => (await fed.left('Crashed')) === 1);
  assert.equal(await fed.left(), 0);
  assert.deepEqual(
    fed.batches.map((batch) => receivesOf(batch)[0]),
    ['1', '2', '3'],
  );
});

test('a function that is throttled is asked again, and the receive counts once', async (t) => {
  let asked = 0;
  const fed = await feed(t, () => {
    asked += 1;
    return asked <= 3 ? { kind: 'throttled' } : done(null);
  });
  await fed.send(1);
  await eventually('it is done', async () => (await fed.left()) === 0);
  assert.deepEqual([fed.poller.counts().received, fed.poller.counts().throttles], [1, 3]);
});

test('a window gathers more than one receive gives', async (t) => {
  const fed = await feed(t, () => done(null), { batchSize: 20, windowSeconds: 60 });
  await fed.send(20);
  await eventually('all are done', async () => (await fed.left()) === 0);
  assert.ok(fed.batches.length < 20);
  assert.ok(fed.batches.every((batch) => batch.length <= 20));
});

test('stopping finishes what is under way and takes nothing more', async (t) => {
  const fed = await feed(t, () => done(null));
  await fed.poller.stop();
  await fed.send(1);
  assert.equal(await fed.left(), 1);
  assert.deepEqual(fed.poller.failures, []);
});

test('a receive by somebody else counts as well', async (t) => {
  const fed = await feed(t, () => done(null));
  await fed.poller.stop();
  await fed.send(1);
  const url = `${services.endpoint}/000000000000/poller-${stacks}-Main`;
  const ask = new ReceiveMessageCommand({
    QueueUrl: url,
    VisibilityTimeout: 0,
    MessageSystemAttributeNames: ['All'],
  });
  await client.send(ask);
  const { Messages = [] } = await client.send(ask);
  assert.equal(Messages[0]?.Attributes?.['ApproximateReceiveCount'], '2');
});
