/** Bodies that come too slowly, or too late, or never, while normal requests are served. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { assertProblem } from './assert-problem.ts';
import { connectRaw, rawRequest } from './raw-connection.ts';
import { assertNothingInFlight, startService } from './service.ts';

const slow = await startService({ limits: { slowBodyGraceMs: 1000, minBodyBytesPerSecond: 1024 } });
const late = await startService({
  limits: {
    requestTimeoutMs: 1000,
    batchTimeoutMs: 1000,
    headersTimeoutMs: 60_000,
    minBodyBytesPerSecond: 0,
  },
});

const newestId = async () => (await slow.list('/app?limit=1')).entries[0]?.id;

describe('a body', { concurrency: true }, () => {
  test('that comes too slowly is told so, and nothing is written', async () => {
    const before = await newestId();
    const connection = await connectRaw(slow.port);
    await connection.send(rawRequest('POST /app', { 'content-length': '1000' }));
    const trickle = setInterval(() => void connection.send('x'), 100);
    try {
      const { detail } = await assertProblem(await connection.answer(), 'BODY_TOO_SLOW', { kind: 'write' });
      assert.match(detail, /limits\.minBodyBytesPerSecond/);
    } finally {
      clearInterval(trickle);
      connection.destroy();
    }
    assert.equal(await newestId(), before);
  });

  for (const [what, type, key] of [
    ['an entry', 'text/plain', 'requestTimeoutMs'],
    ['a batch', 'application/x-ndjson', 'batchTimeoutMs'],
  ] as const) {
    test(`of ${what} that does not come in time is told so, however steadily it comes`, async () => {
      const connection = await connectRaw(late.port);
      await connection.send(rawRequest('POST /app', { 'content-type': type, 'content-length': '200000' }));
      const trickle = setInterval(() => void connection.send('x'.repeat(100)), 50);
      try {
        const { detail } = await assertProblem(await connection.answer(), 'REQUEST_TIMEOUT', {
          kind: 'write',
        });
        assert.ok(detail.includes(`limits.${key}`), detail);
      } finally {
        clearInterval(trickle);
        connection.destroy();
      }
    });
  }
});

test('five hundred slow clients hold up nobody, and leave nothing behind', async () => {
  const clients = await Promise.all(
    Array.from({ length: 500 }, async (_, n) => {
      const connection = await connectRaw(slow.port);
      const framing: Record<string, string> =
        n % 2 === 0 ? { 'content-length': '5000' } : { 'transfer-encoding': 'chunked' };
      await connection.send(rawRequest('POST /app', { 'content-type': 'application/json', ...framing }));
      await connection.send(n % 2 === 0 ? '{"never":' : '9\r\n{"never":\r\n');
      return connection;
    }),
  );
  const served = Promise.all(Array.from({ length: 50 }, (_, n) => slow.write('app', `normal ${n}`)));
  const told = Promise.all(
    clients.map(async (connection) =>
      assertProblem(await connection.answer(), 'BODY_TOO_SLOW', { kind: 'write' }),
    ),
  );
  assert.equal((await served).length, 50);
  assert.equal((await told).length, 500);
  for (const connection of clients) connection.destroy();
  await assertNothingInFlight(slow);
  const { entries } = await slow.list('/app?limit=1000');
  assert.ok(entries.every(({ payload }) => String(payload).startsWith('normal')));
});

test('after all that, no byte stays reserved', () => assertNothingInFlight(late));
