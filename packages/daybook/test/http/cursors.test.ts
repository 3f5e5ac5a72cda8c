/** Cursors that are broken, of another kind, of another store, or forged. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';

import type { EntryPage, TailPageView } from '../../src/contract/messages.ts';
import { assertProblem } from './assert-problem.ts';
import { startService } from './service.ts';

const service = await startService();
const another = await startService();

let pageCursor = '';
let tailCursor = '';

const poll = async (query: string) =>
  (await (await service.fetch(`/app?live=long-poll&wait=0&${query}`)).json()) as TailPageView;

before(async () => {
  for (let n = 0; n < 5; n += 1) await service.write('app', String(n));
  pageCursor = (await service.list('/app?limit=2')).nextCursor ?? '';
  tailCursor = (await poll('from=now')).nextCursor;
});

/** Everywhere that a cursor of either kind may come in. */
const PAGES = (cursor: string) => [
  `/app?cursor=${cursor}`,
  `/app?after=${cursor}`,
  `/app?format=csv&after=${cursor}`,
  `/app?format=html&cursor=${cursor}`,
];
const TAILS = (cursor: string) => [
  `/app?live=long-poll&wait=0&cursor=${cursor}`,
  `/app?live=sse&cursor=${cursor}`,
];

async function assertInvalid(paths: readonly string[], headers: Record<string, string> = {}): Promise<void> {
  for (const path of paths) {
    const problem = await assertProblem(await service.fetch(path, { headers }), 'CURSOR_INVALID', {
      kind: 'read',
    });
    assert.ok(!('cursor' in problem));
  }
}

/** As Daybook seals its own, so that only what is inside is wrong. */
function forged(inside: string): string {
  const body = Buffer.from(inside).toString('base64url');
  return `${body}.${createHash('sha256').update(body).digest('base64url').slice(0, 6)}`;
}

test('the cursors of the tests are good ones', async () => {
  assert.equal(
    ((await (await service.fetch(`/app?cursor=${pageCursor}`)).json()) as EntryPage).entries.length,
    3,
  );
  assert.deepEqual((await poll(`cursor=${tailCursor}`)).entries, []);
});

for (const text of [
  '',
  'x',
  '.',
  'null',
  '%00',
  'é',
  '0'.repeat(2000),
  '{}',
  'undefined',
  '../../etc/passwd',
  '019a0000-0000-7000-8000-00000000000',
]) {
  test(`a cursor of ${JSON.stringify(text.slice(0, 40))} is invalid`, async () => {
    const cursor = text === '%00' ? text : encodeURIComponent(text);
    await assertInvalid([...PAGES(cursor), ...TAILS(cursor)]);
  });
}

test('a cursor that lost or changed a character anywhere is invalid', async () => {
  for (const [good, paths] of [
    [pageCursor, PAGES],
    [tailCursor, TAILS],
  ] as const) {
    for (const at of [0, 1, good.length >> 1, good.length - 8, good.length - 7, good.length - 1]) {
      const other = good[at] === 'A' ? 'B' : 'A';
      const [, long] = paths(good.slice(0, at) + other + good.slice(at + 1));
      const [, short] = paths(good.slice(0, at) + good.slice(at + 1));
      await assertInvalid([long as string, short as string]);
    }
    await assertInvalid([
      ...paths(`${good}.`),
      ...paths(`${good}.x`),
      ...paths(`${good}A`),
      ...paths(good.toUpperCase()),
    ]);
  }
});

test('the cursor of a page is none of a tail, and the reverse', async () => {
  await assertInvalid([...TAILS(pageCursor), ...PAGES(tailCursor)]);
  await assertInvalid(['/app?live=sse'], { 'last-event-id': pageCursor });
});

test('an id is no cursor of a tail', async () => {
  const [entry] = (await service.list('/app?limit=1')).entries;
  await assertInvalid(TAILS(entry?.id ?? ''));
});

test('what is inside a forged cursor is not trusted', async () => {
  const id = '019a0000-0000-7000-8000-000000000000';
  for (const inside of [
    '',
    'null',
    '1',
    '"p"',
    '[]',
    '{}',
    '{',
    '{"p":null}',
    '{"p":[]}',
    `{"p":["up","${id}"]}`,
    '{"p":["asc","x"]}',
    '{"p":["asc",1]}',
    '{"t":null}',
    '{"t":[]}',
    '{"t":["e",{"main":1}]}',
    '{"t":{"main":null}}',
    '{"t":{"main":1}}',
    '{"t":{"main":[]}}',
    '{"t":{"main":["e"]}}',
    '{"t":{"main":[1,1]}}',
    '{"t":{"main":["e",-1]}}',
    '{"t":{"main":["e",1.5]}}',
    '{"t":{"main":["e","1"]}}',
    '{"t":{"main":["e",1e300]}}',
    '{"t":{"main":["e",1,-1]}}',
    '{"__proto__":["asc"]}',
  ])
    await assertInvalid([...PAGES(forged(inside)), ...TAILS(forged(inside))]);
});

test('the cursor of another store has expired, and a fresh one comes with the answer', async () => {
  await another.write('app', 'x');
  const page = (await (await another.fetch('/app?live=long-poll&from=start&wait=0')).json()) as TailPageView;
  for (const path of TAILS(page.nextCursor)) {
    const { cursor } = await assertProblem(await service.fetch(path), 'CURSOR_EXPIRED', { kind: 'read' });
    assert.equal(
      (await poll(`cursor=${cursor}`)).entries.length,
      5,
      'from the start, so that nothing is passed over',
    );
  }
});

test('a tail cursor beyond the newest entry has expired too', async () => {
  const inside = JSON.parse(Buffer.from(tailCursor.split('.')[0] ?? '', 'base64url').toString()) as {
    t: { main: [string, number] };
  };
  const [epoch] = inside.t.main;
  for (const lanes of [{ main: [epoch, 1_000_000] }, {}, { elsewhere: [epoch, 1] }]) {
    const cursor = forged(JSON.stringify({ t: lanes }));
    for (const path of TAILS(cursor))
      await assertProblem(await service.fetch(path), 'CURSOR_EXPIRED', { kind: 'read' });
  }
});

test('an expired Last-Event-ID is told before the stream begins', async () => {
  const { nextCursor } = (await (await another.fetch('/app?live=long-poll&wait=0')).json()) as TailPageView;
  const answer = await service.fetch('/app?live=sse', { headers: { 'last-event-id': nextCursor } });
  await assertProblem(answer, 'CURSOR_EXPIRED', { kind: 'read' });
});
