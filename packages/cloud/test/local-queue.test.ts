/**
 * What goes wrong between a queue and a table, in the topology `gateway-queue` on this machine: poison among a thousand
 * entries, messages that come twice and in another order, environments that are killed, an hour without the table, and
 * messages that crash the persister again and again. Whatever was acknowledged is found, once.
 */
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createClient } from 'daybook/client';
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { after, test } from 'node:test';

import type { Batch } from '../../daybook/src/envelope.ts';
import { encodeEnvelope } from '../../daybook/src/envelope.ts';
import { createS3Objects } from '../../daybook/src/objects/s3/s3-objects.ts';
import { createDeadLetters } from '../../daybook/src/persister/dead-letters.ts';
import { createSource, makeEntry } from '../../daybook/src/testing/made-batches.ts';
import { runCli } from '../../daybook/test/cli/run-cli.ts';
import { eventually } from '../../daybook/test/support/eventually.ts';
import { startStrictS3 } from '../../daybook/test/support/strict-s3.ts';
import { CREDENTIALS } from './local/backends/queues.ts';
import type { Poller } from './local/poller.ts';
import { openTopology } from './local/topology.ts';

const MINUTE_MS = 60_000;

const cloud = await openTopology('gateway-queue', 'dev', {
  persistentTable: true,
  changes: { front: { kind: 'rest-api', throttle: { ratePerSecond: 10_000, burst: 5_000 } } },
});
const { url } = cloud.front;
const queue = cloud.queueOf('persister');
const sqs = new SQSClient({
  endpoint: cloud.services().endpoint,
  region: cloud.region,
  credentials: CREDENTIALS,
});
after(() => sqs.destroy());
const admin = createClient({ baseUrl: url, apiKey: await cloud.adminKey() });
const persister = cloud.functionOf('persister');

/** Until the test ends, however it ends. */
function poll(t: TestContext, ...given: Parameters<typeof cloud.poll>): Poller {
  const poller = cloud.poll(...given);
  t.after(poller.stop);
  return poller;
}

/** @returns the ids of what was acknowledged. */
async function postLines(payloads: readonly string[]): Promise<string[]> {
  const headers = { 'content-type': 'application/x-ndjson' };
  const body = payloads.map((payload) => JSON.stringify(payload)).join('\n');
  const answer = await fetch(`${url}/app`, { method: 'POST', headers, body });
  assert.equal(answer.status, 200);
  const lines = (await answer.text()).trim().split('\n');
  const results = lines.map((line) => JSON.parse(line) as { status: number; id: string });
  assert.deepEqual([...new Set(results.map(({ status }) => status))], [202]);
  return results.map(({ id }) => id);
}

async function send(batch: Batch): Promise<void> {
  const MessageBody = Buffer.from(encodeEnvelope({ batch })).toString('base64');
  await sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody }));
}

/** As a persister that ends at once. By hand, because the SDK takes ten times as long. @returns how many it was given. */
async function receiveAndCrash(): Promise<number> {
  const answer = await fetch(cloud.services().endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ReceiveMessage' },
    body: JSON.stringify({ QueueUrl: queue.url, VisibilityTimeout: 0 }),
  });
  const { Messages = [] } = (await answer.json()) as { Messages?: unknown[] };
  return Messages.length;
}

/** Every entry of the register as often as a reader finds it. */
async function readAll(): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const answer: Response = await fetch(`${url}/app?limit=1000${cursor && `&cursor=${cursor}`}`);
    assert.equal(answer.status, 200);
    const page = (await answer.json()) as { entries: { id: string }[]; nextCursor: string | null };
    ids.push(...page.entries.map(({ id }) => id));
    cursor = page.nextCursor;
  }
  return ids;
}

/** Each of them is found, and none twice. */
async function assertOnRecord(ids: readonly string[]): Promise<void> {
  await eventually('everything is stored', async () => {
    const found = new Set(await readAll());
    return ids.every((id) => found.has(id));
  });
  const all = await readAll();
  assert.equal(new Set(all).size, all.length);
}

