/** Tails while eight writers write: every entry once and in order, over many reconnects and for many followers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { connectRaw, rawRequest } from './raw-connection.ts';
import { readEvents } from './event-reader.ts';
import { assertNothingInFlight, startService } from './service.ts';

const service = await startService({ registers: { shared: { access: 'open' }, wide: { access: 'open' } } });

/** Eight writers on connections of their own. @returns the ids in the order of each writer. */
async function writeConcurrently(register: string, each: number): Promise<string[]> {
  const written = await Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      const ids: string[] = [];
      for (let n = 0; n < each; n += 1) ids.push((await service.write(register, `${writer}/${n}`)).id);
      return ids;
    }),
  );
  return written.flat();
}

test('a tail that reconnects at random points has every entry once and in order', async () => {
  const writing = writeConcurrently('app', 125);
  const total = 1000;
  const ids: string[] = [];
  let lastId = '';
  let connections = 0;
  for (let seed = 7; ids.length < total; connections += 1) {
    const reader = await readEvents(
      `${service.address}/app?live=sse&from=start`,
      lastId === '' ? {} : { 'last-event-id': lastId },
    );
    seed = (seed * 16_807) % 2_147_483_647;
    const events = await reader.take(Math.min(1 + (seed % 37), total - ids.length));
    reader.close();
    ids.push(...events.map(({ entry }) => entry.id));
    lastId = events.at(-1)?.id ?? lastId;
  }
  assert.ok(connections > 20);
  assert.equal(new Set(ids).size, total, 'none twice');
  assert.deepEqual(new Set(ids), new Set(await writing), 'none missing');
  const inOrder = await readEvents(`${service.address}/app?live=sse&from=start`);
  const again = (await inOrder.take(total)).map(({ entry }) => entry.id);
  inOrder.close();
  assert.deepEqual(ids, again, 'stored order never changes');
});

test('two hundred followers have every entry once, and writers are served meanwhile', async () => {
  const readers = await Promise.all(
    Array.from({ length: 200 }, () => readEvents(`${service.address}/shared?live=sse`)),
  );
  const written = await writeConcurrently('shared', 10);
  const followed = await Promise.all(
    readers.map(async (reader) => (await reader.take(80)).map(({ entry }) => entry.id)),
  );
  for (const reader of readers) reader.close();
  for (const ids of followed) assert.deepEqual(ids, followed[0]);
  assert.deepEqual(new Set(followed[0]), new Set(written));
});

test('a follower that stops reading holds up nobody', async () => {
  const count = 60;
  const stalled = await connectRaw(service.port);
  stalled.stall();
  await stalled.send(rawRequest('GET /wide?live=sse&from=start'));
  const reader = await readEvents(`${service.address}/wide?live=sse&from=start`);
  for (let n = 0; n < count; n += 1) await service.write('wide', 'x'.repeat(100_000));
  assert.equal((await reader.take(count)).length, count);
  reader.close();
  stalled.destroy();
});

test('for followers that stop reading no more than a page or two is held', async () => {
  const stalled = await Promise.all(
    Array.from({ length: 20 }, () => service.fetchInProcess('/wide?live=sse&from=start')),
  );
  const before = heldBytes();
  for (let n = 0; n < 100; n += 1) await service.write('wide', 'x'.repeat(100_000));
  const held = heldBytes() - before;
  // Twenty times ten megabytes were written since.
  assert.ok(held < 80_000_000, `${held} bytes`);
  for (const { body } of stalled) await body?.cancel();
});

/** What this process holds in buffers, after it threw away what it does not need. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().arrayBuffers;
}

test('after all that, no byte stays reserved', () => assertNothingInFlight(service));
