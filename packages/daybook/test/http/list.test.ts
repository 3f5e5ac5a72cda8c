/** `GET /{register}` as a page: order, range, limit. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import type { Receipt } from '../../src/contract/messages.ts';
import { pageSchema } from '../../src/contract/schemas.ts';
import { idToMicros, formatStamp } from '../../src/id.ts';
import { assertProblem } from './assert-problem.ts';
import { startService } from './service.ts';

const service = await startService({ registers: { empty: { access: 'open' } } });

const COUNT = 130;
const receipts: Receipt[] = [];

before(async () => {
  for (let n = 0; n < COUNT; n += 1) receipts.push(await service.write('app', String(n)));
});

const idsOf = async (pathAndQuery: string) => (await service.list(pathAndQuery)).entries.map(({ id }) => id);
const written = (from = 0, to = COUNT) => receipts.slice(from, to).map(({ id }) => id);
const justAfter = ({ id }: Receipt) => formatStamp(idToMicros(id) + 1);
const receipt = (index: number) => receipts[index] as Receipt;

test('a page has the newest hundred entries, newest first, and says where to go on', async () => {
  const page = pageSchema.parse(await service.list('/app'));
  assert.deepEqual(
    page.entries.map(({ id }) => id),
    written(30).toReversed(),
  );
  assert.equal(typeof page.nextCursor, 'string');
});

test('settledThrough is at or behind every acknowledged entry of the page, and no later than now', async () => {
  const { receivedAt } = await service.write('epoch');
  const page = await service.list('/epoch');
  const now = (await (await service.fetch('/api/status')).json()) as { time: string };
  assert.ok(page.settledThrough !== null);
  assert.ok(page.settledThrough >= receivedAt && page.settledThrough < now.time);
});

test('a register without entries is an empty page with no cursor', async () => {
  const answer = await service.fetch('/empty');
  assert.equal(answer.headers.get('link'), null);
  const page = pageSchema.parse(await answer.json());
  assert.deepEqual([page.entries, page.nextCursor], [[], null]);
});

test('order=asc is oldest first, order=desc newest first', async () => {
  assert.deepEqual(await idsOf('/app?order=asc'), written(0, 100));
  assert.deepEqual(await idsOf('/app?order=desc'), written(30).toReversed());
});

test('limit bounds a page, up to a thousand', async () => {
  assert.deepEqual(await idsOf('/app?limit=1'), written(COUNT - 1));
  assert.deepEqual(await idsOf('/app?limit=7&order=asc'), written(0, 7));
  const all = await service.list('/app?limit=1000');
  assert.equal(all.entries.length, COUNT);
  assert.equal(all.nextCursor, null);
  assert.equal(
    (await service.list(`/app?limit=${COUNT}`)).nextCursor,
    null,
    'nothing is behind a page that fits exactly',
  );
  assert.equal(typeof (await service.list(`/app?limit=${COUNT - 1}`)).nextCursor, 'string');
});

for (const limit of [
  '0',
  '-1',
  '1.5',
  '',
  '1e9',
  '1001',
  '0x10',
  'ten',
  '99999999999999999999',
  ' 5',
  'NaN',
]) {
  test(`a limit of ${JSON.stringify(limit)} is refused`, async () => {
    const answer = await service.fetch(`/app?limit=${encodeURIComponent(limit)}`);
    const { detail } = await assertProblem(answer, 'PARAMETER_INVALID', { kind: 'read' });
    assert.match(detail, /^limit: expected a whole number from 1 to 1000; given/);
  });
}

test('from is inclusive and to is exclusive, to the microsecond', async () => {
  const [first, last] = [receipt(40), receipt(60)];
  assert.deepEqual(
    await idsOf(`/app?order=asc&from=${first.receivedAt}&to=${last.receivedAt}`),
    written(40, 60),
  );
  assert.deepEqual(
    await idsOf(`/app?order=asc&from=${justAfter(first)}&to=${justAfter(last)}`),
    written(41, 61),
  );
  assert.deepEqual(
    await idsOf(`/app?from=${first.receivedAt}&to=${last.receivedAt}`),
    written(40, 60).toReversed(),
  );
});

test('each entry is found by its own microsecond alone', async () => {
  for (const { id, receivedAt } of receipts.slice(0, 20))
    assert.deepEqual(await idsOf(`/app?from=${receivedAt}&to=${formatStamp(idToMicros(id) + 1)}`), [id]);
});

test('an empty range is an empty page', async () => {
  const { receivedAt } = receipt(40);
  for (const query of [`from=${receivedAt}&to=${receivedAt}`, 'to=1970-01-02', 'from=2254-12-31'])
    assert.deepEqual(await idsOf(`/app?${query}`), []);
});

test('one moment may be written in many ways', async () => {
  const micros = idToMicros(receipt(40).id);
  const utc = formatStamp(micros);
  const inZone = `${formatStamp(micros + 5.5 * 3_600_000_000).slice(0, -1)}+05:30`;
  for (const from of [utc, inZone, utc.replace('Z', '000Z'), utc.toLowerCase(), utc.replace('Z', '+00:00')]) {
    assert.deepEqual(
      await idsOf(`/app?order=asc&limit=1&from=${encodeURIComponent(from)}`),
      [receipt(40).id],
      from,
    );
    assert.deepEqual(
      await idsOf(`/app?order=asc&limit=1&from=${from}`),
      [receipt(40).id],
      'an unescaped plus',
    );
  }
  assert.equal((await service.list('/app?from=2001-02-03&to=2250-01-01&limit=1000')).entries.length, COUNT);
});

for (const time of [
  '2026-02-30',
  '2026-02-29',
  '2026-13-01',
  '2026-00-10',
  '2026-01-00',
  '0000-01-01',
  '0001-01-01',
  '1969-12-31',
  '9999999',
  '999999-01-01',
  '+275760-09-13T00:00:00Z',
  '9999-12-31T23:59:59.999999Z',
  '2255-01-02',
  'now',
  'start',
  '2026',
  '2026-1-1',
  '2026-01-01T00:00:00',
  '2026-01-01T25:00:00Z',
  '2026-01-01T00:60:00Z',
  '2026-01-01T00:00:00+99:00',
  '2026-01-01T00:00:00.1234567890Z',
  '1795247743368',
  '-1',
  "2026-01-01' OR 1=1",
]) {
  test(`a time of ${JSON.stringify(time)} is refused`, async () => {
    for (const name of ['from', 'to']) {
      for (const path of ['/app', '/app/stats']) {
        const answer = await service.fetch(`${path}?${name}=${encodeURIComponent(time)}`);
        const { detail } = await assertProblem(answer, 'PARAMETER_INVALID', { kind: 'read' });
        assert.match(detail, new RegExp(`^${name}: expected a time`));
      }
    }
  });
}

test('an empty bound is none, because forms send their empty fields', async () => {
  assert.deepEqual(await idsOf('/app?from=&to='), written(30).toReversed());
  assert.equal((await service.fetch('/app/stats?from=&to=')).status, 200);
});

test('a range that ends before it begins is refused', async () => {
  const answer = await service.fetch('/app?from=2026-02-02&to=2026-02-01');
  await assertProblem(answer, 'PARAMETER_INVALID', { kind: 'read' });
});
