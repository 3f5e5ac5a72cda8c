import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';

import { createSqsQueue } from '../../src/queue/sqs/sqs-queue.ts';
import type { OpenedQueue, OpenOptions } from '../../src/testing/queue-conformance.ts';
import { testQueueConformance } from '../../src/testing/queue-conformance.ts';
import type { Fauxqs } from '../support/fauxqs.ts';
import { startFauxqs } from '../support/fauxqs.ts';

let fauxqs: Fauxqs;
let client: SQSClient;

before(async () => {
  fauxqs = await startFauxqs();
  const { endpoint, region, credentials } = fauxqs;
  // The driver takes its credentials where every program does.
  process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey;
  client = new SQSClient({ endpoint, region, useQueueUrlAsEndpoint: false });
});

after(async () => {
  client?.destroy();
  await fauxqs?.dispose();
});

async function makeQueue(attributes: Record<string, string> = {}): Promise<string> {
  const command = new CreateQueueCommand({ QueueName: randomUUID(), Attributes: attributes });
  const { QueueUrl = '' } = await client.send(command);
  return QueueUrl;
}

async function openQueue({ shortVisibility }: OpenOptions): Promise<OpenedQueue> {
  const queueUrl = await makeQueue({ VisibilityTimeout: shortVisibility ? '2' : '120' });
  const open = () => createSqsQueue({ queueUrl, region: fauxqs.region, endpoint: fauxqs.endpoint });
  let queue = await open();
  return {
    get queue() {
      return queue;
    },
    /** Another client, as another process would be. */
    async reopen() {
      await queue.close();
      queue = await open();
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
