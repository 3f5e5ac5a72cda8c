/** Single writes of the client, against scripted answers: what is sent, what is tried again, what is thrown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ClientError, createClient } from '../../src/client/index.ts';
import type { ClientOptions, PostBody } from '../../src/client/index.ts';
import { brokenConnection, jsonResponse, problemResponse, scriptedFetch } from './scripted-fetch.ts';
import type { Step } from './scripted-fetch.ts';

const RECEIPT = { id: '019a', register: 'app', receivedAt: '2026-11-21T07:55:43.368790Z', status: 'stored' };
const stored = () => jsonResponse(RECEIPT, 201);
const overloaded = () =>
  problemResponse({ status: 503, code: 'OVERLOADED', retryable: true, outcome: 'not-written' });

const limited = (seconds: string) =>
  problemResponse({ status: 429, code: 'RATE_LIMITED', retryable: true }, { 'Retry-After': seconds });
const never: Step = (_, signal) =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error));
  });

/** Everything that does not wait for a timer is done afterwards. */
async function manyTurns(): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

function clientOf(steps: Step[], options: Partial<ClientOptions> = {}) {
  const { fetch, requests } = scriptedFetch(...steps);
  const retry = { firstDelayMs: 1, maxDelayMs: 2, ...options.retry };
  const client = createClient({ baseUrl: 'http://daybook.test/dev/', fetch, ...options, retry });
  return { client, requests };
}

const bodies: readonly (readonly [name: string, body: PostBody, type: string | null, sent: string])[] = [
  ['nothing', undefined, null, ''],
  ['a string', 'hé', 'text/plain; charset=utf-8', 'hé'],
  ['an object', { a: [1] }, 'application/json', '{"a":[1]}'],
  ['an array', [1, null], 'application/json', '[1,null]'],
  ['bytes', new TextEncoder().encode('b'), 'application/octet-stream', 'b'],
  ['a blob', new Blob(['x'], { type: 'image/png' }), 'image/png', 'x'],
  ['a form', new URLSearchParams({ a: '1' }), 'application/x-www-form-urlencoded;charset=UTF-8', 'a=1'],
];
for (const [name, body, type, sent] of bodies) {
  test(`${name} is sent as ${type ?? 'no body'}`, async () => {
    const { client, requests } = clientOf([stored()]);
    assert.deepEqual(await client.post('app', body), RECEIPT);
    const [request] = requests;
    assert.equal(request?.target, '/dev/app');
    assert.equal(request?.headers.get('Content-Type'), type);
    assert.equal(request?.body, sent);
  });
}

test('a content type that is given wins', async () => {
  const { client, requests } = clientOf([stored()]);
  await client.post('app', '{}', { contentType: 'application/json' });
  assert.equal(requests[0]?.headers.get('Content-Type'), 'application/json');
});

test('a form with files is the same bytes of the same type in every attempt', async () => {
  const form = new FormData();
  form.set('photo', new Blob(['x'], { type: 'image/png' }), 'Photo.png');
  const { client, requests } = clientOf([brokenConnection(), stored()]);
  await client.post('app', form);
  const [first, second] = requests;
  assert.match(first?.headers.get('Content-Type') ?? '', /^multipart\/form-data; boundary=/);
  assert.equal(second?.headers.get('Content-Type'), first?.headers.get('Content-Type'));
  assert.equal(second?.body, first?.body);
  assert.ok(first?.body.includes('filename="Photo.png"'));
});

test('a stream is refused, because it cannot be sent again', async () => {
  const { client } = clientOf([]);
  await assert.rejects(client.post('app', new ReadableStream()), TypeError);
});

test('the credential and the headers of the client go with every request', async () => {
  const { client, requests } = clientOf([stored()], { apiKey: 'secret', headers: { 'X-Source': 'cron' } });
  await client.post('app');
  assert.equal(requests[0]?.headers.get('Authorization'), 'Bearer secret');
  assert.equal(requests[0]?.headers.get('X-Source'), 'cron');
});

test('every write has an idempotency key of its own that a retry repeats', async () => {
  const { client, requests } = clientOf([brokenConnection(), overloaded(), stored(), stored()]);
  await client.post('app', 'x');
  await client.post('app', 'x');
  const [first, second, third, fourth] = requests.map(({ headers }) => headers.get('Idempotency-Key'));
  assert.match(first ?? '', /^[\x21-\x7e]{16,255}$/);
  assert.deepEqual([second, third], [first, first]);
  assert.notEqual(fourth, first);
});

