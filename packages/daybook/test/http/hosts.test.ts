/** Bound to loopback, a foreign Host comes from a web page that made its own name point here: 421. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertProblem } from './assert-problem.ts';
import { connectRaw, rawRequest } from './raw-connection.ts';
import { startService } from './service.ts';

const loopback = await startService();
const listed = await startService({ allowedHosts: ['daybook.example'] });
const beyond = await startService({ host: '0.0.0.0', allowedHosts: ['daybook.example'] });

async function ask(port: number, host: string, line = 'GET /healthz', body?: string) {
  const connection = await connectRaw(port);
  await connection.send(rawRequest(line, { host }, body));
  const answer = await connection.answer();
  connection.destroy();
  return answer;
}

for (const host of [
  'localhost',
  'LOCALHOST',
  'localhost:3000',
  '127.0.0.1',
  '127.0.0.1:80',
  '127.8.9.1',
  '[::1]',
  '[::1]:3000',
]) {
  test(`${host} is this server`, async () => {
    assert.equal((await ask(loopback.port, host)).status, 200);
    assert.equal((await ask(loopback.port, host, 'POST /app', 'x')).status, 201);
  });
}

for (const host of [
  'example.org',
  'localhost.example.org',
  '127.0.0.1.example.org',
  '192.168.0.1',
  '[2001:db8::1]',
  'daybook.example',
  '0.0.0.0',
  'localhost.',
]) {
  test(`${host} is another server, for reads and writes and every path`, async () => {
    for (const line of [
      'GET /',
      'GET /app',
      'GET /nowhere',
      'GET /metrics',
      'OPTIONS /app',
      'GET /app?live=sse',
    ])
      await assertProblem(await ask(loopback.port, host, line), 'HOST_UNKNOWN', { kind: 'read' });
    await assertProblem(await ask(loopback.port, host, 'POST /app', 'x'), 'HOST_UNKNOWN', { kind: 'write' });
  });
}

test('the host of an absolute target wins over the Host header', async () => {
  const evil = await ask(loopback.port, 'localhost', 'POST http://example.org/app', 'x');
  await assertProblem(evil, 'HOST_UNKNOWN', { kind: 'write' });
  const good = await ask(loopback.port, 'example.org', 'POST http://localhost/app', 'x');
  assert.equal(good.status, 201);
});

test('a listed host is this server too', async () => {
  for (const { port } of [listed, beyond]) {
    for (const host of ['daybook.example', 'DAYBOOK.example:443', 'localhost'])
      assert.equal((await ask(port, host)).status, 200, host);
    for (const host of ['other.example', 'sub.daybook.example'])
      await assertProblem(await ask(port, host), 'HOST_UNKNOWN', { kind: 'read' });
  }
});

test('one host after another is judged by itself', async () => {
  const connection = await connectRaw(loopback.port);
  for (const [host, status] of [
    ['localhost', 200],
    ['example.org', 421],
    ['localhost', 200],
    ['example.org', 421],
  ] as const) {
    await connection.send(rawRequest('GET /healthz', { host }));
    assert.equal((await connection.answer()).status, status);
  }
  connection.destroy();
});
