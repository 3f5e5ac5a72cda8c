/** A request that is cut off at any byte leaves nothing: no entry, no reserved byte, no held key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { connectRaw, rawRequest } from './raw-connection.ts';
import { assertNothingInFlight, startService } from './service.ts';

const service = await startService();

const KEY = { 'idempotency-key': 'cut-off-at-every-byte' };

function chunked(body: Buffer): Buffer {
  const half = body.byteLength >> 1;
  const parts = [body.subarray(0, half), body.subarray(half)].map((part) =>
    Buffer.concat([Buffer.from(`${part.byteLength.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
  );
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

const REQUESTS: Readonly<Record<string, Buffer>> = {
  'an entry of a declared length': Buffer.from(
    rawRequest('POST /app', { ...KEY, 'content-type': 'application/json' }, '{"a":1}'),
  ),
  'a compressed entry in chunks': Buffer.concat([
    Buffer.from(
      rawRequest('POST /epoch', { ...KEY, 'content-encoding': 'gzip', 'transfer-encoding': 'chunked' }),
    ),
    chunked(gzipSync('{"a":1}')),
  ]),
  'a batch': Buffer.from(
    rawRequest(
      'POST /app',
      { 'idempotency-key': 'a-batch-cut-off-at-a-byte', 'content-type': 'application/x-ndjson' },
      '1\n2\n',
    ),
  ),
};

for (const [what, request] of Object.entries(REQUESTS)) {
  test(`${what}, cut off at any byte, leaves nothing`, async () => {
    const count = async () =>
      (await service.list('/app')).entries.length + (await service.list('/epoch')).entries.length;
    const before = await count();
    await Promise.all(
      Array.from({ length: request.byteLength }, async (_, length) => {
        const connection = await connectRaw(service.port);
        await connection.send(request.subarray(0, length));
        if (length % 2 === 0) connection.destroy();
        else connection.finish();
        await connection.rest();
        connection.destroy();
      }),
    );
    await assertNothingInFlight(service);
    assert.equal(await count(), before);

    const connection = await connectRaw(service.port);
    await connection.send(request);
    const answer = await connection.answer();
    assert.ok(answer.status === 201 || answer.status === 200, answer.body);
    assert.ok(!answer.body.includes('"duplicate":true'), answer.body);
    connection.destroy();
  });
}
