/** Content-Encoding: undone with a limit on the result, so that a small body cannot become a large one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';

import { assertProblem } from './assert-problem.ts';
import { assertNothingInFlight, startService } from './service.ts';

const MAX_ENTRY_BYTES = 64 * 1024;
const MIB = 1024 * 1024;

const service = await startService({
  limits: { maxBatchBytes: MIB },
  registers: { app: { access: 'open', maxEntryBytes: MAX_ENTRY_BYTES } },
});

const ENCODERS = { gzip: gzipSync, zstd: zstdCompressSync, 'X-GZIP': gzipSync };
const JSON_TYPE = { 'content-type': 'application/json' };

async function post(encoding: string, body: Buffer, type = 'application/json'): Promise<Response> {
  const headers = { 'content-type': type, 'content-encoding': encoding };
  return service.fetch('/app', { method: 'POST', headers, body: Uint8Array.from(body) });
}

for (const [encoding, encode] of Object.entries(ENCODERS)) {
  test(`a ${encoding} body is stored as the bytes that it decodes to`, async () => {
    const json = `{"text":"${'é'.repeat(1000)}"}`;
    const answer = await post(encoding, encode(json));
    assert.equal(answer.status, 201);
    const { id } = (await answer.json()) as { id: string };
    assert.equal(await (await service.fetch(`/app/${id}/payload`)).text(), json);
  });

  test(`a ${encoding} batch is read line by line`, async () => {
    const answer = await post(encoding, encode('{"a":1}\n{"a":2}\n'), 'application/x-ndjson');
    assert.equal((await answer.text()).trimEnd().split('\n').length, 2);
  });

  test(`a ${encoding} bomb is refused, however small it arrives`, async () => {
    const zeros = encode(Buffer.alloc(64 * MIB));
    assert.ok(zeros.byteLength < MAX_ENTRY_BYTES + 1024);
    await assertProblem(await post(encoding, zeros), 'ENTRY_TOO_LARGE', { kind: 'write' });
    const asBatch = await post(encoding, zeros, 'application/x-ndjson');
    await assertProblem(asBatch, 'BATCH_TOO_LARGE', { kind: 'write' });
  });

  test(`a ${encoding} body that fits exactly is stored, one byte more is refused`, async () => {
    const fitting = encode('x'.repeat(MAX_ENTRY_BYTES));
    assert.equal((await post(encoding, fitting, 'text/plain')).status, 201);
    const larger = encode('x'.repeat(MAX_ENTRY_BYTES + 1));
    await assertProblem(await post(encoding, larger, 'text/plain'), 'ENTRY_TOO_LARGE', { kind: 'write' });
  });

  test(`a ${encoding} body that is cut off, followed by something else or plain is refused`, async () => {
    const whole = encode(`{"text":"${'abcdefgh'.repeat(100)}"}`);
    const before = (await service.list('/app?limit=1')).entries[0]?.id;
    for (const body of [
      whole.subarray(0, -1),
      whole.subarray(0, 3),
      Buffer.concat([whole, Buffer.from('more')]),
      Buffer.concat([whole, whole.subarray(0, -1)]),
      Buffer.from('{"plain":true}'),
    ]) {
      await assertProblem(await post(encoding, body, 'text/plain'), 'BODY_NOT_DECODABLE', { kind: 'write' });
    }
    assert.equal((await service.list('/app?limit=1')).entries[0]?.id, before);
  });

  test(`a ${encoding} body of several parts is stored whole`, async () => {
    const parts = ['first,', 'second,', '', 'third'];
    const answer = await post(encoding, Buffer.concat(parts.map((part) => encode(part))), 'text/plain');
    const { id } = (await answer.json()) as { id: string };
    assert.equal(await (await service.fetch(`/app/${id}/payload`)).text(), parts.join(''));
    const tooLarge = Buffer.concat([encode('x'.repeat(MAX_ENTRY_BYTES)), encode('y')]);
    await assertProblem(await post(encoding, tooLarge, 'text/plain'), 'ENTRY_TOO_LARGE', { kind: 'write' });
  });
}

test('what a zstd body may skip is skipped', async () => {
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
  const answer = await post('zstd', Buffer.concat([skippable, zstdCompressSync('[1]'), skippable]));
  const { id } = (await answer.json()) as { id: string };
  assert.equal(await (await service.fetch(`/app/${id}/payload`)).text(), '[1]');
});

test('a zstd body of countless frames is refused', async () => {
  const frames = Buffer.concat(Array.from({ length: 3000 }, () => zstdCompressSync('')));
  await assertProblem(await post('zstd', frames), 'BODY_NOT_DECODABLE', { kind: 'write' });
});

test('identity is no encoding at all', async () => {
  const headers = { ...JSON_TYPE, 'content-encoding': 'identity' };
  assert.equal((await service.fetch('/app', { method: 'POST', headers, body: '{}' })).status, 201);
});

test('an empty body has nothing to decode', async () => {
  const headers = { 'content-encoding': 'gzip' };
  const { id } = await service.write('app', undefined, headers);
  assert.ok(!('payload' in (await service.read('app', id))));
});

test('a body that decodes to nothing is the moment alone', async () => {
  const { id } = (await (await post('gzip', gzipSync(''))).json()) as { id: string };
  assert.ok(!('payload' in (await service.read('app', id))));
});

for (const encoding of ['br', 'deflate', 'gzip, gzip', 'compress', 'nonsense']) {
  test(`${encoding} is refused, naming what is supported`, async () => {
    const answer = await post(encoding, brotliCompressSync('{}'));
    assert.equal(answer.headers.get('accept-encoding'), 'gzip, zstd');
    await assertProblem(answer, 'ENCODING_UNSUPPORTED', { kind: 'write' });
  });
}

test('many decoders at once leave nothing reserved', async () => {
  const bomb = gzipSync(Buffer.alloc(8 * MIB));
  const good = gzipSync('{"a":1}');
  const statuses = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const answer = await post('gzip', index % 2 === 0 ? bomb : good);
      await answer.text();
      return answer.status;
    }),
  );
  assert.deepEqual(new Set(statuses), new Set([413, 201]));
});

test('after all that, no byte stays reserved', () => assertNothingInFlight(service));
