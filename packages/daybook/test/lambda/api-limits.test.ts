/** What a front cannot carry ends early and says how to go on, or is refused in words; nothing is cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { createClient } from '../../src/client/index.ts';
import type { EntryPage, EntryView, Receipt } from '../../src/contract/messages.ts';
import { BALANCER } from '../../src/lambda/aws-fronts.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import type { ApiFunction } from './api-function.ts';
import { apiFunction, startTables } from './api-function.ts';
import type { FrontName } from './front-events.ts';

const skip = hasJava ? false : 'needs Java';
const tables = hasJava ? await startTables() : undefined;
const start = () => apiFunction(tables as NonNullable<typeof tables>);

const TEXT = [['content-type', 'text/plain']] as const;

/** Entries that together are more than a balancer carries. */
async function withLargeEntries(): Promise<{ api: ApiFunction; ids: string[] }> {
  const api = start();
  const store = await (tables as NonNullable<typeof tables>).open(api.table);
  const next = createSource('large');
  const ids: string[] = [];
  for (let batch = 0; batch < 3; batch += 1) {
    const entries = Array.from({ length: 4 }, () =>
      makeEntry({ payload: Buffer.alloc(150_000, 'p"'), contentType: 'text/plain' }),
    );
    await store.append(next(entries));
    ids.push(...entries.map(({ id }) => id));
  }
  return { api, ids };
}

/** Follows the links from one answer to the next. */
async function follow(api: ApiFunction, front: FrontName, first: string): Promise<string[]> {
  const texts: string[] = [];
  for (let target: string | undefined = first; target !== undefined;) {
    const heard = await api.call(front, { target });
    assert.equal(heard.status, 200, heard.text.slice(0, 500));
    assert.ok(heard.bytes.byteLength <= BALANCER.maxAnswerBytes);
    texts.push(heard.text);
    target = /<([^>]*)>; rel="next"/.exec(heard.headers.get('link') ?? '')?.[1];
  }
  return texts;
}

test('events are refused before anything else, with what to do instead', { skip }, async () => {
  const api = start();
  for (const [target, headers] of [
    ['/app?live=sse', []],
    ['/app?live=sse&unknown=1', []],
    ['/app', [['accept', 'text/event-stream']]],
    // Nobody is asked for a credential for what cannot be had.
    ['/data?live=sse', []],
  ] as const) {
    const heard = await api.call('rest-api', { target, headers });
    assert.equal(heard.status, 406, target);
    const { code, detail } = heard.json<{ code: string; detail: string }>();
    assert.equal(code, 'LIVE_UNAVAILABLE');
    assert.match(detail, /live=long-poll/);
  }
  const either = [['accept', 'text/event-stream, application/json']] as const;
  assert.equal((await api.call('rest-api', { target: '/app', headers: either })).status, 200);
});

test(
  'a long poll gives what another function stored, and ends before the time of its own',
  { skip },
  async () => {
    const api = start();
    await api.call('alb', { method: 'POST', target: '/app' });
    const now = (await api.call('alb', { target: '/app?live=long-poll&wait=0' })).json<{
      nextCursor: string;
    }>();
    const poll = (remainingMs: number) =>
      api.call('alb', { target: `/app?live=long-poll&wait=30&cursor=${now.nextCursor}` }, remainingMs);
    const empty = await poll(2_000);
    assert.deepEqual(empty.json<EntryPage>().entries, []);
    const waiting = poll(29_000);
    await sleep(50);
    const { id } = (await api.another().call('alb', { method: 'POST', target: '/app' })).json<Receipt>();
    assert.deepEqual(
      (await waiting).json<EntryPage>().entries.map((entry) => entry.id),
      [id],
    );
  },
);

test('our client follows a tail through a front without events', { skip }, async () => {
  const api = start();
  const client = createClient({ baseUrl: 'https://daybook.example', fetch: api.fetchThrough('rest-api') });
  const { id } = await client.post('app', 'one');
  for await (const { entry } of client.tail('app', { from: 'start' })) {
    assert.equal(entry.id, id);
    break;
  }
});

