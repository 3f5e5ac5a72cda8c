/** A body counts once against `limits.maxBytesInFlight`, from its first byte until its entries are durable. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { assertNothingInFlight, startService } from './service.ts';

const KIB = 1024;

const service = await startService({
  limits: { maxBytesInFlight: 1024 * KIB, maxBatchBytes: 900 * KIB },
  registers: { app: { access: 'open', maxEntryBytes: 900 * KIB } },
});

test('an entry of more than half of the bytes in flight is stored', async () => {
  const payload = randomBytes(800 * KIB);
  const { id } = await service.write('app', payload, { 'content-type': 'application/octet-stream' });
  const kept = await service.fetch(`/app/${id}/payload`);
  assert.ok(payload.equals(Buffer.from(await kept.arrayBuffer())));
  await assertNothingInFlight(service);
});

for (const [front, post] of [
  ['over a socket', service.fetch],
  ['without a socket', service.fetchInProcess],
] as const) {
  test(`every line of a batch of more than half of the bytes in flight is stored, ${front}`, async () => {
    const line = `${JSON.stringify('x'.repeat(8 * KIB - 3))}\n`;
    const answer = await post('/app', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: line.repeat(100),
    });
    assert.equal(answer.status, 200);
    const statuses = (await answer.text())
      .trim()
      .split('\n')
      .map((result) => (JSON.parse(result) as { status: number }).status);
    assert.deepEqual(new Set(statuses), new Set([201]));
    assert.equal(statuses.length, 100);
    await assertNothingInFlight(service);
  });
}

test('a compressed body counts with what it may become only until it is decoded', async () => {
  const body = gzipSync(Buffer.alloc(600 * KIB, 'x'));
  const headers = { 'content-type': 'text/plain', 'content-encoding': 'gzip' };
  await service.write('app', body, headers);
  await assertNothingInFlight(service);
});
