/** Heads of requests that are malformed, too large or too late: all of them get a problem document. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ErrorCode } from '../../src/errors.ts';
import { assertProblem } from './assert-problem.ts';
import { connectRaw, rawRequest } from './raw-connection.ts';
import { startService } from './service.ts';

const service = await startService({ limits: { headersTimeoutMs: 1000, keepAliveTimeoutMs: 1000 } });
const open = await startService({ host: '0.0.0.0' });

async function healthAskedFrom(host: string) {
  const connection = await connectRaw(open.port);
  await connection.send(rawRequest('GET /healthz', { host }));
  const answer = await connection.answer();
  connection.destroy();
  return answer;
}

const flood = (count: number, size: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, 'v'.repeat(size)]));

async function refused(
  bytes: string | Uint8Array,
  code: ErrorCode,
  kind: 'read' | 'write' = 'write',
  port = service.port,
) {
  const connection = await connectRaw(port);
  try {
    await connection.send(bytes);
    const problem = await assertProblem(await connection.answer(), code, { kind });
    return { problem, connection };
  } finally {
    connection.destroy();
  }
}

for (const [what, bytes] of [
  ['no HTTP at all', 'hello\r\n\r\n'],
  ['a TLS handshake', Buffer.from('1603010200010001fc0303', 'hex')],
  ['an unknown method', rawRequest('BREW /app')],
  ['a method in lower case', rawRequest('get /app')],
  ['an unknown version', 'GET /app HTTP/9.9\r\nHost: localhost\r\n\r\n'],
  ['HTTP/2 with prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a space in the target', 'GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['no target', 'GET  HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['a header without a colon', 'GET /app HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n'],
  ['a header with a space in its name', 'GET /app HTTP/1.1\r\nHost: localhost\r\nx y: 1\r\n\r\n'],
  ['a control character in a header', 'GET /app HTTP/1.1\r\nHost: localhost\r\nx: a\u0000b\r\n\r\n'],
  ['a folded header', 'GET /app HTTP/1.1\r\nHost: localhost\r\n x: 1\r\n\r\n'],
  ['a bare CR in a header', 'GET /app HTTP/1.1\r\nHost: localhost\r\nx: a\rb\r\n\r\n'],
  ['no Host', 'GET /app HTTP/1.1\r\n\r\n'],
  ['a write without a Host', 'POST /app HTTP/1.1\r\nContent-Length: 1\r\n\r\nx'],
] as const) {
  test(`${what} is answered with a problem document, and the connection ends`, async () => {
    const connection = await connectRaw(service.port);
    await connection.send(bytes);
    const answer = await connection.answer();
    const kind = what === 'no Host' ? 'read' : 'write';
    await assertProblem(answer, 'REQUEST_MALFORMED', { kind });
    assert.equal(answer.headers.get('connection'), 'close');
    assert.equal(await connection.rest(), '');
    connection.destroy();
  });
}

test('a flood of headers is refused, naming the key, whether few and large or many and small', async () => {
  for (const headers of [flood(1, 20_000), flood(20, 1000), flood(5000, 1)]) {
    const { problem } = await refused(rawRequest('POST /app', headers, 'x'), 'HEADERS_TOO_LARGE');
    assert.match(problem.detail, /limits\.maxHeaderBytes/);
  }
});

test('a head that never ends is refused before it does', async () => {
  const connection = await connectRaw(service.port);
  await connection.send('GET /app HTTP/1.1\r\nHost: localhost\r\n');
  for (let n = 0; n < 40; n += 1) await connection.send(`x-${n}: ${'v'.repeat(1000)}\r\n`);
  await assertProblem(await connection.answer(), 'HEADERS_TOO_LARGE', { kind: 'write' });
  connection.destroy();
});

test('of very many small headers none is passed over', async () => {
  const filler = Object.fromEntries(Array.from({ length: 2500 }, (_, n) => [`${n}`, '']));
  const connection = await connectRaw(service.port);
  const key = 'the-last-of-very-many';
  await connection.send(rawRequest('POST /app', { ...filler, 'idempotency-key': key }, 'x'));
  const { id } = JSON.parse((await connection.answer()).body) as { id: string };
  assert.equal((await service.read('app', id)).idempotencyKey, key);
  connection.destroy();
});

test('a huge target is too long, with whatever method', async () => {
  for (const length of [8192, 12_000, 60_000]) {
    const kind = length > 16_000 ? 'write' : 'read';
    await refused(rawRequest(`GET /app?x=${'x'.repeat(length)}`), 'URI_TOO_LONG', kind);
    await refused(rawRequest(`POST /app?x=${'x'.repeat(length)}`, {}, 'x'), 'URI_TOO_LONG');
  }
});

test('a head that does not come in time is told so', async () => {
  const { problem } = await refused('POST /app HTTP/1.1\r\nHost: loc', 'REQUEST_TIMEOUT');
  assert.match(problem.detail, /limits\.headersTimeoutMs/);
});

test('a connection that says nothing is ended, and so is one that has nothing more to say', async () => {
  const silent = await connectRaw(service.port);
  const served = await connectRaw(service.port);
  await served.send(rawRequest('GET /healthz'));
  assert.equal((await served.answer()).status, 200);
  assert.equal(await served.rest(), '');
  const last = await silent.rest();
  assert.ok(last === '' || last.startsWith('HTTP/1.1 408 '), last);
});

test('HTTP/1.0 without a Host is served, and its connection ends', async () => {
  for (const { port } of [service, open]) {
    for (const [request, status] of [
      ['GET /healthz HTTP/1.0\r\n\r\n', 200],
      ['POST /app HTTP/1.0\r\nContent-Length: 1\r\n\r\nx', 201],
      ['POST /app HTTP/1.0\r\n\r\n', 201],
    ] as const) {
      const connection = await connectRaw(port);
      await connection.send(request);
      assert.equal((await connection.answer()).status, status);
      await connection.rest();
      connection.destroy();
    }
  }
});

test('beyond loopback a Host that is none is malformed, any other is served', async () => {
  for (const host of ['a b', 'a/b', 'user@host', '[::1', 'a:port', '%'])
    await assertProblem(await healthAskedFrom(host), 'REQUEST_MALFORMED', { kind: 'read' });
  for (const host of [
    'example.org',
    'EXAMPLE.org:8080',
    '192.0.2.1',
    '[2001:db8::1]:3000',
    'xn--bcher-kva.example',
  ])
    assert.equal((await healthAskedFrom(host)).status, 200, host);
});

test('an Upgrade is passed over, as RFC 9110 §7.8 allows', async () => {
  const connection = await connectRaw(service.port);
  await connection.send(rawRequest('GET /healthz', { connection: 'upgrade', upgrade: 'websocket' }));
  assert.equal((await connection.answer()).status, 200);
  connection.destroy();
});
