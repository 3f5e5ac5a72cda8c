/**
 * S2 of the systems that Daybook covers: a gateway, a queue, a table. Its request as its document writes it, its throttle,
 * and its weaknesses, which are not there: the topology `gateway-queue` from its template, on this machine.
 */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { encodeEnvelope } from '../../daybook/src/envelope.ts';
import { createSource, makeEntry } from '../../daybook/src/testing/made-batches.ts';
import { eventually } from '../../daybook/test/support/eventually.ts';
import { CREDENTIALS } from './local/backends/queues.ts';
import { startFront } from './local/front.ts';
import { createHttpApi } from './local/front/http-api.ts';
import { LIMITS } from './local/front/limits.ts';
import { openTopology } from './local/topology.ts';

/** The gateway's clock can be stopped, so that what it lets through does not depend on how fast this machine is. */
const clock: { stoppedMs?: number; aheadMs: number } = { aheadMs: 0 };
const nowMs = (): number => clock.stoppedMs ?? performance.now() + clock.aheadMs;
const cloud = await openTopology('gateway-queue', 'dev', { nowMs });
const { url } = cloud.front;
const { origin } = new URL(url);
const poller = cloud.poll('persister');
const sqs = new SQSClient({
  endpoint: cloud.services().endpoint,
  region: cloud.region,
  credentials: CREDENTIALS,
});
after(() => sqs.destroy());

const post = (init: RequestInit = {}) => fetch(`${url}/app`, { method: 'POST', ...init });

/** Within the throttle: a second of it is 100 requests. */
async function whenStored(location: string): Promise<Response> {
  return eventually(
    `${location} is stored`,
    async () => {
      const answer = await fetch(origin + location);
      return answer.status === 200 && answer;
    },
    { everyMs: 200 },
  );
}

test('POST /dev/app is 202 with an id that leads to the entry, at the stage path', async () => {
  const answer = await post({ body: '{"a":1}', headers: { 'content-type': 'application/json' } });
  assert.equal(answer.status, 202);
  const { id, status } = (await answer.json()) as { id: string; status: string };
  assert.equal(status, 'queued');
  const location = answer.headers.get('location') ?? '';
  assert.equal(location, `/dev/app/${id}`);
  const stored = (await (await whenStored(location)).json()) as { id: string; payload: unknown };
  assert.deepEqual([stored.id, stored.payload], [id, { a: 1 }]);
});

test('a body in gzip, which API Gateway unpacks on the way, is kept as it was before', async () => {
  const payload = '{"packed":"by the caller"}';
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const answer = await post({ body: gzipSync(payload), headers });
  assert.equal(answer.status, 202, await answer.clone().text());
  const stored = await whenStored(answer.headers.get('location') ?? '');
  assert.deepEqual(((await stored.json()) as { payload: unknown }).payload, JSON.parse(payload));
  const other = await post({ body: payload, headers: { ...headers, 'content-encoding': 'zstd' } });
  assert.equal(other.status, 415);
  assert.equal(((await other.json()) as { code: string }).code, 'MEDIA_TYPE_UNSUPPORTED');
});

test('whoever wants text gets the bare stamp', async () => {
  const answer = await post({ headers: { accept: 'text/plain' } });
  assert.equal(answer.status, 202);
  assert.match(await answer.text(), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\n$/);
});

test('entries are listed by time, with a range', async () => {
  const first = await post();
  const { receivedAt } = (await first.json()) as { receivedAt: string };
  await whenStored(first.headers.get('location') ?? '');
  const answer = await fetch(`${url}/app?order=asc&from=${receivedAt}&limit=1`);
  const { entries } = (await answer.json()) as { entries: { receivedAt: string }[] };
  assert.deepEqual(
    entries.map((entry) => entry.receivedAt),
    [receivedAt],
  );
});

test('other paths and methods are answered by the application, in its words', async () => {
  for (const [method, path, status] of [
    ['PUT', '/app', 405],
    ['GET', '/nothing', 404],
  ] as const) {
    const answer = await fetch(url + path, { method });
    assert.equal(answer.status, status);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  }
});

