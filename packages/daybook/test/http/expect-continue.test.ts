/** `Expect: 100-continue`: leave to send the body, given only when the head is acceptable (RFC 9110 §10.1.1). */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ErrorCode } from '../../src/errors.ts';
import { assertProblem } from './assert-problem.ts';
import { connectRaw, rawRequest } from './raw-connection.ts';
import { assertNothingInFlight, startService } from './service.ts';

const service = await startService({ registers: { app: { access: 'open', maxEntryBytes: 1024 } } });
const EXPECT = { expect: '100-continue', 'content-type': 'application/json' };

test('a body that may come is asked for, and the connection goes on', async () => {
  const connection = await connectRaw(service.port);
  for (const path of ['/app', '/EpochRegisterTime']) {
    await connection.send(rawRequest(`POST ${path}`, { ...EXPECT, 'content-length': '7' }));
    assert.equal((await connection.answer()).status, 100);
    await connection.send('{"a":1}');
    const answer = await connection.answer();
    assert.equal(answer.status, 201);
    assert.notEqual(answer.headers.get('connection'), 'close');
  }
  connection.destroy();
});

test('a body that is sent without waiting is taken', async () => {
  const connection = await connectRaw(service.port);
  await connection.send(rawRequest('POST /app', EXPECT, '{"a":1}'));
  assert.equal((await connection.answer()).status, 100);
  assert.equal((await connection.answer()).status, 201);
  connection.destroy();
});

test('a client that closes after every answer is heard', async () => {
  const connection = await connectRaw(service.port);
  await connection.send(rawRequest('POST /app', { ...EXPECT, connection: 'close' }, '{"a":1}'));
  assert.equal((await connection.answer()).status, 100);
  assert.equal((await connection.answer()).headers.get('connection'), 'close');
  assert.equal(await connection.rest(), '');
});

const REFUSED: readonly (readonly [ErrorCode, string, Record<string, string>])[] = [
  ['ENTRY_TOO_LARGE', 'POST /app', { 'content-length': '1000000' }],
  ['NOT_ACCEPTABLE', 'POST /app', { 'content-length': '7', accept: 'image/png' }],
  ['HEADER_INVALID', 'POST /app', { 'content-length': '7', 'idempotency-key': 'short' }],
  ['ENCODING_UNSUPPORTED', 'POST /app', { 'content-length': '7', 'content-encoding': 'br' }],
  ['MEDIA_TYPE_UNSUPPORTED', 'POST /app', { 'content-length': '7', 'ce-specversion': '1.0' }],
  ['HOST_UNKNOWN', 'POST /app', { 'content-length': '7', host: 'example.org' }],
  ['NOT_FOUND', 'POST /nowhere', { 'content-length': '7' }],
  ['METHOD_NOT_ALLOWED', 'PUT /app', { 'content-length': '7' }],
];
for (const [code, line, headers] of REFUSED) {
  test(`${code} is told without asking for the body, and the connection ends`, async () => {
    const connection = await connectRaw(service.port);
    await connection.send(rawRequest(line, { ...EXPECT, ...headers }));
    const answer = await connection.answer();
    await assertProblem(answer, code, { kind: line.startsWith('POST') ? 'write' : 'read' });
    // Whether the client still sends the body, or goes on with another request, is not known.
    assert.equal(answer.headers.get('connection'), 'close');
    assert.equal(await connection.rest(), '');
    connection.destroy();
  });
}

test('another expectation is passed over', async () => {
  const connection = await connectRaw(service.port);
  await connection.send(rawRequest('POST /app', { expect: 'the-impossible' }, 'x'));
  assert.equal((await connection.answer()).status, 201);
  connection.destroy();
});

test('an expectation without a body is answered', async () => {
  const connection = await connectRaw(service.port);
  await connection.send(rawRequest('GET /healthz', { expect: '100-continue' }));
  assert.equal((await connection.answer()).status, 200);
  connection.destroy();
});

test('after all that, no byte stays reserved', () => assertNothingInFlight(service));
