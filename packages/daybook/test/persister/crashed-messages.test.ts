/**
 * The queue behind the queue, read by a server, with a real queue: what crashed the persister is stored or becomes dead
 * letters on which `daybook dead-letters` works, and a message that would end the process ends it once.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { after, test } from 'node:test';

import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';

import { createClock, systemTime } from '../../src/clock.ts';
import type { Entry } from '../../src/entry.ts';
import { encodeEnvelope } from '../../src/envelope.ts';
import type { CrashedMessages } from '../../src/persister/crashed-messages.ts';
import { createCrashedMessages } from '../../src/persister/crashed-messages.ts';
import { rawIdOf } from '../../src/persister/dead-letter.ts';
import { createSqsQueue } from '../../src/queue/sqs/sqs-queue.ts';
import { random, sleep } from '../../src/retry.ts';
import type { Store } from '../../src/store/store.ts';
import { StoreError } from '../../src/store/store.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { runCli } from '../cli/run-cli.ts';
import { eventually } from '../support/eventually.ts';
import { startFauxqs } from '../support/fauxqs.ts';
import { startDaybook } from '../support/start-daybook.ts';
import type { RealParts } from './real-persister.ts';
import { letterIds, openParts, placesOf, sendBatch, untilDrained } from './real-persister.ts';

const fauxqs = await startFauxqs({ persistent: false });
const { endpoint, region, credentials } = fauxqs;
process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId;
process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey;
const client = new SQSClient({ endpoint, region, useQueueUrlAsEndpoint: false });
after(async () => {
  client.destroy();
  await fauxqs.dispose();
});

async function makeQueue(visibilitySeconds: number): Promise<string> {
  const Attributes = { VisibilityTimeout: String(visibilitySeconds), MaximumMessageSize: '1048576' };
  const { QueueUrl = '' } = await client.send(
    new CreateQueueCommand({ QueueName: randomUUID(), Attributes }),
  );
  return QueueUrl;
}

async function enter(t: TestContext, visibilitySeconds: number): Promise<RealParts> {
  const queueUrl = await makeQueue(visibilitySeconds);
  return openParts(t, { queue: await createSqsQueue({ queueUrl, region, endpoint }) });
}

/** Until the test ends, or it is closed. */
function start(t: TestContext, parts: RealParts, store: Partial<Store> = {}): CrashedMessages {
  const clock = createClock(systemTime);
  const messages = createCrashedMessages({
    // What is put back comes again at once.
    queue: { ...parts.queue, release: (deliveries) => parts.queue.release(deliveries, 0) },
    store: { ...parts.store, ...store },
    deadLetters: parts.letters,
    limits: { concurrency: 2, maxBatchEntries: 1_000, maxBatchBytes: 8_000_000 },
    nowMicros: () => clock.nowMicros(),
    nowMs: () => clock.elapsedMs(),
    sleep,
    random,
    onStored: () => undefined,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  messages.start();
  t.after(() => messages.close());
  return messages;
}

function makeEntries(...payloads: string[]): Entry[] {
  return payloads.map((payload) => makeEntry({ payload: Buffer.from(payload), contentType: 'text/plain' }));
}

test('what can be stored is, what cannot is a dead letter, and the queue is empty', async (t) => {
  const parts = await enter(t, 60);
  const entries = makeEntries(...Array.from({ length: 50 }, (_, n) => `sound ${n}`), 'poison');
  const poison = entries[50]?.id ?? '';
  const unreadable = Buffer.from('nobody knows what this is');
  await sendBatch(parts.queue, createSource('crashed')(entries));
  await parts.queue.send({ body: unreadable, entries: 0, oldestStamp: 1 });
  start(t, parts, {
    async persist(batches) {
      const isPoison = batches.some(({ batch, leftOut }) =>
        batch.entries.some(({ id }, index) => id === poison && !leftOut.some((out) => out.index === index)),
      );
      if (isPoison) throw new StoreError('rejected', 'not-written', 'it does not go in');
      return parts.store.persist(batches);
    },
  });
  await untilDrained(parts);
  await eventually('the net is gone', async () => (await letterIds(parts)).length === 2);
  assert.deepEqual((await letterIds(parts)).toSorted(), [poison, rawIdOf(unreadable)].toSorted());
  assert.deepEqual(await placesOf(parts), { accepted: 51, stored: 50, dead: 1 });
});

test('while the store is away everything stays, and no letter is written', async (t) => {
  const parts = await enter(t, 60);
  await sendBatch(parts.queue, createSource('waits')(makeEntries('one', 'two')));
  let asked = 0;
  let isAway = true;
  start(t, parts, {
    async probe() {
      asked += 1;
      if (isAway) throw new StoreError('unavailable', 'not-written', 'away');
      await parts.store.probe();
    },
  });
  await eventually('it was tried and tried again', async () => asked > 2);
  assert.deepEqual(await letterIds(parts), []);
  assert.equal((await parts.queue.status()).messages, 1);
  isAway = false;
  await untilDrained(parts);
  assert.deepEqual(await placesOf(parts), { accepted: 2, stored: 2 });
});

test('a message that ends whoever takes it is tried once, and kept whole', async (t) => {
  const parts = await enter(t, 1);
  const batch = createSource('deadly')(makeEntries('one', 'two'));
  const raw = rawIdOf(encodeEnvelope({ batch }));
  await sendBatch(parts.queue, batch);
  // Its time is over, as that of a process that is killed: the net stays.
  let tried = 0;
  const deadly = start(t, parts, {
    persist() {
      tried += 1;
      return new Promise<never>(() => undefined);
    },
  });
  await untilDrained(parts);
  await deadly.close();
  assert.equal(tried, 1);
  assert.deepEqual(await letterIds(parts), [raw]);
  assert.equal((await parts.letters.show(raw))?.reason.code, 'persister-crashed');
  assert.deepEqual(await parts.letters.replay(raw), { outcome: 'stored' });
  assert.deepEqual(await placesOf(parts), { accepted: 2, stored: 2 });
});

test('a server that persists does it, and the command line replays what is left', async (t) => {
  const [main, behind] = [await makeQueue(60), await makeQueue(60)];
  const queue = await createSqsQueue({ queueUrl: behind, region, endpoint });
  t.after(() => queue.close());
  const body = Buffer.from('not what anybody sent');
  await queue.send({ body, entries: 0, oldestStamp: 1 });
  const [entry] = makeEntries('held back');
  await sendBatch(queue, createSource('moved')([entry as Entry]));
  const [, account, name] = new URL(main).pathname.split('/');
  const crashed = behind.split('/').at(-1);
  const server = await startDaybook({
    env: {
      DAYBOOK_QUEUE: `sqs://${region}/${account}/${name}?endpoint=${endpoint}&crashed=${crashed}`,
      DAYBOOK_LOG_LEVEL: 'info',
    },
  });
  assert.ok(server.started, server.stderr());
  t.after(() => server.stop());
  await eventually('what crashed is gone', async () => (await queue.status()).messages === 0);
  const found = await fetch(`${server.address}/app/${entry?.id}`);
  await found.body?.cancel();
  assert.equal(found.status, 200);
  const env = { DAYBOOK_URL: server.address, DAYBOOK_API_KEY: await server.adminKey() };
  const listed = await runCli(['dead-letters', 'list'], { env });
  assert.match(listed.stdout, new RegExp(`${rawIdOf(body)} .*envelope-broken`), listed.stderr);
  const discarded = await runCli(['dead-letters', 'discard', rawIdOf(body), '--yes'], { env });
  assert.equal(discarded.exitCode, 0, discarded.stderr);
});