test('a key that is given is sent; false sends none', async () => {
  const { client, requests } = clientOf([stored(), stored()]);
  await client.post('app', 'x', { idempotencyKey: 'order-4711-confirmed' });
  await client.post('app', 'x', { idempotencyKey: false });
  assert.equal(requests[0]?.headers.get('Idempotency-Key'), 'order-4711-confirmed');
  assert.equal(requests[1]?.headers.has('Idempotency-Key'), false);
});

test('headers of the caller keep the random key away, which would hide one that the register takes its key from', async () => {
  const { client, requests } = clientOf([stored()]);
  await client.post(
    'webhooks',
    {},
    { headers: { 'X-GitHub-Delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958' } },
  );
  assert.equal(requests[0]?.headers.has('Idempotency-Key'), false);
});

test('without a key a broken connection is not tried again: the entry may be on record', async () => {
  const { client, requests } = clientOf([brokenConnection(), stored()], { randomIdempotencyKeys: false });
  await assert.rejects(client.post('app', 'x'), (error: ClientError) => {
    assert.equal(error.code, 'NETWORK');
    assert.equal(error.outcome, 'unknown');
    assert.equal(error.retryable, true);
    assert.match(error.message, /connection reset/);
    return true;
  });
  assert.equal(requests.length, 1);
});

test('without a key an answer that says not-written is tried again', async () => {
  const { client, requests } = clientOf([overloaded(), stored()], { randomIdempotencyKeys: false });
  await client.post('app', 'x');
  assert.equal(requests.length, 2);
});

test('a refusal is thrown at once, with everything that the server said', async () => {
  const { client, requests } = clientOf([problemResponse({ status: 413, code: 'ENTRY_TOO_LARGE' })]);
  await assert.rejects(client.post('app', 'x'), (error: ClientError) => {
    assert.ok(error instanceof ClientError);
    assert.equal(error.code, 'ENTRY_TOO_LARGE');
    assert.equal(error.status, 413);
    assert.equal(error.message, 'detail of ENTRY_TOO_LARGE');
    assert.equal(error.requestId, 'r-1');
    assert.equal(error.retryable, false);
    assert.equal(error.outcome, 'not-written');
    assert.equal(error.problem?.title, 'ENTRY_TOO_LARGE');
    return true;
  });
  assert.equal(requests.length, 1);
});

test('after the last attempt the last failure is thrown', async () => {
  const { client, requests } = clientOf([overloaded(), overloaded(), overloaded()], {
    retry: { attempts: 3 },
  });
  await assert.rejects(client.post('app', 'x'), { code: 'OVERLOADED' });
  assert.equal(requests.length, 3);
});

test('Retry-After is waited for, and one beyond the limit is not', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { client, requests } = clientOf([limited('7'), limited('60')]);
  const failed = assert.rejects(client.post('app', 'x'), { code: 'RATE_LIMITED', retryAfterMs: 60_000 });
  await manyTurns();
  assert.equal(requests.length, 1);
  t.mock.timers.tick(6_999);
  await manyTurns();
  assert.equal(requests.length, 1);
  t.mock.timers.tick(1);
  await failed;
  assert.equal(requests.length, 2);
});

test('an answer that is no problem document has a code by its status', async () => {
  const { client } = clientOf([new Response('<h1>Bad Gateway</h1>', { status: 502 })], {
    retry: { attempts: 1 },
  });
  await assert.rejects(client.post('app'), {
    code: 'HTTP_502',
    status: 502,
    retryable: true,
    outcome: 'unknown',
  });
});

test('a success that is not JSON is not taken for a receipt', async () => {
  const { client } = clientOf([new Response('<html>', { status: 200 })]);
  await assert.rejects(client.post('app'), { code: 'ANSWER_INVALID', retryable: false });
});

test('the caller can abort, also while waiting for the next attempt', async () => {
  const abort = new AbortController();
  const { client, requests } = clientOf([
    () => {
      setImmediate(() => abort.abort(new Error('enough')));
      return problemResponse({ status: 503, code: 'OVERLOADED', retryable: true }, { 'Retry-After': '20' });
    },
  ]);
  await assert.rejects(client.post('app', 'x', { signal: abort.signal }), { message: 'enough' });
  assert.equal(requests.length, 1);
});

test('no answer in time is a failure of its own', async () => {
  const { client } = clientOf([never], { timeoutMs: 5, retry: { attempts: 1 } });
  await assert.rejects(client.post('app'), { code: 'TIMEOUT', retryable: true, outcome: 'unknown' });
});

test('a base URL that is none is refused, saying what was given', () => {
  for (const baseUrl of ['', 'localhost:3000', 'ftp://x', '/app']) {
    assert.throws(
      () => createClient({ baseUrl }),
      (error: TypeError) => error.message.includes(JSON.stringify(baseUrl)),
    );
  }
});
