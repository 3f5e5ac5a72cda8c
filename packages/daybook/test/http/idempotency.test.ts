/** Idempotency keys of single writes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Receipt } from '../../src/contract/messages.ts';
import { assertProblem } from './assert-problem.ts';
import { assertNothingInFlight, startService } from './service.ts';

const service = await startService({ registers: { other: { access: 'open' } } });

interface Sent {
  readonly body?: string;
  readonly type?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
}

function send(
  key: string,
  { body = '{"a":1}', type = 'application/json', path = '/app', headers = {} }: Sent = {},
) {
  const all = { 'idempotency-key': key, ...(type !== '' && { 'content-type': type }), ...headers };
  return service.fetch(path, { method: 'POST', headers: all, body: Buffer.from(body) });
}

async function receiptOf(answer: Response): Promise<Receipt> {
  const text = await answer.text();
  assert.equal(answer.status, 201, text);
  return JSON.parse(text) as Receipt;
}

const count = async (register = 'app') => (await service.list(`/${register}?limit=1000`)).entries.length;

test('a repeat has the first answer, and says that it is one', async () => {
  const first = await send('repeat-of-the-same');
  const again = await send('repeat-of-the-same');
  assert.equal(first.headers.get('idempotency-replayed'), null);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  assert.equal(again.headers.get('location'), first.headers.get('location'));
  assert.equal(again.headers.get('daybook-durability'), first.headers.get('daybook-durability'));
  const receipt = await receiptOf(first);
  assert.equal(receipt.duplicate, false);
  assert.deepEqual(await receiptOf(again), { ...receipt, duplicate: true });
  assert.equal((await service.read('app', receipt.id)).idempotencyKey, 'repeat-of-the-same');
});

test('a repeat as text has the stamp of the first', async () => {
  const { receivedAt } = await receiptOf(await send('repeat-read-as-text'));
  const again = await send('repeat-read-as-text', { headers: { accept: 'text/plain' } });
  assert.equal(await again.text(), `${receivedAt}\n`);
});

test('what differs in bytes or in type is another payload', async () => {
  await receiptOf(await send('one-key-one-payload'));
  const before = await count();
  for (const other of [{ body: '{"a":2}' }, { body: '{"a": 1}' }, { type: 'text/plain' }, { body: '' }]) {
    const problem = await assertProblem(await send('one-key-one-payload', other), 'KEY_REUSED', {
      kind: 'write',
    });
    assert.ok(!('id' in problem), 'an anonymous caller is not told of another’s entry');
  }
  assert.equal(await count(), before);
});

test('an empty body is a payload to compare too', async () => {
  const first = await receiptOf(await send('a-key-without-a-body', { body: '', type: '' }));
  const again = await receiptOf(await send('a-key-without-a-body', { body: '', type: '' }));
  assert.deepEqual([again.id, again.duplicate], [first.id, true]);
  await assertProblem(await send('a-key-without-a-body'), 'KEY_REUSED', { kind: 'write' });
});

test('one key on two registers is two entries', async () => {
  const one = await receiptOf(await send('the-same-key-elsewhere'));
  const two = await receiptOf(await send('the-same-key-elsewhere', { path: '/other' }));
  assert.notEqual(one.id, two.id);
  assert.equal(two.duplicate, false);
});

test('an alias of a register shares its keys', async () => {
  const one = await receiptOf(await send('the-same-key-by-alias', { path: '/epoch' }));
  const two = await receiptOf(await send('the-same-key-by-alias', { path: '/EpochRegisterTime' }));
  assert.deepEqual([two.id, two.duplicate], [one.id, true]);
});

test('only a success claims the key', async () => {
  const key = 'failed-before-it-worked';
  await assertProblem(await send(key, { body: '{' }), 'BODY_NOT_JSON', { kind: 'write' });
  await assertProblem(await send(key, { headers: { accept: 'image/png' } }), 'NOT_ACCEPTABLE', {
    kind: 'write',
  });
  await assertProblem(await send(key, { headers: { 'content-encoding': 'br' } }), 'ENCODING_UNSUPPORTED', {
    kind: 'write',
  });
  assert.equal((await receiptOf(await send(key))).duplicate, false);
});

for (const [what, key] of [
  ['too short for an anonymous caller', 'x'.repeat(15)],
  ['too long', 'x'.repeat(256)],
  ['with a space', 'a key with spaces in it'],
  ['not ASCII', 'schlüssel-äöü-äöü-äöü'],
  ['empty', ''],
] as const) {
  test(`a key that is ${what} is refused`, async () => {
    const before = await count();
    const problem = await assertProblem(await send(key), 'HEADER_INVALID', { kind: 'write' });
    assert.match(problem.detail, /^Idempotency-Key: expected .*given/);
    assert.equal(await count(), before);
  });
}

test('keys of 16 to 255 characters of visible ASCII are taken', async () => {
  for (const key of ['x'.repeat(16), 'y'.repeat(255), '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'])
    assert.equal((await receiptOf(await send(key))).duplicate, false);
});

test('keys that differ only in case are two keys', async () => {
  const one = await receiptOf(await send('Case-Matters-In-Keys'));
  const two = await receiptOf(await send('case-matters-in-keys'));
  assert.notEqual(one.id, two.id);
});

test('of fifty requests with one key at once exactly one entry comes', async () => {
  const before = await count();
  const answers = await Promise.all(Array.from({ length: 50 }, () => send('fifty-requests-at-once')));
  const ids = new Set<string>();
  let first = 0;
  for (const answer of answers) {
    if (answer.status === 409) {
      await assertProblem(answer, 'KEY_IN_FLIGHT', { kind: 'write' });
      assert.equal(answer.headers.get('retry-after'), '1');
      continue;
    }
    const { id, duplicate } = await receiptOf(answer);
    ids.add(id);
    if (duplicate === false) first += 1;
  }
  assert.equal(ids.size, 1);
  assert.equal(first, 1);
  assert.equal(await count(), before + 1);
});

test('of many payloads with one key at once exactly one is stored, and the others are told', async () => {
  const before = await count();
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, n) => send('many-payloads-at-once', { body: `{"n":${n}}` })),
  );
  const statuses = answers.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 201).length, 1, statuses.join(' '));
  assert.ok(
    statuses.every((status) => [201, 409, 422].includes(status)),
    statuses.join(' '),
  );
  await Promise.all(answers.map((answer) => answer.text()));
  assert.equal(await count(), before + 1);
});

test('a key is free again after its first request broke off', async () => {
  const gone = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from('{"a"')),
  });
  const headers = { 'idempotency-key': 'broken-off-before-end', 'content-type': 'application/json' };
  const broken = fetch(`${service.address}/app`, {
    method: 'POST',
    headers,
    body,
    duplex: 'half',
    signal: gone.signal,
  });
  gone.abort();
  await assert.rejects(broken);
  assert.equal((await receiptOf(await send('broken-off-before-end'))).duplicate, false);
});

test('after all that, no byte stays reserved', () => assertNothingInFlight(service));
