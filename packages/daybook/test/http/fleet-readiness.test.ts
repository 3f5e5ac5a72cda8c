/** What a server says of itself when others may share its queue, but not its object storage. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';

import type { Fauxqs } from '../support/fauxqs.ts';
import { startFauxqs } from '../support/fauxqs.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';

const NOTE =
  'a fleet needs object storage that all of it sees (objects.url, DAYBOOK_OBJECTS), given file: while the sqs queue is shared';
let fauxqs: Fauxqs;
let queueUrl: string;

before(async () => {
  fauxqs = await startFauxqs({ persistent: false });
  const { endpoint, region, credentials } = fauxqs;
  const sqs = new SQSClient({ endpoint, region, credentials });
  try {
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'fleet' }));
    queueUrl = `sqs://${region}${new URL(QueueUrl).pathname}?endpoint=${endpoint}`;
  } finally {
    sqs.destroy();
  }
});
after(() => fauxqs?.dispose());

async function withServer(
  env: Record<string, string>,
  use: (daybook: StartedDaybook) => Promise<void>,
): Promise<void> {
  const { accessKeyId, secretAccessKey } = fauxqs.credentials;
  const credentials = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  const daybook = await startDaybook({ env: { ...credentials, ...env } });
  try {
    await use(daybook);
  } finally {
    await daybook.stop();
  }
}

async function ready({ address }: StartedDaybook): Promise<unknown> {
  const response = await fetch(`${address}/readyz`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return (JSON.parse(text) as { notes?: unknown }).notes;
}

async function objectsOf(daybook: StartedDaybook): Promise<{ state: string; detail?: string } | undefined> {
  const headers = { authorization: `Bearer ${await daybook.adminKey()}` };
  const response = await fetch(`${daybook.address}/api/status`, { headers });
  const { components } = (await response.json()) as {
    components: Record<string, { state: string; detail?: string }>;
  };
  return components['objects'];
}

test('a queue that others share and a folder of this server for objects: ready, with a note', () =>
  withServer({ DAYBOOK_QUEUE: queueUrl }, async (daybook) => {
    assert.deepEqual(await ready(daybook), [NOTE]);
    const objects = await objectsOf(daybook);
    assert.deepEqual([objects?.state, objects?.detail], ['not-shared', NOTE]);
    const metrics = await (await fetch(`${daybook.address}/metrics`)).text();
    assert.match(metrics, /^daybook_component_ok\{component="objects"\} 0$/m);
  }));

test('with a queue of its own a folder is right, and nothing is noted', () =>
  withServer({ DAYBOOK_QUEUE: 'sqlite:' }, async (daybook) => {
    assert.equal(await ready(daybook), undefined);
    assert.equal((await objectsOf(daybook))?.state, 'ok');
  }));

test('without a queue nothing is given up on, and there is no object storage to speak of', () =>
  withServer({ DAYBOOK_QUEUE: 'none' }, async (daybook) => {
    assert.equal(await ready(daybook), undefined);
    assert.equal(await objectsOf(daybook), undefined);
  }));
