/** The tail of the client, against scripted answers: it goes on by itself, without a gap and without a repeat. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createClient, CursorExpiredError } from '../../src/client/index.ts';
import type { TailItem, TailOptions } from '../../src/client/index.ts';
import {
  brokenConnection,
  jsonResponse,
  problemResponse,
  scriptedFetch,
  streamResponse,
} from './scripted-fetch.ts';
import type { Step } from './scripted-fetch.ts';

const event = (n: number) => `id: c${n}\ndata: {"id":"${n}","payload":1${'0'.repeat(20)}}\n\n`;
const events = (pieces: string[], end: 'ends' | 'breaks' = 'breaks') =>
  streamResponse('text/event-stream', pieces, end);
const page = (ids: number[], nextCursor: string) =>
  jsonResponse({ entries: ids.map((id) => ({ id: String(id) })), nextCursor });
const unavailable = () => problemResponse({ status: 503, code: 'DRAINING', retryable: true });
const noEvents = () => problemResponse({ status: 406, code: 'LIVE_UNAVAILABLE' });

/** Follows until the script is used up: the request after it ends the tail. */
async function follow(steps: Step[], options: TailOptions = {}) {
  const stop = new AbortController();
  const end: Step = () => {
    stop.abort();
    throw stop.signal.reason as Error;
  };
  const { fetch, requests } = scriptedFetch(...steps, end);
  const client = createClient({ baseUrl: 'http://daybook.test', fetch });
  const items: TailItem[] = [];
  const given = { firstDelayMs: 1, maxDelayMs: 2, signal: stop.signal, ...options };
  for await (const item of client.tail('app', given)) items.push(item);
  const targets = requests.map(({ target }) => target);
  return {
    items,
    ids: items.map(({ entry }) => entry.id),
    cursors: items.map(({ cursor }) => cursor),
    targets,
  };
}

test('entries come with the cursor behind them and with their text as it came', async () => {
  const { items } = await follow([events([event(1)])], { from: 'start' });
  assert.equal(items[0]?.cursor, 'c1');
  assert.equal(items[0]?.json, '{"id":"1","payload":100000000000000000000}');
});

test('after a break it goes on behind the last entry; half an event does not count', async () => {
  const { ids, targets } = await follow(
    [events([event(1), event(2), 'id: c3\ndata: {"id":']), events([event(3)]), events([event(4)], 'ends')],
    { from: 'start' },
  );
  assert.deepEqual(ids, ['1', '2', '3', '4']);
  assert.deepEqual(targets, [
    '/app?live=sse&from=start',
    '/app?live=sse&cursor=c2',
    '/app?live=sse&cursor=c3',
    '/app?live=sse&cursor=c4',
  ]);
});

test('from now there is no gap, even when the connection breaks before the first entry', async () => {
  const seen: string[] = [];
  const { ids, targets } = await follow([events(['id: c7\n\n']), events([event(8)])], {
    onCursor: (cursor) => seen.push(cursor),
  });
  assert.deepEqual(ids, ['8']);
  assert.deepEqual(targets.slice(0, 2), ['/app?live=sse&from=now', '/app?live=sse&cursor=c7']);
  assert.deepEqual(seen, ['c7']);
});

test('a cursor that is given is where it begins', async () => {
  const { targets } = await follow([], { cursor: 'c9', from: 'start' });
  assert.deepEqual(targets, ['/app?live=sse&cursor=c9']);
});

test('no server, a server that drains and a gateway without one are waited for, and told', async () => {
  const told: (string | undefined)[] = [];
  const badGateway = new Response('', { status: 502 });
  const { ids } = await follow([brokenConnection(), unavailable(), badGateway, events([event(1)], 'ends')], {
    from: 'start',
    onDisconnect: ({ error }) => told.push(error?.code),
  });
  assert.deepEqual(ids, ['1']);
  assert.deepEqual(told, ['NETWORK', 'DRAINING', 'HTTP_502', undefined]);
});

test('with retryFirst off only the first connection must succeed', async () => {
  await assert.rejects(follow([brokenConnection()], { retryFirst: false }), { code: 'NETWORK' });
  const { ids } = await follow([events([event(1)]), brokenConnection(), events([event(2)])], {
    from: 'start',
    retryFirst: false,
  });
  assert.deepEqual(ids, ['1', '2']);
});

test('where there are no events it goes on by long poll, from the same place', async () => {
  const { ids, targets, cursors } = await follow(
    [noEvents(), page([1, 2], 'p1'), page([], 'p1'), page([3], 'p2')],
    {
      from: 'start',
    },
  );
  assert.deepEqual(ids, ['1', '2', '3']);
  assert.deepEqual(cursors, ['', 'p1', 'p2']);
  assert.deepEqual(targets, [
    '/app?live=sse&from=start',
    '/app?live=long-poll&from=start&wait=20',
    '/app?live=long-poll&cursor=p1&wait=20',
    '/app?live=long-poll&cursor=p1&wait=20',
    '/app?live=long-poll&cursor=p2&wait=20',
  ]);
});

test('by long poll from now it first asks where now is', async () => {
  const { ids, targets } = await follow([page([], 'p1'), brokenConnection(), page([2], 'p2')], {
    live: 'long-poll',
  });
  assert.deepEqual(ids, ['2']);
  assert.deepEqual(targets, [
    '/app?live=long-poll&from=now&wait=0',
    '/app?live=long-poll&cursor=p1&wait=20',
    '/app?live=long-poll&cursor=p1&wait=20',
    '/app?live=long-poll&cursor=p2&wait=20',
  ]);
});

test('the cursor of the middle of a page leads to that page again, and never past it', async () => {
  const { cursors } = await follow([page([1, 2, 3], 'p1'), page([4, 5], 'p2')], {
    live: 'long-poll',
    from: 'start',
  });
  assert.deepEqual(cursors, ['', '', 'p1', 'p1', 'p2']);
  const { targets } = await follow([], { live: 'long-poll', cursor: cursors[0] });
  assert.deepEqual(targets, ['/app?live=long-poll&from=start&wait=20']);
});

test('an expired cursor is an error of its own that has a fresh one', async () => {
  const expired = problemResponse({ status: 410, code: 'CURSOR_EXPIRED', cursor: 'fresh' });
  await assert.rejects(follow([expired], { cursor: 'old' }), (error) => {
    assert.ok(error instanceof CursorExpiredError);
    assert.equal(error.freshCursor, 'fresh');
    return true;
  });
});

test('a refusal ends the tail', async () => {
  await assert.rejects(follow([problemResponse({ status: 404, code: 'NOT_FOUND' })]), { code: 'NOT_FOUND' });
  await assert.rejects(follow([events(['id: c1\ndata: {broken\n\n'])]), { code: 'ANSWER_INVALID' });
});

test('an abort ends the tail without an error, also while it waits', async () => {
  const stop = new AbortController();
  const { ids } = await follow([events([event(1)])], {
    from: 'start',
    signal: stop.signal,
    firstDelayMs: 3_600_000,
    onDisconnect: () => setImmediate(() => stop.abort()),
  });
  assert.deepEqual(ids, ['1']);
  const aborted = await follow([], { signal: AbortSignal.abort() });
  assert.deepEqual(aborted.targets, []);
});
