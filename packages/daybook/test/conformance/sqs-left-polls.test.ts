/**
 * SQS goes on with a long poll whose caller has hung up, and hides what comes to it until the visibility timeout is over.
 * So no wait that ends early may leave one behind: a deployment, or a database that is away, would delay entries by it.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';

import type { Queue } from '../../src/queue/queue.ts';
import { createSqsQueue } from '../../src/queue/sqs/sqs-queue.ts';
import { eventually } from '../support/eventually.ts';
import type { Fauxqs } from '../support/fauxqs.ts';
import { startFauxqs } from '../support/fauxqs.ts';

/** Longer than any test waits. */
const VISIBILITY_SECONDS = '3600';
/** In which a request comes to the queue; on a machine that takes longer these tests see less, and fail no more. */
const REQUEST_MS = 300;
const MESSAGE = { body: Buffer.from('an envelope'), entries: 1, oldestStamp: 1 };

let fauxqs: Fauxqs;
let client: SQSClient;

before(async () => {
  fauxqs = await startFauxqs({ persistent: false });
  const { endpoint, region, credentials } = fauxqs;
  process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey;
  client = new SQSClient({ endpoint, region, useQueueUrlAsEndpoint: false });
});
after(async () => {
  client?.destroy();
  await fauxqs?.dispose();
});

/** Two processes of one queue. */
async function openTwo(): Promise<readonly [Queue, Queue]> {
  const Attributes = { VisibilityTimeout: VISIBILITY_SECONDS };
  const { QueueUrl = '' } = await client.send(
    new CreateQueueCommand({ QueueName: randomUUID(), Attributes }),
  );
  const { endpoint, region } = fauxqs;
  const open = () => createSqsQueue({ queueUrl: QueueUrl, region, endpoint });
  const queues = [await open(), await open()] as const;
  after(() => Promise.all(queues.map((queue) => queue.close())));
  return queues;
}

async function assertGiven(queue: Queue): Promise<void> {
  const [delivery] = await eventually('another is given what was sent', async () => {
    const deliveries = await queue.receive({ maxMessages: 10, maxBytes: 1_000_000, waitMs: 0 });
    return deliveries.length > 0 && deliveries;
  });
  assert.deepEqual(Buffer.from(delivery?.body ?? []).toString(), 'an envelope');
}

test('what comes after a wait was interrupted is given to another', async () => {
  const [leaver, stayer] = await openTwo();
  const ending = new AbortController();
  const waiting = leaver.receive({
    maxMessages: 10,
    maxBytes: 1_000_000,
    waitMs: 20_000,
    signal: ending.signal,
  });
  await sleep(REQUEST_MS);
  ending.abort();
  assert.deepEqual(await waiting, []);
  await stayer.send(MESSAGE);
  await assertGiven(stayer);
});

test('what comes while a queue is being closed is given to another', async () => {
  const [leaver, stayer] = await openTwo();
  const waiting = leaver.receive({ maxMessages: 10, maxBytes: 1_000_000, waitMs: 20_000 });
  await sleep(REQUEST_MS);
  const closing = leaver.close();
  await stayer.send(MESSAGE);
  await closing;
  assert.deepEqual(await waiting, []);
  await assertGiven(stayer);
});

test('what comes after a queue was closed is given to another', async () => {
  const [leaver, stayer] = await openTwo();
  const waiting = leaver.receive({ maxMessages: 10, maxBytes: 1_000_000, waitMs: 20_000 });
  await sleep(REQUEST_MS);
  await leaver.close();
  assert.deepEqual(await waiting, []);
  await stayer.send(MESSAGE);
  await assertGiven(stayer);
});
