/** `GET /{register}/stats`: entries counted by stamp, empty buckets included. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import type { Stats } from '../../src/contract/messages.ts';
import { statsSchema } from '../../src/contract/schemas.ts';
import { formatStamp, idToMicros } from '../../src/id.ts';
import { assertProblem } from './assert-problem.ts';
import { startService } from './service.ts';

const service = await startService();

const BUCKET_MICROS = { second: 1e6, minute: 60e6, hour: 3600e6, day: 86_400e6 } as const;
const COUNT = 60;
const ids: string[] = [];

before(async () => {
  for (let n = 0; n < COUNT; n += 1) {
    ids.push((await service.write('app', String(n))).id);
    if (n === COUNT / 2) await new Promise((resolve) => setTimeout(resolve, 1100));
  }
  await service.write('epoch');
});

async function stats(query: string): Promise<Stats> {
  const answer = await service.fetch(`/app/stats?${query}`);
  assert.equal(answer.status, 200, await answer.clone().text());
  return statsSchema.parse(await answer.json());
}

for (const [bucket, length] of Object.entries(BUCKET_MICROS)) {
  test(`counts by ${bucket} equal the entries, and empty buckets are there`, async () => {
    const first = idToMicros(ids[0] as string);
    const from = formatStamp(first - 3 * length);
    const to = formatStamp(idToMicros(ids.at(-1) as string) + 2 * length);
    const given = await stats(`bucket=${bucket}&from=${from}&to=${to}`);

    const start = Math.floor((first - 3 * length) / length) * length;
    const counts = new Map<string, number>();
    for (const id of ids) {
      const at = formatStamp(Math.floor(idToMicros(id) / length) * length);
      counts.set(at, (counts.get(at) ?? 0) + 1);
    }
    assert.equal(given.bucket, bucket);
    assert.equal(given.register, 'app');
    assert.equal(given.from, formatStamp(start));
    assert.equal(given.total, COUNT);
    assert.ok(given.buckets.length >= 5);
    for (const [index, { start: at, count }] of given.buckets.entries()) {
      assert.equal(at, formatStamp(start + index * length), 'one bucket after the other');
      assert.equal(count, counts.get(at) ?? 0, at);
    }
    assert.equal(given.to, formatStamp(start + given.buckets.length * length));
    assert.ok(given.to >= to);
  });
}

test('without parameters it is the last hour by minutes', async () => {
  const given = await stats('');
  assert.deepEqual([given.bucket, given.buckets.length, given.total], ['minute', 60, COUNT]);
});

test('a range within one bucket is that bucket', async () => {
  const given = await stats('bucket=day&from=2026-01-01T10:00:00Z&to=2026-01-01T11:00:00Z');
  assert.deepEqual(given.buckets, [{ start: '2026-01-01T00:00:00.000000Z', count: 0 }]);
  assert.equal(given.to, '2026-01-02T00:00:00.000000Z');
});

test('an empty range has no buckets', async () => {
  const given = await stats('bucket=day&from=2026-01-01&to=2026-01-01');
  assert.deepEqual([given.buckets, given.total], [[], 0]);
});

test('1440 buckets are given, one more is refused', async () => {
  assert.equal((await stats('bucket=minute&from=2026-01-01&to=2026-01-02')).buckets.length, 1440);
  assert.equal((await stats('bucket=second&from=2026-01-01&to=2026-01-01T00:24:00Z')).buckets.length, 1440);
  for (const query of [
    'from=2026-01-01&to=2026-01-02T00:00:00.000001Z',
    'bucket=second&from=2026-01-01&to=2026-01-02',
    'bucket=second&from=1970-01-01',
    'bucket=day&from=1970-01-01&to=2254-12-31',
  ]) {
    const { detail } = await assertProblem(await service.fetch(`/app/stats?${query}`), 'PARAMETER_INVALID', {
      kind: 'read',
    });
    assert.match(detail, /1440 buckets/);
  }
});

test('the ends of the calendar are counted', async () => {
  assert.equal((await stats('bucket=day&from=1970-01-01&to=1970-01-03')).buckets.length, 2);
  assert.equal((await stats('bucket=day&to=1970-01-03')).from, '1970-01-01T00:00:00.000000Z');
  assert.equal((await stats('bucket=day&from=2254-12-30&to=2255-01-01')).buckets.length, 2);
});

test('a range that ends before it begins is refused, and says what it was', async () => {
  for (const query of ['from=2026-02-02&to=2026-02-01', 'from=2254-01-01']) {
    const { detail } = await assertProblem(await service.fetch(`/app/stats?${query}`), 'PARAMETER_INVALID', {
      kind: 'read',
    });
    assert.doesNotMatch(detail, /undefined/);
  }
});

test('an id that reads "stats" is none: the path belongs to the counts', async () => {
  assert.equal((await service.fetch('/app/stats')).status, 200);
  await assertProblem(await service.fetch('/app/stats/payload'), 'ENTRY_UNKNOWN', { kind: 'read' });
});