async function letters(): Promise<{ id: string; reason: { code: string } }[]> {
  const { deadLetters } = await admin.deadLetters.list({ limit: 1000 });
  return deadLetters as unknown as { id: string; reason: { code: string } }[];
}

const nowEntry = (fields: Parameters<typeof makeEntry>[0] = {}) =>
  makeEntry({ micros: Date.now() * 1000, region: cloud.region, contentType: 'text/plain', ...fields });

test('a thousand entries with poison among them: each poison is one dead letter, all others are stored', async (t) => {
  poll(t, 'persister');
  const ids: string[] = [];
  for (let n = 0; n < 1_000; n += 100)
    ids.push(...(await postLines(Array.from({ length: 100 }, (_, m) => `entry ${n + m}`))));
  // What no table takes: an item of more than 400 KB, amidst good ones; and a message that nobody of ours wrote.
  const next = createSource('poisoned');
  const poison = [1, 2, 3].map(() => nowEntry({ payload: Buffer.alloc(410 * 1024, 'x') }));
  for (const one of poison) {
    const good = [nowEntry(), nowEntry()];
    await send(next([...good.slice(0, 1), one, ...good.slice(1)]));
    ids.push(...good.map(({ id }) => id));
  }
  await sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: 'no envelope at all' }));
  await assertOnRecord(ids);
  const dead = await eventually('there are four dead letters', async () => {
    const found = await letters();
    return found.length >= 4 && found;
  });
  assert.equal(dead.length, 4);
  for (const { id } of poison) assert.ok(dead.some((letter) => letter.id === id));
  assert.equal(new Set(ids).size, 1_006);
});

test('messages that come twice and in another order are stored once', async (t) => {
  poll(t, 'persister', {
    arrange: (messages) => [...messages, ...messages].toReversed(),
  });
  const next = createSource('twice');
  const batches = Array.from({ length: 30 }, () => next([nowEntry(), nowEntry(), nowEntry()]));
  for (const batch of [...batches, ...batches].toReversed()) await send(batch);
  await assertOnRecord(batches.flatMap(({ entries }) => entries.map(({ id }) => id)));
});

test('environments that are killed while they answer or store lose nothing that was acknowledged', async (t) => {
  poll(t, 'persister');
  const api = cloud.functionOf('api');
  const acknowledged: string[] = [];
  let posting = true;
  const writers = Array.from({ length: 3 }, async () => {
    while (posting) {
      const answer = await fetch(`${url}/app`, { method: 'POST' });
      const text = await answer.text();
      if (answer.status === 202) acknowledged.push((JSON.parse(text) as { id: string }).id);
      // In the gateway's words, with what is known of the entry: nothing.
      else assert.match(text, /"code":"INTERNAL".*"outcome":"unknown"/);
    }
  });
  for (const victim of [api, persister, persister, api, persister]) {
    await eventually('it is killed at work', async () => (await victim.kill('busy')) > 0, { everyMs: 1 });
  }
  await eventually('more was written', async () => acknowledged.length >= 60);
  posting = false;
  await Promise.all(writers);
  // What a killed one held comes again when its visibility ends.
  await cloud.services().turn(queue.visibilityMs + 1_000);
  await assertOnRecord(acknowledged);
});

test('an hour without the table: nothing dies, few receives are spent, and then everything is stored', async (t) => {
  const before = (await letters()).length;
  const poller = poll(t, 'persister');
  await cloud.dynamoDb.stop();
  const halts = persister.logs.sum('SystemicHalts');
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.push(...(await postLines([`in the outage ${n}`, 'and another'])));
  const everythingIsBack = async (): Promise<boolean> => {
    const { received, failed } = poller.counts();
    return received === failed && !persister.environments().some(({ state }) => state === 'busy');
  };
  await eventually('all were tried', async () => poller.counts().failed >= 5 && (await everythingIsBack()));
  for (let minute = 0; minute < 60; minute += 1) {
    await cloud.services().turn(MINUTE_MS);
    await eventually('whatever came is back', everythingIsBack);
  }
  const { received, deleted } = poller.counts();
  assert.equal(deleted, 0);
  // Half a minute, a minute, two … of back-off: a thousand receives, the most that the queue allows, last for weeks.
  assert.ok(received >= 3 * 5 && received <= 20 * 5, `${received} receives of 5 messages in an hour`);
  assert.ok(persister.logs.sum('SystemicHalts') >= halts);
  await cloud.dynamoDb.start();
  await cloud.services().turn(60 * MINUTE_MS);
  await assertOnRecord(ids);
  assert.equal((await letters()).length, before);
});

