/** `?live=sse`: where a tail begins, what it says, when it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../support/eventually.ts';
import { assertProblem } from './assert-problem.ts';
import type { EventReader } from './event-reader.ts';
import { readEvents } from './event-reader.ts';
import { connectRaw, rawRequest } from './raw-connection.ts';
import { startService } from './service.ts';

const service = await startService({ registers: { quiet: { access: 'open' } } });
const open = (query: string, headers?: Record<string, string>) =>
  readEvents(`${service.address}/app?${query}`, headers);
const nobodyFollows = () =>
  eventually('no follower', async () => (await service.metric('daybook_followers')) === 0);

async function write(...texts: string[]): Promise<string[]> {
  const ids = [];
  for (const text of texts) ids.push((await service.write('app', text)).id);
  return ids;
}

const idsOf = async (reader: EventReader, count: number) =>
  (await reader.take(count)).map(({ entry }) => entry.id);

test('a tail says what it is and begins with its cursor', async () => {
  const reader = await open('live=sse');
  assert.equal(reader.status, 200);
  assert.equal(reader.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.equal(reader.headers.get('cache-control'), 'no-store');
  assert.equal(reader.headers.get('x-accel-buffering'), 'no');
  await write('x');
  await reader.next();
  assert.match(reader.received, /^retry: 2000\nid: \S+\n\n/);
  reader.close();
});

test('from now gives only what comes, in order, each as one unnamed event', async () => {
  await write('before');
  const reader = await open('live=sse');
  const ids = await write('one', 'two', 'three');
  const events = await reader.take(3);
  assert.deepEqual(
    events.map(({ entry }) => entry.id),
    ids,
  );
  assert.equal(events[0]?.entry.payload, 'one');
  assert.ok(!reader.received.includes('event:'));
  reader.close();
});

test('from start gives everything, and goes on with what comes', async () => {
  const all = (await service.list('/app?order=asc&limit=1000')).entries.map(({ id }) => id);
  const reader = await open('live=sse&from=start');
  assert.deepEqual(await idsOf(reader, all.length), all);
  assert.deepEqual(await idsOf(reader, 0), await write());
  const more = await write('later');
  assert.deepEqual(await idsOf(reader, 1), more);
  reader.close();
});

test('Accept: text/event-stream alone is a tail from now', async () => {
  const reader = await open('');
  const ids = await write('x');
  assert.deepEqual(await idsOf(reader, 1), ids);
  reader.close();
});

test('each event has the cursor to go on right behind it', async () => {
  const reader = await open('live=sse');
  const ids = await write('1', '2', '3', '4');
  const events = await reader.take(4);
  reader.close();
  for (const [index, { id }] of events.entries()) {
    const again = await open(`live=sse&cursor=${id}`);
    assert.deepEqual(await idsOf(again, 3 - index), ids.slice(index + 1));
    again.close();
  }
});

test('the first id, before any event, is a cursor too', async () => {
  const reader = await open('live=sse');
  await write('a');
  await reader.next();
  const first = /^id: (\S+)$/m.exec(reader.received)?.[1];
  reader.close();
  const again = await open(`live=sse&cursor=${first}`);
  assert.equal((await again.next())?.entry.payload, 'a');
  again.close();
});

test('Last-Event-ID wins over cursor and from; an empty one says nothing', async () => {
  const reader = await open('live=sse');
  const ids = await write('1', '2', '3');
  const [first, , third] = await reader.take(3);
  reader.close();
  for (const query of ['live=sse', `live=sse&cursor=${third?.id}`, 'live=sse&from=start']) {
    const again = await open(query, { 'last-event-id': first?.id ?? '' });
    assert.deepEqual(await idsOf(again, 2), ids.slice(1), query);
    again.close();
  }
  const empty = await open(`live=sse&cursor=${first?.id}`, { 'last-event-id': '' });
  assert.deepEqual(await idsOf(empty, 2), ids.slice(1));
  empty.close();
});

test('a tail of one register hears nothing of another, and its cursor moves on all the same', async () => {
  const reader = await readEvents(`${service.address}/quiet?live=sse`);
  await write('not for it');
  const { id } = await service.write('quiet', 'for it');
  assert.equal((await reader.next())?.entry.id, id);
  reader.close();
});

test('payloads of several lines are one line of data', async () => {
  const reader = await open('live=sse');
  const pretty = '{\n  "a": 1,\r\n\r\n  "b": "x\\ny"\r}';
  await service.write('app', pretty, { 'content-type': 'application/json' });
  await write('a\n\ndata: forged\nid: forged\r\revent: forged');
  const [json, text] = await reader.take(2);
  assert.deepEqual(json?.entry.payload, JSON.parse(pretty));
  assert.equal(text?.entry.payload, 'a\n\ndata: forged\nid: forged\r\revent: forged');
  assert.doesNotMatch(reader.received, /^(?:data|id): forged/m);
  reader.close();
});

test('what is wrong is told before the stream begins', async () => {
  await assertProblem(await service.fetch('/app?live=sse&cursor=x'), 'CURSOR_INVALID', { kind: 'read' });
  await assertProblem(await service.fetch('/nowhere?live=sse'), 'NOT_FOUND', { kind: 'read' });
});

test('a client that goes away is followed no longer, however it goes', async () => {
  await nobodyFollows();
  const aborted = await open('live=sse');
  const destroyed = await connectRaw(service.port);
  const halfClosed = await connectRaw(service.port);
  for (const connection of [destroyed, halfClosed]) {
    await connection.send(rawRequest('GET /app?live=sse'));
  }
  await eventually('three followers', async () => (await service.metric('daybook_followers')) === 3);
  aborted.close();
  destroyed.destroy();
  halfClosed.finish();
  await nobodyFollows();
  assert.match(await halfClosed.rest(), /^HTTP\/1\.1 200 /, 'a stream that was ended in order');
});

test('a hundred requests on one connection leave no listener behind', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  const connection = await connectRaw(service.port);
  for (let n = 0; n < 100; n += 1) {
    await connection.send(
      rawRequest(n % 2 === 0 ? 'GET /app?live=long-poll&wait=0' : 'GET /app?live=sse&cursor=x'),
    );
    assert.equal((await connection.answer()).status, n % 2 === 0 ? 200 : 400);
  }
  connection.destroy();
  process.off('warning', note);
  assert.deepEqual(warnings, []);
});
