/**
 * S1 of the systems that Daybook covers: a balancer, a function, a table. Its requests as its document writes them, and its
 * weaknesses, which are not there: the topology `alb-lambda` from its templates, on this machine.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../../daybook/test/support/eventually.ts';
import { openTopology } from './local/topology.ts';

const cloud = await openTopology('alb-lambda', 'poc', { persistentTable: true });
const { url } = cloud.front;

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\n$/;

interface Page {
  readonly entries: readonly { readonly id: string; readonly clientIp?: string }[];
  readonly nextCursor: string | null;
}

async function readPage(query = ''): Promise<Page> {
  const answer = await fetch(`${url}/app${query}`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as Page;
}

test('GET /app of an empty table is an empty list and no 404', async () => {
  assert.deepEqual((await readPage()).entries, []);
});

test('GET / is a welcome page', async () => {
  const answer = await fetch(`${url}/`, { headers: { accept: 'text/html' } });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(await answer.text(), /<h1/);
});

test('POST /app is 201 with the bare stamp for whoever wants text, and with JSON else, each with its own type', async () => {
  const text = await fetch(`${url}/app`, { method: 'POST', headers: { accept: 'text/plain' } });
  assert.equal(text.status, 201);
  assert.match(text.headers.get('content-type') ?? '', /^text\/plain/);
  assert.match(await text.text(), STAMP);
  const json = await fetch(`${url}/app`, { method: 'POST' });
  assert.equal(json.status, 201);
  assert.match(json.headers.get('content-type') ?? '', /^application\/json/);
  const { receivedAt } = (await json.json()) as { receivedAt: string };
  assert.match(`${receivedAt}\n`, STAMP);
});

test('what was written is read at once, every time: nothing is eventually consistent', async () => {
  for (let n = 0; n < 20; n += 1) {
    const written = await fetch(`${url}/app`, { method: 'POST', body: `entry ${n}` });
    const { id } = (await written.json()) as { id: string };
    assert.equal((await fetch(new URL(written.headers.get('location') ?? '', url))).status, 200);
    assert.equal((await readPage('?limit=1')).entries[0]?.id, id);
  }
});

test('a repeat with its idempotency key is one entry', async () => {
  const headers = { 'idempotency-key': 'a-retry-of-a-lost-answer' };
  const ids = [];
  for (const _ of [1, 2]) {
    const answer = await fetch(`${url}/app`, { method: 'POST', headers });
    assert.equal(answer.status, 201);
    ids.push(((await answer.json()) as { id: string }).id);
  }
  assert.equal(ids[0], ids[1]);
});

test('paths and methods that do not exist reach the application and get its answers, not a 502', async () => {
  for (const [method, path, status] of [
    ['PUT', '/app', 405],
    ['GET', '/x', 404],
    ['POST', '/app/one/two/three', 404],
  ] as const) {
    const answer = await fetch(url + path, { method });
    assert.equal(answer.status, status, `${method} ${path}`);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
    const { requestId } = (await answer.json()) as { requestId: string };
    assert.ok(requestId);
    if (status === 405) assert.match(answer.headers.get('allow') ?? '', /POST/);
  }
});

test('the list is in pages, and shows no whole address of a client', async () => {
  await fetch(`${url}/app`, { method: 'POST', headers: { 'x-forwarded-for': '203.0.113.77' } });
  const first = await readPage('?limit=2');
  assert.equal(first.entries.length, 2);
  assert.ok(first.nextCursor);
  const second = await readPage(`?limit=2&cursor=${first.nextCursor}`);
  assert.equal(new Set([...first.entries, ...second.entries].map(({ id }) => id)).size, 4);
  const text = JSON.stringify(first);
  assert.ok(!text.includes('203.0.113.77') && !text.includes('127.0.0.1'), text);
});

test('more than the balancer takes is refused, and what a register takes is kept', async () => {
  const large = 'x'.repeat(200_000);
  const written = await fetch(`${url}/app`, { method: 'POST', body: large });
  assert.equal(written.status, 201);
  const payload = await fetch(new URL(`${written.headers.get('location')}/payload`, url));
  assert.equal((await payload.text()).length, large.length);
  assert.equal((await fetch(`${url}/app`, { method: 'POST', body: 'x'.repeat(700_000) })).status, 413);
});

test('bytes of any kind come back as they were', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const headers = { 'content-type': 'application/octet-stream' };
  const written = await fetch(`${url}/app`, { method: 'POST', body: bytes, headers });
  const payload = await fetch(new URL(`${written.headers.get('location')}/payload`, url));
  assert.deepEqual(Buffer.from(await payload.arrayBuffer()), bytes);
});

test('users at once who post two times for each read get nothing but answers', async () => {
  const statuses = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const seen: number[] = [];
      for (let n = 0; n < 9; n += 1)
        seen.push((await fetch(`${url}/app`, n % 3 === 2 ? {} : { method: 'POST' })).status);
      return seen;
    }),
  );
  assert.deepEqual(new Set(statuses.flat()), new Set([200, 201]));
});

test('the balancer finds it healthy, at a path that the application has, and so does anybody else', async () => {
  assert.deepEqual(await cloud.front.checkHealth(), [{ healthy: true, status: 200 }]);
  for (const path of ['/health', '/healthz', '/readyz'])
    assert.equal((await fetch(url + path)).status, 200, path);
});

test('environments that are killed while they write lose nothing that was acknowledged', async () => {
  const api = cloud.functionOf('api');
  const acknowledged: string[] = [];
  let killed = 0;
  let posting = true;
  const writers = Array.from({ length: 3 }, async () => {
    while (posting) {
      const answer = await fetch(`${url}/app`, { method: 'POST' });
      if (answer.status === 201) acknowledged.push(((await answer.json()) as { id: string }).id);
      else assert.equal(answer.status, 502);
    }
  });
  while (killed < 6) {
    await eventually(
      'somebody is at work',
      async () => api.environments().some(({ state }) => state === 'busy'),
      {
        everyMs: 1,
      },
    );
    killed += await api.kill('busy');
  }
  await eventually('more was written', async () => acknowledged.length >= 20);
  posting = false;
  await Promise.all(writers);
  for (const id of acknowledged) assert.equal((await fetch(`${url}/app/${id}`)).status, 200, id);
});

test('without its table: 503 that says so and nothing of what is inside, not healthy, and well again by itself', async () => {
  await cloud.dynamoDb.stop();
  const answer = await fetch(`${url}/app`, { method: 'POST' });
  assert.equal(answer.status, 503);
  const text = await answer.text();
  assert.ok(!/ECONNREFUSED|127\.0\.0\.1|\bat .*\.mjs|Error:/.test(text), text);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.ok(answer.headers.get('retry-after'));
  await eventually('it is not healthy', async () => (await cloud.front.checkHealth())[0]?.healthy === false);
  await cloud.dynamoDb.start();
  await eventually('it is healthy', async () => (await cloud.front.checkHealth())[0]?.healthy === true);
  await eventually(
    'it takes entries',
    async () => (await fetch(`${url}/app`, { method: 'POST' })).status === 201,
  );
});

test('no log line holds what callers sent', () => {
  const lines = cloud.functionOf('api').logs.lines().join('\n');
  assert.ok(lines.length > 0);
  assert.ok(!lines.includes('a-retry-of-a-lost-answer') && !lines.includes('203.0.113.77'));
});
