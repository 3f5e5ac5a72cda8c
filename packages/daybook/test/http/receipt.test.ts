/** The answer to a write, and the headers that every answer carries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { version } from '../../src/config/version.ts';
import { receiptSchema } from '../../src/contract/schemas.ts';
import { assertProblem } from './assert-problem.ts';
import { startService } from './service.ts';

const service = await startService({
  registers: { large: { access: 'open', maxEntryBytes: 1024 } },
});

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const post = (headers: Record<string, string>, body = '{}') =>
  service.fetch('/app', { method: 'POST', headers, body });
const newestId = async () => (await service.list('/app?limit=1')).entries[0]?.id;

test('a write is answered 201 with where it is and how durable it is', async () => {
  for (const send of [service.fetch, service.fetchInProcess]) {
    const answer = await send('/app', { method: 'POST', body: 'x' });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
    const text = await answer.text();
    assert.ok(text.endsWith('}\n'));
    const receipt = receiptSchema.parse(JSON.parse(text));
    assert.match(receipt.receivedAt, STAMP);
    assert.deepEqual(receipt, {
      id: receipt.id,
      register: 'app',
      receivedAt: receipt.receivedAt,
      status: 'stored',
      durability: receipt.durability,
      region: 'local',
      duplicate: false,
    });
    assert.equal(answer.headers.get('location'), `/app/${receipt.id}`);
    assert.equal(answer.headers.get('daybook-durability'), receipt.durability);
    assert.equal((await service.read('app', receipt.id)).receivedAt, receipt.receivedAt);
  }
});

test('Accept: text/plain gives the bare stamp and a newline', async () => {
  for (const accept of [
    'text/plain',
    'text/*',
    'application/json;q=0.1, text/plain',
    'application/*;q=0, */*',
  ]) {
    const answer = await post({ accept });
    assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
    const text = await answer.text();
    assert.match(text.slice(0, -1), STAMP);
    assert.equal(text.at(-1), '\n');
    const id = answer.headers.get('location')?.split('/').at(-1) ?? '';
    assert.equal((await service.read('app', id)).receivedAt, text.trimEnd());
  }
});

test('an answer that cannot be given is refused before anything is written', async () => {
  const before = await newestId();
  for (const accept of [
    'image/png',
    'text/csv',
    'application/json;q=0',
    'text/event-stream',
    '*/*;q=0',
    'nonsense',
  ])
    await assertProblem(await post({ accept }), 'NOT_ACCEPTABLE', { kind: 'write' });
  assert.equal(await newestId(), before);
});

test('a usable X-Request-Id is echoed and kept; another one is replaced', async () => {
  for (const given of ['a', 'A-b_c.9', 'x'.repeat(128)]) {
    const answer = await post({ 'x-request-id': given });
    assert.equal(answer.headers.get('x-request-id'), given);
    const { id } = (await answer.json()) as { id: string };
    assert.equal((await service.read('app', id)).requestId, given);
  }
  for (const given of ['', 'has space', 'x'.repeat(129), 'é', 'a,b', '<script>']) {
    const answer = await post({ 'x-request-id': given });
    const made = answer.headers.get('x-request-id') ?? '';
    assert.match(made, /^[A-Za-z0-9._-]{1,128}$/);
    assert.notEqual(made, given);
    await answer.text();
  }
});

test('made request ids are never the same', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => post({})));
  assert.equal(new Set(answers.map((answer) => answer.headers.get('x-request-id'))).size, 20);
  await Promise.all(answers.map((answer) => answer.text()));
});

test('every answer says which Daybook and which request it is', async () => {
  const { id } = await service.write('app', 'x');
  const requests: [string, { method?: string; headers?: Record<string, string>; body?: string }?][] = [
    ['/'],
    ['/', { headers: { accept: 'text/html' } }],
    ['/app'],
    ['/app?live=long-poll&wait=0'],
    ['/app?format=csv'],
    [`/app/${id}`],
    [`/app/${id}/payload`],
    ['/app/stats'],
    ['/app', { method: 'HEAD' }],
    ['/app', { method: 'OPTIONS' }],
    ['/app', { method: 'DELETE' }],
    ['/app', { method: 'POST' }],
    ['/app', { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body: '1\n' }],
    ['/app', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }],
    ['/nowhere'],
    ['/nowhere', { method: 'POST', body: 'x' }],
    ['/nowhere', { method: 'OPTIONS' }],
    ['/nowhere', { headers: { accept: 'text/html' } }],
    ['/healthz'],
    ['/readyz'],
    ['/metrics'],
    ['/openapi.json'],
    ['/docs'],
    ['/favicon.ico'],
    ['/api/ledger'],
  ];
  for (const [path, init = {}] of requests) {
    for (const send of [service.fetch, service.fetchInProcess]) {
      const answer = await send(path, { ...init, headers: { ...init.headers, 'x-request-id': 'mine' } });
      await answer.arrayBuffer();
      const what = `${init.method ?? 'GET'} ${path} ${answer.status}`;
      assert.equal(answer.headers.get('daybook-version'), version, what);
      assert.equal(answer.headers.get('x-request-id'), 'mine', what);
    }
  }
});

test('a stream of events says so too', async () => {
  const gone = new AbortController();
  const answer = await service.fetch('/app?live=sse', {
    headers: { 'x-request-id': 'mine' },
    signal: gone.signal,
  });
  assert.equal(answer.headers.get('daybook-version'), version);
  assert.equal(answer.headers.get('x-request-id'), 'mine');
  gone.abort();
});

test('an entry as large as its register allows is stored; one byte more is refused, naming the key', async () => {
  for (const send of [service.fetch, service.fetchInProcess]) {
    const fitting = await send('/large', { method: 'POST', body: 'x'.repeat(1024) });
    assert.equal(fitting.status, 201);
    await fitting.text();
    const larger = await send('/large', { method: 'POST', body: 'x'.repeat(1025) });
    const { detail } = await assertProblem(larger, 'ENTRY_TOO_LARGE', { kind: 'write' });
    assert.match(detail, /registers\.large\.maxEntryBytes/);
    assert.match(detail, /1024/);
  }
});

test('ids and stamps only ever grow', async () => {
  const receipts = [];
  for (let count = 0; count < 50; count += 1) receipts.push(await service.write('app', 'x'));
  const ids = receipts.map(({ id }) => id);
  const stamps = receipts.map(({ receivedAt }) => receivedAt);
  assert.deepEqual(ids, ids.toSorted());
  assert.deepEqual(stamps, stamps.toSorted());
  assert.equal(new Set(ids).size, ids.length);
});
