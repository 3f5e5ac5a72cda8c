/** Connections that change between plain writes and everything else, and those that fall silent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { RawConnection } from './raw-connection.ts';
import { connectRaw, rawRequest } from './raw-connection.ts';
import { assertNothingInFlight, startService } from './service.ts';

const service = await startService({ limits: { keepAliveTimeoutMs: 1000 } });
const based = await startService({ basePath: '/dev' });

const plain = (text: string, path = '/app') =>
  rawRequest(`POST ${path}`, { 'content-type': 'text/plain' }, text);
const chunked = (text: string) =>
  rawRequest(
    'POST /app',
    { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' },
    `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
  );

async function connected(use: (connection: RawConnection) => Promise<void>, port = service.port) {
  const connection = await connectRaw(port);
  try {
    await use(connection);
  } finally {
    connection.destroy();
  }
}

/** The payload of the entry that the next answer acknowledges. */
async function written(connection: RawConnection): Promise<unknown> {
  const answer = await connection.answer();
  assert.equal(answer.status, 201, answer.body);
  const { id } = JSON.parse(answer.body) as { id: string };
  return (await service.read('app', id)).payload;
}

test('one request after the other is answered, plain or not, and those behind them', () =>
  connected(async (connection) => {
    for (const request of [plain('1'), plain('2'), chunked('3'), plain('4')]) {
      await connection.send(request);
      const number = /\d(?=(?:\r\n0\r\n\r\n)?$)/.exec(request)?.[0];
      assert.equal(await written(connection), number);
    }
  }));

test('requests that come all at once are answered in their order, plain or not', () =>
  connected(async (connection) => {
    const requests = [plain('1'), plain('2'), chunked('3'), rawRequest('GET /healthz'), plain('5')];
    await connection.send(requests.join(''));
    assert.equal(await written(connection), '1');
    assert.equal(await written(connection), '2');
    assert.equal(await written(connection), '3');
    assert.equal((await connection.answer()).status, 200);
    assert.equal(await written(connection), '5');
  }));

test('a request that comes byte by byte behind a plain one is answered', () =>
  connected(async (connection) => {
    await connection.send(plain('1'));
    assert.equal(await written(connection), '1');
    for (const byte of plain('2')) await connection.send(byte);
    assert.equal(await written(connection), '2');
  }));

test('thousands of requests that come all at once are all answered, in their order', () =>
  connected(async (connection) => {
    const count = 3_000;
    const sending = connection.send(Array.from({ length: count }, (_, n) => plain(`n${n}`)).join(''));
    let before = '';
    for (let n = 0; n < count; n += 1) {
      const { status, body } = await connection.answer();
      assert.equal(status, 201);
      const { id } = JSON.parse(body) as { id: string };
      assert.ok(id > before);
      before = id;
    }
    await sending;
  }));

test('a client that reads its answers late gets all of them, in their order, and holds nothing up meanwhile', () =>
  connected(async (connection) => {
    const lines = 1_000;
    const batches = 60;
    const batch = rawRequest('POST /app', { 'content-type': 'application/x-ndjson' }, '1\n'.repeat(lines));
    connection.stall();
    const sending = connection.send(batch.repeat(batches));
    for (let n = 0; n < 20; n += 1) await service.write('app', `beside ${n}`);
    connection.goOn();
    for (let n = 0; n < batches; n += 1) {
      const { status, body } = await connection.answer();
      assert.equal(status, 200);
      assert.equal(body.split('"status":201').length - 1, lines);
    }
    await sending;
    await assertNothingInFlight(service);
  }));

test('a refused request is answered with its problem, and the next one is taken', () =>
  connected(async (connection) => {
    await connection.send(rawRequest('POST /app', { 'content-type': 'application/json' }, '{"a":'));
    const refusal = await connection.answer();
    assert.equal(refusal.status, 400);
    assert.equal((JSON.parse(refusal.body) as { code: string }).code, 'BODY_NOT_JSON');
    await connection.send(plain('next'));
    assert.equal(await written(connection), 'next');
  }));

test('an answer says when it was given and how long the connection is kept', () =>
  connected(async (connection) => {
    await connection.send(plain('1'));
    const { headers } = await connection.answer();
    assert.ok(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now()) < 10_000);
    assert.equal(headers.get('connection'), 'keep-alive');
    assert.equal(headers.get('keep-alive'), 'timeout=1');
  }));

test('a connection that falls silent is ended', () =>
  connected(async (connection) => {
    await connection.send(plain('1'));
    assert.equal(await written(connection), '1');
    assert.equal(await connection.rest(), '');
  }));

test('below a base path only what is below it is a register', async () => {
  for (const [path, status] of [
    ['/dev/app', 201],
    ['/app', 404],
  ] as const) {
    await connected(async (connection) => {
      await connection.send(plain('1', path));
      assert.equal((await connection.answer()).status, status);
    }, based.port);
  }
});