test('a message that crashed the persister a thousand times is unpacked, and its entries are stored', async (t) => {
  const next = createSource('crashing');
  const good = [nowEntry(), nowEntry()];
  await send(next(good));
  assert.equal(queue.maxReceives, 1_000);
  for (let n = 0; n < 1_000; n += 1) assert.equal(await receiveAndCrash(), 1, `receive ${n}`);
  const crashed = poll(t, 'dead-letters');
  poll(t, 'persister');
  await assertOnRecord(good.map(({ id }) => id));
  await eventually('the message is done', async () => crashed.counts().deleted === 1);
});

test('dead letters are listed, shown, replayed and discarded by the command line, with an operator key', async () => {
  const env = { DAYBOOK_URL: url, DAYBOOK_API_KEY: await cloud.adminKey() };
  const list = await runCli(['dead-letters', 'list', '--json'], { env });
  assert.equal(list.exitCode, 0, list.stderr);
  const ids = list.stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  assert.equal(ids.length, 4);
  const [id = ''] = ids;
  const shown = await runCli(['dead-letters', 'show', id, '--json'], { env });
  assert.equal(shown.exitCode, 0, shown.stderr);
  // Nobody mended the table, so what it refused is refused again, and the letter stays.
  const poisoned = ids.find((one) => !one.startsWith('raw-')) ?? '';
  const replayed = await runCli(['dead-letters', 'replay', poisoned, '--json'], { env });
  assert.notEqual(replayed.exitCode, 0, replayed.stdout);
  assert.equal((await letters()).length, 4);
  const discarded = await runCli(['dead-letters', 'discard', id, '--yes', '--json'], { env });
  assert.equal(discarded.exitCode, 0, discarded.stderr);
  assert.equal((await letters()).length, 3);
});

test('what an invocation that was stopped left whole as a dead letter is replayed, and its entries are stored', async () => {
  const strict = await startStrictS3(cloud.services().endpoint);
  const place = { endpoint: strict.endpoint, region: cloud.region, forcePathStyle: true };
  const s3 = new S3Client({ ...place, credentials: CREDENTIALS });
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  s3.destroy();
  assert.equal(Buckets.length, 1);
  const objects = createS3Objects({ ...place, bucket: Buckets[0]?.Name as string, prefix: '' });
  const before = new Set((await letters()).map(({ id }) => id));
  const left = [nowEntry(), nowEntry()];
  const store = { replay: assert.fail, discard: assert.fail, persist: assert.fail, probe: assert.fail };
  await createDeadLetters({ objects, store: store as never }).writeRaw(
    encodeEnvelope({ batch: createSource('stopped')(left) }),
    {
      code: 'persister-crashed',
      message: 'the invocation was stopped',
      attempts: 1,
      firstFailedAt: Date.now() * 1000,
      lastFailedAt: Date.now() * 1000,
      source: '',
      n: 0,
    },
  );
  await objects.close();
  await strict.close();
  const [letter] = (await letters()).filter(({ id }) => !before.has(id));
  const env = { DAYBOOK_URL: url, DAYBOOK_API_KEY: await cloud.adminKey() };
  const replayed = await runCli(['dead-letters', 'replay', letter?.id ?? '', '--json'], { env });
  assert.equal(replayed.exitCode, 0, replayed.stderr);
  await assertOnRecord(left.map(({ id }) => id));
  assert.deepEqual(new Set((await letters()).map(({ id }) => id)), before);
});
