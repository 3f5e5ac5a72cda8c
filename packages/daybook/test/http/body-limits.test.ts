/** Bodies over their limit, over a real socket: the refusal reaches a client that is still sending. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../support/eventually.ts';
import { assertProblem } from './assert-problem.ts';
import type { RawConnection } from './raw-connection.ts';
import { connectRaw, rawRequest } from './raw-connection.ts';
import { assertNothingInFlight, startService } from './service.ts';

const KIB = 1024;
const service = await startService({
  limits: { maxBatchBytes: 256 * KIB, maxBytesInFlight: 1024 * KIB },
  registers: { app: { access: 'open', maxEntryBytes: 64 * KIB } },
});

const newestId = async () => (await service.list('/app?limit=1')).entries[0]?.id;
const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`;

/** Goes on sending, whatever comes back, until the answer is there. */
async function answerWhileSending(connection: RawConnection, part: string) {
  let answered = false;
  const sending = (async () => {
    while (!answered) await connection.send(part);
  })();
  const answer = await connection.answer();
  answered = true;
  await sending;
  return answer;
}

const KINDS = [
  ['an entry', 'text/plain', 'ENTRY_TOO_LARGE', /registers\.app\.maxEntryBytes/, 64 * KIB],
  ['a batch', 'application/x-ndjson', 'BATCH_TOO_LARGE', /limits\.maxBatchBytes/, 256 * KIB],
] as const;

for (const [what, type, code, names, limit] of KINDS) {
  test(`${what} that is declared too large is refused before its body comes`, async () => {
    const connection = await connectRaw(service.port);
    await connection.send(
      rawRequest('POST /app', { 'content-type': type, 'content-length': String(limit + 1) }),
    );
    const { detail } = await assertProblem(await connection.answer(), code, { kind: 'write' });
    assert.match(detail, names);
    assert.match(detail, new RegExp(String(limit + 1)));
    connection.destroy();
  });

  test(`${what} that is declared far too large is refused while the client goes on sending`, async () => {
    const before = await newestId();
    const connection = await connectRaw(service.port);
    const length = String(10_000 * 1024 * KIB);
    await connection.send(rawRequest('POST /app', { 'content-type': type, 'content-length': length }));
    const answer = await answerWhileSending(connection, 'x'.repeat(64 * KIB));
    await assertProblem(answer, code, { kind: 'write' });
    connection.destroy();
    assert.equal(await newestId(), before);
  });

  test(`${what} that grows too large in chunks is refused while the client goes on sending`, async () => {
    const before = await newestId();
    const connection = await connectRaw(service.port);
    await connection.send(rawRequest('POST /app', { 'content-type': type, 'transfer-encoding': 'chunked' }));
    const answer = await answerWhileSending(connection, chunk(16 * KIB));
    const { detail } = await assertProblem(answer, code, { kind: 'write' });
    assert.match(detail, names);
    connection.destroy();
    assert.equal(await newestId(), before);
  });

  test(`${what} that is too large is the end of neither the connection nor the client's patience`, async () => {
    const connection = await connectRaw(service.port);
    await connection.send(rawRequest('POST /app', { 'content-type': type }, 'x'.repeat(limit * 2)));
    await assertProblem(await connection.answer(), code, { kind: 'write' });
    await connection.send(rawRequest('POST /app', { 'content-type': 'text/plain' }, 'x'));
    assert.equal((await connection.answer()).status, 201);
    connection.destroy();
  });
}

test('a client that never stops sending is cut off in the end', async () => {
  const connection = await connectRaw(service.port);
  await connection.send(rawRequest('POST /app', { 'transfer-encoding': 'chunked' }));
  for (let sent = 0; sent < 40; sent += 1) await connection.send(chunk(1024 * KIB));
  const answer = await connection.answer();
  await assertProblem(answer, 'ENTRY_TOO_LARGE', { kind: 'write' });
  await connection.rest();
  connection.destroy();
});

test('a body in chunks that fits is stored', async () => {
  const connection = await connectRaw(service.port);
  await connection.send(
    rawRequest('POST /app', { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' }),
  );
  for (let n = 0; n < 4; n += 1) await connection.send(chunk(16 * KIB));
  await connection.send('0\r\n\r\n');
  const { id } = JSON.parse((await connection.answer()).body) as { id: string };
  assert.equal((await (await service.fetch(`/app/${id}/payload`)).text()).length, 64 * KIB);
  connection.destroy();
});

test('when too much is in flight, more is refused and what is under way goes on', async () => {
  const fill = 60 * KIB;
  const holders = await Promise.all(
    Array.from({ length: 17 }, async () => {
      const connection = await connectRaw(service.port);
      await connection.send(
        rawRequest('POST /app', { 'content-type': 'text/plain', 'content-length': String(fill) }),
      );
      await connection.send('x'.repeat(fill - 1));
      return connection;
    }),
  );
  const held = holders.length * (fill - 1);
  await eventually(
    'all of it in flight',
    async () => (await service.metric('daybook_bytes_in_flight')) === held,
  );
  const late = await service.fetch('/app', { method: 'POST', body: 'x'.repeat(30 * KIB) });
  const { detail } = await assertProblem(late, 'OVERLOADED', { kind: 'write' });
  assert.match(detail, /bytes in flight/);
  assert.equal((await service.fetch('/app?limit=1')).status, 200, 'reads go on');

  const gzip = await service.fetch('/app', {
    method: 'POST',
    headers: { 'content-encoding': 'gzip' },
    body: 'x',
  });
  await assertProblem(gzip, 'OVERLOADED', { kind: 'write' });

  for (const connection of holders.slice(2)) connection.destroy();
  await eventually('room again', async () => (await service.metric('daybook_bytes_in_flight')) < 3 * fill);
  for (const connection of holders.slice(0, 2)) {
    await connection.send('x');
    assert.equal((await connection.answer()).status, 201);
    connection.destroy();
  }
  await assertNothingInFlight(service);
  await service.write('app', 'x'.repeat(fill));
});

test('after all that, no byte stays reserved', () => assertNothingInFlight(service));
