/**
 * What a subject can learn about others: nothing. Bob does the same in two worlds; in one of them Alice is there too. Every
 * answer that he gets, all of it, is the same in both, but for what every request has of its own: ids and stamps.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { EntryPage, EntryView, Receipt, Stats } from '../../src/contract/messages.ts';
import { encodeOwnCursor, encodePageCursor, encodeTailCursor } from '../../src/tail/cursor.ts';
import { readEvents } from '../http/event-reader.ts';
import type { Service } from '../http/service.ts';
import { startService } from '../http/service.ts';
import { PAYLOAD, startIssued } from './issued.ts';

const { issuers, as } = await startIssued();
const data = {
  access: 'jwt' as const,
  ownership: true,
  /** So slow that no token comes back while the tests run. */
  rateLimit: { refillPerSecond: 0.001, capacity: 900 },
};
const start = () => startService({ issuers, rateLimit: 'on', registers: { data } });
const crowded = await start();
const empty = await start();
const [alice, bob] = [await as('alice'), await as('bob')];

async function write(service: Service, headers: Record<string, string>, body = PAYLOAD): Promise<Receipt> {
  const answer = await service.fetch('/data', { method: 'POST', headers, body });
  assert.equal(answer.status, 201, await answer.clone().text());
  return (await answer.json()) as Receipt;
}

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const STAMP = /\d{4}-\d\d-\d\dT\d\d(?::|%3A)\d\d(?::|%3A)\d\d(?:\.\d+)?Z/g;
const STAMP_OF_PAGE = /(<span class="(?:date|clock|fraction)">)[^<]*/g;
const CURSOR = /([A-Za-z0-9_-]{20,})\.[A-Za-z0-9_-]{6}(?![A-Za-z0-9_-])/g;
/** Random, all of one length; as JSON, in a page, and in the fifth column of a table. */
const REQUEST_ID = /("requestId":"|>|,bob,)[0-9a-f]{16}(?![0-9a-f])/g;
const EPOCH = /"o":\{"main":\["[^"]+"/g;

/** Without what every request has of its own; a cursor is shown as what it holds. */
function withoutOwn(text: string, ids: readonly string[]): string {
  return text
    .replaceAll(CURSOR, (_, body: string) => Buffer.from(body, 'base64url').toString())
    .replaceAll(EPOCH, '"o":{"main":["EPOCH"')
    .replaceAll(ID, (id) => `ID${ids.indexOf(id)}`)
    .replaceAll(STAMP, 'STAMP')
    .replaceAll(STAMP_OF_PAGE, '$1STAMP')
    .replace(/;r=\d+;/, ';r=LEFT;')
    .replaceAll(REQUEST_ID, '$1REQUEST');
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function shown(
  service: Service,
  ids: readonly string[],
  path: string,
  { method = 'GET', headers: more = {} }: Asked = {},
): Promise<string> {
  const answer = await service.fetch(path, { method, headers: { ...bob, ...more } });
  const headers = [...answer.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id');
  const { status } = answer;
  return withoutOwn(`${status} ${JSON.stringify(headers)} ${await answer.text()}`, ids);
}

const today = new Date().toISOString().slice(0, 10);
const alices: string[] = [];
const bobs = { crowded: [] as string[], empty: [] as string[] };
for (let n = 0; n < 7; n += 1) {
  for (let more = 0; more <= n; more += 1) alices.push((await write(crowded, alice)).id);
  bobs.crowded.push((await write(crowded, bob)).id);
  bobs.empty.push((await write(empty, bob)).id);
}
alices.push((await write(crowded, alice)).id);
const another = alices[9] as string;
/** Of the same moment, and never given to anybody. */
const unknown = another.slice(0, -12) + 'abcdefabcdef';

/** The same question in both worlds. @param path given the ids that Bob may know, or guess. */
async function assertSame(
  path: (ids: readonly string[], guess: string, service: Service) => string,
  init: Asked = {},
) {
  const crowdedIds = [...bobs.crowded, another];
  const emptyIds = [...bobs.empty, unknown];
  const inCrowd = await shown(crowded, crowdedIds, path(bobs.crowded, another, crowded), init);
  const alone = await shown(empty, emptyIds, path(bobs.empty, unknown, empty), init);
  assert.equal(inCrowd, alone);
  // And in the crowd, the id of another reads like one that there never was.
  const unknownIds = [...bobs.crowded, unknown];
  assert.equal(await shown(crowded, unknownIds, path(bobs.crowded, unknown, crowded), init), inCrowd);
}

const pageCursor = (guess: string) => encodePageCursor({ order: 'desc', after: guess });

test('lists are the same in every format, with every kind of place, as GET and as HEAD', async () => {
  for (const method of ['GET', 'HEAD']) {
    for (const format of ['json', 'html', 'ndjson', 'csv', 'text']) {
      for (const query of ['', '&limit=2', '&order=asc&limit=3', `&from=${today}`, '&to=1999-01-01']) {
        await assertSame(() => `/data?format=${format}${query}`, { method });
      }
      await assertSame((_, guess) => `/data?format=${format}&after=${guess}`, { method });
      await assertSame((_, guess) => `/data?format=${format}&cursor=${guess}&order=asc&limit=2`, { method });
      await assertSame(([first]) => `/data?format=${format}&cursor=${first}&order=asc`, { method });
    }
    await assertSame((_, guess) => `/data?cursor=${pageCursor(guess)}`, { method });
  }
});

test('entries, payloads and their pages are the same, and another’s is like none', async () => {
  for (const method of ['GET', 'HEAD']) {
    for (const accept of ['application/json', 'text/html', 'text/plain']) {
      await assertSame(([first]) => `/data/${first}`, { method, headers: { accept } });
      await assertSame((_, guess) => `/data/${guess}`, { method, headers: { accept } });
    }
    await assertSame(([first]) => `/data/${first}/payload`, { method });
    await assertSame((_, guess) => `/data/${guess}/payload`, { method });
  }
});

const total = async (service: Service, headers: Record<string, string>, bucket: string) =>
  ((await (await service.fetch(`/data/stats?bucket=${bucket}`, { headers })).json()) as Stats).total;

test('counts are the same', async () => {
  for (const bucket of ['second', 'minute', 'hour', 'day']) {
    if (bucket !== 'second') assert.equal(await total(crowded, bob, bucket), bobs.crowded.length);
  }
  assert.equal(await total(crowded, alice, 'day'), alices.length);
});

const ownCursor = async (service: Service, after: string) => {
  const answer = await service.fetch('/data?live=long-poll&wait=0', { headers: bob });
  const { nextCursor } = (await answer.json()) as EntryPage;
  const text = Buffer.from((nextCursor as string).split('.')[0] as string, 'base64url').toString();
  const { o } = JSON.parse(text) as { o: { main: [string, string] } };
  return encodeOwnCursor({ main: { epoch: o.main[0], after } });
};

test('tails are the same from every place, also from one that is made up of another’s id', async () => {
  for (const from of ['from=start', 'from=now'])
    await assertSame(() => `/data?live=long-poll&wait=0&${from}`);
  const cursors = {
    [another]: await ownCursor(crowded, another),
    [unknown]: await ownCursor(crowded, unknown),
  };
  const alone = await ownCursor(empty, unknown);
  const cursorOf = (guess: string, service: Service) =>
    service === empty ? alone : (cursors[guess] as string);
  for (const method of ['GET', 'HEAD']) {
    await assertSame(
      (_, guess, service) => `/data?live=long-poll&wait=0&cursor=${cursorOf(guess, service)}`,
      { method },
    );
    await assertSame((_, guess, service) => `/data?live=sse&cursor=${cursorOf(guess, service)}`, { method });
    await assertSame((_, guess) => `/data?live=long-poll&wait=0&cursor=${guess}`, { method });
    await assertSame(
      () => `/data?live=long-poll&wait=0&cursor=${encodeTailCursor({ main: { epoch: 'e', number: 3 } })}`,
      { method },
    );
    await assertSame(
      (_, guess) => `/data?live=long-poll&wait=0&cursor=${encodePageCursor({ order: 'desc', after: guess })}`,
      { method },
    );
  }
});

test('a stream gives the same while another writes, and no more of it', async () => {
  const seen: string[] = [];
  for (const [service, ids] of [
    [crowded, bobs.crowded],
    [empty, bobs.empty],
  ] as const) {
    const reader = await readEvents(`${service.address}/data?live=sse&from=start`, bob);
    await reader.take(ids.length);
    const mine: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      if (service === crowded) await write(crowded, alice, `{"secret":${n}}`);
      mine.push((await write(service, bob)).id);
      if (service === crowded) await write(crowded, alice);
      assert.deepEqual(
        (await reader.take(1)).map(({ entry }) => entry.id),
        mine.slice(-1),
      );
    }
    ids.push(...mine);
    seen.push(withoutOwn(reader.received, ids));
    reader.close();
  }
  assert.equal(seen[0], seen[1]);
});

test('a long poll does not end because another writes', async () => {
  const waiting = shown(crowded, bobs.crowded, '/data?live=long-poll&wait=1');
  const alone = shown(empty, bobs.empty, '/data?live=long-poll&wait=1');
  await write(crowded, alice);
  assert.equal(await waiting, await alone);
});

const keyed = (headers: Record<string, string>, key: string) => ({ ...headers, 'idempotency-key': key });

test('idempotency keys of two subjects do not meet, one after the other or at once', async () => {
  const first = await write(crowded, keyed(alice, 'k'), '{"of":"alice"}');
  const inCrowd = await write(crowded, keyed(bob, 'k'), '{"of":"bob"}');
  const alone = await write(empty, keyed(bob, 'k'), '{"of":"bob"}');
  assert.notEqual(first.id, inCrowd.id);
  assert.equal(
    withoutOwn(JSON.stringify(inCrowd), [inCrowd.id]),
    withoutOwn(JSON.stringify(alone), [alone.id]),
  );
  assert.equal((await write(crowded, keyed(alice, 'k'), '{"of":"alice"}')).id, first.id);
  const many = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      write(crowded, keyed(n % 2 === 0 ? alice : bob, `k${n >> 1}`), `${n}`),
    ),
  );
  assert.equal(new Set(many.map(({ id }) => id)).size, 20);
  assert.ok(many.every(({ duplicate }) => !duplicate));
});

test('an operator sees all of them, with their owners', async () => {
  const headers = { authorization: `Bearer ${crowded.adminKey}` };
  const listed = await crowded.fetch('/data?limit=1000', { headers });
  const { entries } = (await listed.json()) as EntryPage;
  assert.deepEqual(new Set(entries.map(({ subject }) => subject)), new Set(['alice', 'bob']));
  const one = await crowded.fetch(`/data/${another}`, { headers });
  assert.equal(((await one.json()) as EntryView).subject, 'alice');
  assert.equal(one.headers.get('cache-control')?.startsWith('private'), true);
});

const left = async (headers: Record<string, string>) => {
  const answer = await crowded.fetch('/data?limit=1', { headers });
  return Number(/;r=(\d+);/.exec(answer.headers.get('ratelimit') ?? '')?.[1]);
};

test('what is left of a rate is the caller’s own', async () => {
  const before = await left(bob);
  for (let n = 0; n < 20; n += 1) await left(alice);
  assert.equal(await left(bob), before - 1);
});

test('a request id says nothing of how many other requests there were', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 50; n += 1) {
    const answer = await crowded.fetch('/healthz');
    ids.push(answer.headers.get('x-request-id') as string);
  }
  assert.ok(
    ids.every((id) => /^[0-9a-f]{16}$/.test(id)),
    ids[0],
  );
  assert.ok(new Set(ids.map((id) => id.slice(0, 8))).size > 45);
  assert.ok(new Set(ids.map((id) => id.slice(-8))).size > 45);
});
