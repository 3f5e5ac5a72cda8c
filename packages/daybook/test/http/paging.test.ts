/** Paging through a register by cursor, by id and by link, while it grows. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import type { EntryPage } from '../../src/contract/messages.ts';
import { assertProblem } from './assert-problem.ts';
import { startService } from './service.ts';

const service = await startService({ registers: { large: { access: 'open' }, text: { access: 'open' } } });

const COUNT = 4000;
let written: string[] = [];

async function writeBatch(register: string, count: number): Promise<string[]> {
  const answer = await service.fetch(`/${register}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: '{"n":1}\n'.repeat(count),
  });
  const lines = (await answer.text()).trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { id: string }).id);
}

before(async () => {
  written = await writeBatch('app', COUNT);
});

/** Every page from a first one on, by its cursor. */
async function walk(
  query: string,
  onPage: () => Promise<unknown> = async () => undefined,
): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page: EntryPage = await service.list(
      `/app?${query}${cursor === undefined ? '' : `&cursor=${cursor}`}`,
    );
    ids.push(...page.entries.map(({ id }) => id));
    cursor = page.nextCursor;
    await onPage();
  } while (cursor !== null);
  return ids;
}

test('newest first, pages have every entry once although writes go on', async () => {
  const ids = await walk('limit=173', () => writeBatch('app', 5));
  const known = new Set(written);
  assert.equal(new Set(ids).size, ids.length, 'none twice');
  assert.deepEqual(
    ids.filter((id) => known.has(id)),
    written.toReversed(),
  );
});

test('oldest first, pages have every entry once and end at the newest', async () => {
  let writes = 0;
  const ids = await walk('order=asc&limit=500', async () =>
    writes++ < 10 ? writeBatch('app', 20) : undefined,
  );
  assert.equal(new Set(ids).size, ids.length, 'none twice');
  assert.deepEqual(ids.slice(0, COUNT), written);
  assert.deepEqual(ids, ids.toSorted());
});

test('a cursor keeps its order without being told again, and refuses another one', async () => {
  const { nextCursor } = await service.list('/app?order=asc&limit=10');
  const next = await service.list(`/app?limit=10&cursor=${nextCursor}`);
  assert.deepEqual(
    next.entries.map(({ id }) => id),
    written.slice(10, 20),
  );
  const answer = await service.fetch(`/app?order=desc&cursor=${nextCursor}`);
  await assertProblem(answer, 'PARAMETER_INVALID', { kind: 'read' });
});

test('a cursor stays within the range it is used with', async () => {
  const [from, to] = [written[100], written[300]].map(
    async (id) => (await service.read('app', id as string)).receivedAt,
  );
  const ids = await walk(`order=asc&limit=30&from=${await from}&to=${await to}`);
  assert.ok(ids.length > 100);
  assert.deepEqual(
    ids,
    written.slice(written.indexOf(ids[0] as string), written.indexOf(ids[0] as string) + ids.length),
  );
});

test('an id is a cursor: the page goes on behind it, also behind one that is no entry', async () => {
  const id = written[50] as string;
  for (const name of ['cursor', 'after']) {
    const ascending = await service.list(`/app?order=asc&limit=3&${name}=${id}`);
    assert.deepEqual(
      ascending.entries.map((entry) => entry.id),
      written.slice(51, 54),
    );
    const descending = await service.list(`/app?limit=3&${name}=${id}`);
    assert.deepEqual(
      descending.entries.map((entry) => entry.id),
      written.slice(47, 50).toReversed(),
    );
  }
  const [first = ''] = written;
  const unknown = `${first.slice(0, -1)}${first.endsWith('0') ? '1' : '0'}`;
  const page = await service.list(`/app?order=asc&limit=1&cursor=${unknown}`);
  assert.ok(page.entries[0]?.id === (unknown < first ? first : written[1]));
});

test('cursor and after at once are refused', async () => {
  const answer = await service.fetch(`/app?cursor=${written[1]}&after=${written[2]}`);
  await assertProblem(answer, 'PARAMETER_INVALID', { kind: 'read' });
});

test('the link to the next page is relative and leads through the whole range', async () => {
  const ids: string[] = [];
  const to = (await service.read('app', written[400] as string)).receivedAt;
  let href: string | undefined = `/app?order=asc&limit=90&to=${to}&format=json`;
  while (href !== undefined) {
    const answer: Response = await service.fetch(href);
    const { entries, nextCursor } = (await answer.json()) as EntryPage;
    ids.push(...entries.map(({ id }) => id));
    href = /^<(\/app\?[^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
    assert.equal(href === undefined, nextCursor === null);
  }
  assert.deepEqual(ids, written.slice(0, ids.length));
  assert.ok(ids.length > 300);
});

for (const [register, type, fill] of [
  ['large', 'application/octet-stream', '\u0001'],
  ['text', 'text/plain', '\u0001'],
] as const) {
  test(`pages of ${type} end early at 900 KB, and so do long polls`, async () => {
    const count = 12;
    for (let n = 0; n < count; n += 1)
      await service.write(register, fill.repeat(150_000), { 'content-type': type });
    for (const start of [`/${register}?limit=1000`, `/${register}?live=long-poll&from=start&wait=0`]) {
      const seen = new Set<string>();
      const pages: number[] = [];
      for (let next = start; seen.size < count;) {
        const text = await (await service.fetch(next)).text();
        assert.ok(Buffer.byteLength(text) < 1_000_000, `${text.length} characters`);
        const { entries, nextCursor } = JSON.parse(text) as EntryPage;
        for (const { id } of entries) seen.add(id);
        pages.push(entries.length);
        next = `${start.replace('&from=start', '')}&cursor=${nextCursor}`;
      }
      assert.equal(
        pages.reduce((sum, one) => sum + one),
        count,
        'each once',
      );
    }
  });
}
