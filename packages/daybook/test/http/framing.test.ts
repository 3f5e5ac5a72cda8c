/** Where a request ends: lengths that lie, two framings at once, half-closed connections, pipelines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../support/eventually.ts';
import { assertProblem } from './assert-problem.ts';
import type { RawConnection } from './raw-connection.ts';
import { connectRaw, rawRequest } from './raw-connection.ts';
import { assertNothingInFlight, startService } from './service.ts';

const service = await startService();
const newestId = async () => (await service.list('/app?limit=1')).entries[0]?.id;
const JSON_TYPE = { 'content-type': 'application/json' };

async function connected(use: (connection: RawConnection) => Promise<void>): Promise<void> {
  const connection = await connectRaw(service.port);
  try {
    await use(connection);
  } finally {
    connection.destroy();
  }
}

test('a half-closed connection with a complete request gets its answer', () =>
  connected(async (connection) => {
    await connection.send(rawRequest('POST /app', JSON_TYPE, '{"half":"closed"}'));
    connection.finish();
    const answer = await connection.answer();
    assert.equal(answer.status, 201);
    const { id } = JSON.parse(answer.body) as { id: string };
    assert.deepEqual((await service.read('app', id)).payload, { half: 'closed' });
    assert.equal(await connection.rest(), '', 'and the server ends it');
  }));

test('a half-closed connection gets the answer to a read, also to a long one', () =>
  connected(async (connection) => {
    await connection.send(rawRequest('GET /app?format=ndjson'));
    connection.finish();
    assert.equal((await connection.answer()).status, 200);
  }));

for (const [what, request] of [
  [
    'a shorter body than declared',
    rawRequest('POST /app', { ...JSON_TYPE, 'content-length': '100' }, '{"a":1}'),
  ],
  [
    'an unfinished chunk',
    rawRequest('POST /app', { ...JSON_TYPE, 'transfer-encoding': 'chunked' }, '5\r\n{"a"'),
  ],
  [
    'no last chunk',
    rawRequest('POST /app', { ...JSON_TYPE, 'transfer-encoding': 'chunked' }, '7\r\n{"a":1}\r\n'),
  ],
] as const) {
  test(`${what} on a half-closed connection is told, and nothing is written`, () =>
    connected(async (connection) => {
      const before = await newestId();
      await connection.send(request);
      connection.finish();
      const { detail } = await assertProblem(await connection.answer(), 'BODY_INCOMPLETE', { kind: 'write' });
      assert.match(detail, /ended/);
      await connection.rest();
      assert.equal(await newestId(), before);
    }));

  test(`${what} on a connection that is gone leaves nothing`, async () => {
    const before = await newestId();
    await connected((connection) => connection.send(request));
    await assertNothingInFlight(service);
    assert.equal(await newestId(), before);
  });
}

test('a longer body than declared is one request and then no request', () =>
  connected(async (connection) => {
    await connection.send(
      rawRequest('POST /app', { ...JSON_TYPE, 'content-length': '2' }, '{}{"more":1}\r\n\r\n'),
    );
    const first = await connection.answer();
    assert.equal(first.status, 201, 'what was complete is written, and its answer is not lost');
    await assertProblem(await connection.answer(), 'REQUEST_MALFORMED', { kind: 'write' });
    assert.equal(await connection.rest(), '');
    const { id } = JSON.parse(first.body) as { id: string };
    assert.deepEqual((await service.read('app', id)).payload, {});
  }));

for (const [what, headers] of [
  ['a length and chunks', { 'content-length': '5', 'transfer-encoding': 'chunked' }],
  ['chunks and a length', { 'transfer-encoding': 'chunked', 'content-length': '5' }],
  ['an unknown transfer coding', { 'transfer-encoding': 'chunked, identity' }],
  ['a hidden transfer coding', { 'transfer-encoding': 'xchunked', 'content-length': '5' }],
  ['two lengths', { 'content-length': '5', 'Content-Length': '6' }],
  ['a length that is no number', { 'content-length': '5x' }],
  ['a negative length', { 'content-length': '-1' }],
  ['a length with a plus', { 'content-length': '+5' }],
  ['a length beyond all numbers', { 'content-length': '99999999999999999999999' }],
] as const) {
  test(`${what} are refused, and what follows is no request`, () =>
    connected(async (connection) => {
      const before = await newestId();
      const smuggled = rawRequest('POST /app', {}, 'smuggled');
      await connection.send(rawRequest('POST /app', { ...JSON_TYPE, ...headers }, `0\r\n\r\n${smuggled}`));
      await assertProblem(await connection.answer(), 'REQUEST_MALFORMED', { kind: 'write' });
      assert.equal(await connection.rest(), '', 'one answer, and the end');
      assert.equal(await newestId(), before);
    }));
}

for (const [what, chunks] of [
  ['no size', 'xyz\r\n'],
  ['a size beyond all numbers', 'fffffffffffffffffff\r\n'],
  ['more than its size', '2\r\n{"a":1}\r\n0\r\n\r\n'],
  ['an endless extension', `1;${'x'.repeat(20_000)}\r\n1\r\n0\r\n\r\n`],
] as const) {
  test(`a chunk with ${what} is told, and nothing is written`, () =>
    connected(async (connection) => {
      const before = await newestId();
      await connection.send(
        rawRequest('POST /app', { ...JSON_TYPE, 'transfer-encoding': 'chunked' }, chunks),
      );
      await assertProblem(await connection.answer(), 'REQUEST_MALFORMED', { kind: 'write' });
      await connection.rest();
      assert.equal(await newestId(), before);
    }));
}

test('a transfer coding besides chunks is refused, because nobody would undo it', () =>
  connected(async (connection) => {
    const headers = { 'content-type': 'text/plain', 'transfer-encoding': 'gzip, chunked' };
    await connection.send(rawRequest('POST /app', headers, '1\r\nx\r\n0\r\n\r\n'));
    await assertProblem(await connection.answer(), 'ENCODING_UNSUPPORTED', { kind: 'write' });
  }));

test('a chunked body is put together, byte by byte if need be', () =>
  connected(async (connection) => {
    const request = rawRequest(
      'POST /app',
      { ...JSON_TYPE, 'transfer-encoding': 'chunked' },
      '2;x=y\r\n{"\r\n5\r\na":1}\r\n0\r\nTrailer: x\r\n\r\n',
    );
    for (const byte of request) await connection.send(byte);
    const { id } = JSON.parse((await connection.answer()).body) as { id: string };
    assert.deepEqual((await service.read('app', id)).payload, { a: 1 });
  }));

test('pipelined requests are answered in their order', () =>
  connected(async (connection) => {
    const requests = Array.from({ length: 20 }, (_, n) =>
      n % 3 === 2 ? rawRequest('GET /healthz') : rawRequest('POST /app', JSON_TYPE, `{"n":${n}}`),
    );
    await connection.send(requests.join(''));
    for (const n of requests.keys()) {
      const { status, body } = await connection.answer();
      assert.equal(status, n % 3 === 2 ? 200 : 201);
      if (status !== 201) continue;
      const { id } = JSON.parse(body) as { id: string };
      assert.deepEqual((await service.read('app', id)).payload, { n });
    }
  }));

test('good requests before a malformed one are answered first', () =>
  connected(async (connection) => {
    const good = rawRequest('POST /app', JSON_TYPE, '{}');
    await connection.send(`${good}${good}${good}NONSENSE\r\n\r\n${good}`);
    for (let n = 0; n < 3; n += 1) assert.equal((await connection.answer()).status, 201);
    await assertProblem(await connection.answer(), 'REQUEST_MALFORMED', { kind: 'write' });
    assert.equal(await connection.rest(), '', 'nothing behind it is a request');
  }));

test('a good request before a body that is cut off is answered first', () =>
  connected(async (connection) => {
    await connection.send(
      rawRequest('POST /app', JSON_TYPE, '{}') + rawRequest('POST /app', { 'content-length': '9' }, '{'),
    );
    connection.finish();
    assert.equal((await connection.answer()).status, 201);
    await assertProblem(await connection.answer(), 'BODY_INCOMPLETE', { kind: 'write' });
    await connection.rest();
  }));

test('a client that is gone before its answer has lost only the answer', async () => {
  const key = 'gone-before-the-answer';
  const request = rawRequest('POST /app', { ...JSON_TYPE, 'idempotency-key': key }, '{"gone":true}');
  await connected((connection) => connection.send(request));
  const stored = await eventually('the entry', async () =>
    (await service.list('/app?limit=5')).entries.find(({ idempotencyKey }) => idempotencyKey === key),
  );
  assert.deepEqual(stored.payload, { gone: true });
});

test('after all that, no byte stays reserved', () => assertNothingInFlight(service));