test('health and readiness are there, by a function of their own', async () => {
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.ok(cloud.functionOf('health').counts().invocations >= 2);
});

test('a message that comes twice in one batch, and one that is none, hold nobody else up', async () => {
  const { url: queueUrl } = cloud.queueOf('persister');
  const next = createSource('twice');
  const batches = [1, 2, 3].map(() => next([makeEntry({ micros: Date.now() * 1000, region: cloud.region })]));
  const bodies = batches.map((batch) => Buffer.from(encodeEnvelope({ batch })).toString('base64'));
  const failedBefore = poller.counts().failed;
  const deletedBefore = poller.counts().deleted;
  const sent = [...bodies, ...bodies, 'not a message of ours'];
  for (const MessageBody of sent) {
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
  }
  for (const { entries } of batches) await whenStored(`/dev/app/${entries[0]?.id}`);
  await eventually('all are done', async () => poller.counts().deleted - deletedBefore >= sent.length);
  assert.equal(poller.counts().failed, failedBefore);
});

test('behind an HTTP API the same function answers alike, without a stage in its paths', async (t) => {
  const place = { apiId: 'abc', account: '000000000000', region: cloud.region, stage: '$default' };
  const front = await startFront({
    ...createHttpApi(place, cloud.functionOf('api')),
    maxBodyBytes: LIMITS.restApiBodyBytes,
    tooLarge: () => ({ status: 413, headers: [], body: '' }),
  });
  t.after(front.close);
  const answer = await fetch(`${front.address}/app`, { method: 'POST', body: Buffer.from([0, 255]) });
  assert.equal(answer.status, 202);
  const location = answer.headers.get('location') ?? '';
  assert.match(location, /^\/app\//);
  await whenStored(`/dev${location}`);
  const payload = await fetch(`${front.address}${location}/payload`);
  assert.deepEqual(Buffer.from(await payload.arrayBuffer()), Buffer.from([0, 255]));
});

/** Requests that the gateway let through, whatever became of them. */
function reached(): number {
  const { invocations, throttles } = cloud.functionOf('api').counts();
  return invocations + throttles;
}

test('over 100 a second with a burst of 50: 429 as a problem document that says when to come again', async () => {
  const before = reached();
  clock.aheadMs += 1_000;
  clock.stoppedMs = nowMs();
  const answers = await Promise.all(Array.from({ length: 80 }, () => post()));
  const refused = answers.filter(({ status }) => status === 429);
  assert.deepEqual([refused.length, reached() - before], [30, 50]);
  clock.stoppedMs += 100;
  const more = await Promise.all(Array.from({ length: 15 }, () => post()));
  assert.equal(more.filter(({ status }) => status === 429).length, 5);
  clock.aheadMs += 1_000;
  delete clock.stoppedMs;
  const [first] = refused;
  assert.ok(first);
  assert.match(first.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.match(first.headers.get('retry-after') ?? '', /^\d+$/);
  const problem = (await first.json()) as Record<string, unknown>;
  assert.deepEqual([problem['status'], problem['code']], [429, 'RATE_LIMITED']);
  assert.equal(typeof problem['requestId'], 'string');
});

test('functions tell their metrics in what they write', async () => {
  const lines = cloud.functionOf('persister').logs;
  assert.ok(lines.sum('StoredEntries') > 0);
  assert.ok(cloud.functionOf('api').logs.sum('AcceptedEntries') > 0);
  assert.equal(poller.failures.length, 0);
});

test('without its queue: 503 that says so, and not ready', async () => {
  await poller.stop();
  await cloud.services().close();
  const answer = await post();
  assert.equal(answer.status, 503);
  const { code, outcome } = (await answer.json()) as { code: string; outcome: string };
  assert.deepEqual([code, outcome], ['QUEUE_UNAVAILABLE', 'not-written']);
  await eventually('it is not ready', async () => (await fetch(`${url}/readyz`)).status === 503);
});