test('a page ends early and its cursor leads on', { skip }, async () => {
  const { api, ids } = await withLargeEntries();
  const pages = await follow(api, 'alb', '/app?order=asc&limit=1000');
  assert.ok(pages.length > 2);
  assert.deepEqual(
    pages.flatMap((text) => (JSON.parse(text) as EntryPage).entries.map(({ id }) => id)),
    ids,
  );
});

for (const format of ['ndjson', 'csv', 'text'] as const) {
  test(`an export as ${format} ends at a whole entry, and a link leads to the rest`, { skip }, async () => {
    const { api, ids } = await withLargeEntries();
    const texts = await follow(api, 'alb-lists', `/app?format=${format}&order=asc&limit=11`);
    assert.ok(texts.length > 2);
    const found = texts.flatMap((text) => [...text.matchAll(/(?:^|\n)(?:\{"id":"|\S*\t|)([0-9a-f-]{36})/g)]);
    assert.deepEqual(
      found.map(([, id]) => id),
      ids.slice(0, 11),
    );
  });
}

test('our client reads an export as one', { skip }, async () => {
  const { api, ids } = await withLargeEntries();
  const client = createClient({ baseUrl: 'https://daybook.example', fetch: api.fetchThrough('alb') });
  const text = await new Response(await client.download('app', { format: 'ndjson', order: 'asc' })).text();
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as EntryView);
  assert.deepEqual(
    lines.map(({ id }) => id),
    ids,
  );
});

test(
  'a text of controls, six times as long in JSON, is given as base64 and keeps nobody from the rest',
  { skip },
  async () => {
    const api = start();
    const body = new Uint8Array(200_000).fill(1);
    const { id } = (
      await api.call('alb', { method: 'POST', target: '/app', headers: TEXT, body })
    ).json<Receipt>();
    for (const target of ['/app', `/app/${id}`, '/app?format=ndjson', '/app?live=long-poll&from=start']) {
      const heard = await api.call('alb', { target });
      assert.equal(heard.status, 200, target);
      const given = heard.json<EntryView & EntryPage>();
      const { payload, payloadEncoding } = given.entries?.[0] ?? given;
      assert.equal(payloadEncoding, 'base64');
      assert.equal(payload, Buffer.from(body).toString('base64'));
    }
  },
);

test('a page for people ends early too, and what is too large alone is said to be', { skip }, async () => {
  const { api, ids } = await withLargeEntries();
  const accept = [['accept', 'text/html']] as const;
  const page = await api.call('alb', { target: '/app', headers: accept });
  assert.ok(page.status === 200 && page.bytes.byteLength <= BALANCER.maxAnswerBytes);
  const headers = [['content-type', 'text/plain']] as const;
  const body = '"'.repeat(200_000);
  const { id } = (await api.call('alb', { method: 'POST', target: '/app', headers, body })).json<Receipt>();
  const entry = await api.call('alb', { target: `/app/${id}`, headers: accept });
  assert.equal(entry.status, 406);
  const { code, detail } = entry.json<{ code: string; detail: string }>();
  assert.equal(code, 'ANSWER_TOO_LARGE');
  assert.ok(detail.includes(String(BALANCER.maxAnswerBytes)) && detail.includes('/payload'));
  assert.equal((await api.call('alb', { target: `/app/${id}/payload` })).text, body);
  assert.ok(!ids.includes(id));
});

test(
  'a batch whose results could not be carried is refused before anything is written',
  { skip },
  async () => {
    const api = start();
    const headers = [['content-type', 'application/x-ndjson']] as const;
    const body = '1\n'.repeat(3_000);
    const refused = await api.call('alb', { method: 'POST', target: '/app', headers, body });
    assert.equal(refused.status, 413);
    const { code, outcome } = refused.json();
    assert.deepEqual([code, outcome], ['BATCH_TOO_LARGE', 'not-written']);
    assert.deepEqual((await api.call('alb', { target: '/app' })).json<EntryPage>().entries, []);
    const taken = await api.call('rest-api', {
      method: 'POST',
      target: '/app',
      headers,
      body: '1\n'.repeat(300),
    });
    assert.equal(taken.status, 200);
    assert.equal(api.metric('AcceptedEntries'), 300);
  },
);
