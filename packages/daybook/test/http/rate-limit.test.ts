/** Rate limits: a bucket per register, direction and client, told on every answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertProblem } from './assert-problem.ts';
import { assertNothingInFlight, startService } from './service.ts';

/** So slow that no token comes back while the tests run. */
const BUCKET = { refillPerSecond: 0.001, capacity: 3 };
const names = ['writes', 'reads', 'both', 'batches', 'tails', 'errors'];
const registers = Object.fromEntries(
  names.map((name) => [name, { access: 'open' as const, rateLimit: BUCKET }]),
);

const service = await startService({
  rateLimit: 'on',
  registers: { ...registers, free: { access: 'open' } },
});
const off = await startService({ rateLimit: 'off', registers });

const write = (register: string, body = 'x', headers: Record<string, string> = {}) =>
  service.fetch(`/${register}`, { method: 'POST', headers, body });

async function assertLimited(answer: Response, register: string, kind: 'read' | 'write'): Promise<void> {
  assert.equal(answer.headers.get('retry-after'), '1000');
  assert.equal(answer.headers.get('ratelimit'), `"${register}";r=0;t=1000`);
  assert.equal(answer.headers.get('ratelimit-policy'), `"${register}";q=3;w=3000`);
  const { detail } = await assertProblem(answer, 'RATE_LIMITED', { kind });
  assert.ok(detail.includes(`registers.${register}.rateLimit`), detail);
}

test('writes beyond the capacity are refused, naming the key that changes it', async () => {
  for (const left of [2, 1, 0]) {
    const answer = await write('writes');
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('ratelimit-policy'), '"writes";q=3;w=3000');
    assert.match(answer.headers.get('ratelimit') ?? '', new RegExp(`^"writes";r=${left};t=\\d+$`));
    await answer.text();
  }
  await assertLimited(await write('writes'), 'writes', 'write');
  assert.equal((await service.list('/writes')).entries.length, 3, 'nothing more was written');
});

test('reads beyond the capacity are refused, on every path of the register', async () => {
  for (const left of [2, 1, 0]) {
    const answer = await service.fetch('/reads');
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('ratelimit') ?? '', new RegExp(`^"reads";r=${left};t=\\d+$`));
    await answer.text();
  }
  for (const path of [
    '/reads',
    '/reads/stats',
    '/reads/x',
    '/reads/x/payload',
    '/reads?format=csv',
    '/reads?live=sse',
    '/reads?live=long-poll',
  ])
    await assertLimited(await service.fetch(path), 'reads', 'read');
});

test('reads and writes have buckets of their own, and so has every register', async () => {
  for (let n = 0; n < 3; n += 1) await (await write('both')).text();
  await assertLimited(await write('both'), 'both', 'write');
  assert.equal((await service.list('/both')).entries.length, 3);
  assert.equal((await write('free')).headers.get('ratelimit'), null);
});

test('a batch is one request', async () => {
  for (let n = 0; n < 3; n += 1) {
    const answer = await write('batches', '1\n2\n3', { 'content-type': 'application/x-ndjson' });
    assert.equal((await answer.text()).trimEnd().split('\n').length, 3);
    assert.ok(answer.headers.has('ratelimit'));
  }
  await assertLimited(
    await write('batches', '1\n2', { 'content-type': 'application/x-ndjson' }),
    'batches',
    'write',
  );
});

test('a refused request has used a token all the same, so that guessing is limited too', async () => {
  for (let n = 0; n < 3; n += 1) {
    const answer = await write('errors', '{', { 'content-type': 'application/json' });
    await assertProblem(answer, 'BODY_NOT_JSON', { kind: 'write' });
  }
  await assertLimited(await write('errors'), 'errors', 'write');
});

test('a stream of events is one request, however long it lasts', async () => {
  const gone = new AbortController();
  const stream = await service.fetch('/tails?live=sse', { signal: gone.signal });
  assert.ok(stream.headers.has('ratelimit'));
  gone.abort();
});

test('what is no register is not limited', async () => {
  for (let n = 0; n < 200; n += 1) {
    const answer = await service.fetch('/healthz');
    assert.equal(answer.status, 200);
    await answer.text();
  }
});

test('the defaults let fifty through at once', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => write('app')));
  assert.ok(answers.every(({ status }) => status === 201));
  assert.equal(answers[0]?.headers.get('ratelimit-policy'), '"app";q=50;w=1');
  await Promise.all(answers.map((answer) => answer.text()));
});

test('switched off, there is no limit and no field that speaks of one', async () => {
  for (let n = 0; n < 10; n += 1) {
    const answer = await off.fetch('/writes', { method: 'POST', body: 'x' });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('ratelimit'), null);
    await answer.text();
  }
});

test('after all that, no byte stays reserved', () => assertNothingInFlight(service));
