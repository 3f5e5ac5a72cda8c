/** `?live=long-poll`: the same tail for every front, one answer at a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TailPageView } from '../../src/contract/messages.ts';
import { tailPageSchema } from '../../src/contract/schemas.ts';
import { eventually } from '../support/eventually.ts';
import { readEvents } from './event-reader.ts';
import { connectRaw, rawRequest } from './raw-connection.ts';
import { startService } from './service.ts';

const service = await startService({ registers: { quiet: { access: 'open' }, many: { access: 'open' } } });

async function poll(query: string, register = 'app'): Promise<TailPageView> {
  const answer = await service.fetch(`/${register}?live=long-poll&${query}`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  return tailPageSchema.parse(await answer.json());
}

const followers = (count: number) =>
  eventually(`${count} followers`, async () => (await service.metric('daybook_followers')) === count);

test('a poll that has something answers at once, without waiting for more', async () => {
  const { nextCursor } = await poll('from=now&wait=0');
  const { id } = await service.write('app', 'x');
  const page = await poll(`cursor=${nextCursor}&wait=30`);
  assert.deepEqual(
    page.entries.map((entry) => entry.id),
    [id],
  );
  assert.deepEqual(
    (await poll('from=start&wait=30')).entries.map((entry) => entry.id),
    [id],
  );
});

test('a poll that has nothing waits, and answers with what comes', async () => {
  const waiting = poll('wait=30');
  await followers(1);
  const { id } = await service.write('app', 'what it waited for');
  const page = await waiting;
  assert.deepEqual(
    page.entries.map((entry) => entry.id),
    [id],
  );
  await followers(0);
});

test('a poll that heard nothing is empty, with a cursor that misses nothing', async () => {
  const empty = await poll('wait=0');
  assert.deepEqual(empty.entries, []);
  const { id } = await service.write('app', 'between two polls');
  assert.deepEqual(
    (await poll(`cursor=${empty.nextCursor}&wait=0`)).entries.map((entry) => entry.id),
    [id],
  );
  const waited = await poll('wait=1', 'quiet');
  assert.deepEqual(waited.entries, []);
});

test('a poll of one register is not ended by the entries of another', async () => {
  const waiting = poll('wait=30', 'quiet');
  await followers(1);
  await service.write('app', 'not for it');
  const { id } = await service.write('quiet', 'for it');
  assert.deepEqual(
    (await waiting).entries.map((entry) => entry.id),
    [id],
  );
});

test('polls one after the other give every entry once and in order while writers write', async () => {
  const writers = Promise.all(
    Array.from({ length: 8 }, async () => {
      const ids: string[] = [];
      for (let n = 0; n < 60; n += 1) ids.push((await service.write('many', 'x')).id);
      return ids;
    }),
  );
  const seen: string[] = [];
  let { nextCursor } = await poll('from=start&wait=0', 'many').then((page) => {
    seen.push(...page.entries.map(({ id }) => id));
    return page;
  });
  while (seen.length < 480) {
    const page = await poll(`cursor=${nextCursor}&wait=5`, 'many');
    seen.push(...page.entries.map(({ id }) => id));
    nextCursor = page.nextCursor;
  }
  assert.equal(new Set(seen).size, seen.length, 'none twice');
  assert.deepEqual(new Set(seen), new Set((await writers).flat()));
  assert.deepEqual((await poll(`cursor=${nextCursor}&wait=0`, 'many')).entries, []);
});

test('each entry of a poll has the cursor to go on right behind it', async () => {
  const page = await poll('from=start&wait=0', 'many');
  assert.equal(page.cursors.length, page.entries.length);
  for (const index of [0, 1, 100, page.entries.length - 2]) {
    const next = await poll(`cursor=${page.cursors[index]}&wait=0`, 'many');
    assert.equal(next.entries[0]?.id, page.entries[index + 1]?.id);
  }
});

test('the cursors of events and of polls are the same', async () => {
  const { entries } = await poll('from=start&wait=0', 'many');
  const reader = await readEvents(`${service.address}/many?live=sse&from=start`);
  await reader.take(10);
  const fromEvent = await poll(`cursor=${reader.lastId}&wait=0`, 'many');
  assert.equal(fromEvent.entries[0]?.id, entries[10]?.id);
  reader.close();
  const again = await readEvents(`${service.address}/many?live=sse&cursor=${fromEvent.nextCursor}`);
  const { id } = await service.write('many', 'x');
  assert.equal((await again.next())?.entry.id, id);
  again.close();
});

test('a caller that goes away is waited for no longer; one that only closed its side is answered', async () => {
  await followers(0);
  const gone = await connectRaw(service.port);
  const halfClosed = await connectRaw(service.port);
  for (const connection of [gone, halfClosed])
    await connection.send(rawRequest('GET /app?live=long-poll&wait=30'));
  await followers(2);
  gone.destroy();
  halfClosed.finish();
  await followers(0);
  const page = tailPageSchema.parse(JSON.parse((await halfClosed.answer()).body));
  assert.deepEqual(page.entries, []);
});

test('settledThrough of a poll is never ahead of what it gave', async () => {
  const { nextCursor, settledThrough } = await poll('from=now&wait=0');
  const { receivedAt } = await service.write('app', 'later');
  assert.ok(settledThrough !== null && settledThrough < receivedAt);
  assert.equal((await poll(`cursor=${nextCursor}&wait=0`)).entries.length, 1);
});
