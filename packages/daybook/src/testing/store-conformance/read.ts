/**
 * Reading: single entries, lists, counts by bucket.
 */
import assert from 'node:assert/strict';

import type { Store } from '../../store/store.ts';
import { BASE_MICROS, createSource, makeEntry, MINUTE_MICROS } from '../made-batches.ts';
import { ALL, statusOf } from './observed.ts';
import type { Check } from './opened-store.ts';

const DAY_MICROS = 1440 * MINUTE_MICROS;

export function testRead(check: Check): void {
  check('an entry is found in its own register only', async ({ store }) => {
    const entry = makeEntry({ register: 'webhooks' });
    await store.append(createSource('a')([entry]));
    assert.equal(await store.find('app', entry.id), undefined);
    assert.equal(await statusOf(store, entry), 'stored');
    assert.equal(await store.find('webhooks', makeEntry().id), undefined);
  });

  check('lists are ordered by id, bounded by stamps and continued behind an id', async ({ store }) => {
    const entries = Array.from({ length: 30 }, (_, index) => makeEntry({ micros: BASE_MICROS + index * 10 }));
    const shuffled = [...entries.slice(11), ...entries.slice(0, 11)];
    await store.append(
      createSource('a')([...shuffled, makeEntry({ register: 'webhooks', micros: BASE_MICROS })]),
    );
    const ids = entries.map(({ id }) => id);
    const list = async (query: Partial<Parameters<Store['list']>[0]>) => {
      const page = await store.list({ register: 'app', ...ALL, ...query });
      return { ids: page.entries.map(({ id }) => id), more: page.more };
    };
    assert.deepEqual(await list({}), { ids, more: false });
    assert.deepEqual(await list({ order: 'desc' }), { ids: ids.toReversed(), more: false });
    assert.deepEqual(await list({ limit: 30 }), { ids, more: false });
    assert.deepEqual(await list({ limit: 29 }), { ids: ids.slice(0, 29), more: true });
    assert.deepEqual(await list({ from: BASE_MICROS + 50, to: BASE_MICROS + 100 }), {
      ids: ids.slice(5, 10),
      more: false,
    });
    assert.deepEqual(await list({ from: BASE_MICROS + 51, to: BASE_MICROS + 101 }), {
      ids: ids.slice(6, 11),
      more: false,
    });
    assert.deepEqual(await list({ after: ids[9] as string, limit: 3 }), {
      ids: ids.slice(10, 13),
      more: true,
    });
    assert.deepEqual(await list({ after: ids[9] as string, order: 'desc', limit: 3 }), {
      ids: [ids[8], ids[7], ids[6]],
      more: true,
    });
    assert.deepEqual(await list({ after: ids[29] as string }), { ids: [], more: false });
    assert.deepEqual(await list({ from: BASE_MICROS + 200, after: ids[9] as string, limit: 1 }), {
      ids: [ids[20]],
      more: true,
    });
  });

  check('lists go on across days and months', async ({ store }) => {
    const days = [0, 1, 2, 40, 41, 400];
    const entries = days.map((day) => makeEntry({ micros: BASE_MICROS + day * DAY_MICROS }));
    await store.append(createSource('a')(entries.toReversed()));
    const ids = entries.map(({ id }) => id);
    const seen: string[] = [];
    for (let more = true; more;) {
      const after = seen.at(-1);
      const page = await store.list({ register: 'app', ...ALL, limit: 2, ...(after && { after }) });
      seen.push(...page.entries.map(({ id }) => id));
      more = page.more;
    }
    assert.deepEqual(seen, ids);
    const newest = await store.list({ register: 'app', ...ALL, order: 'desc', limit: 3 });
    assert.deepEqual(
      newest.entries.map(({ id }) => id),
      ids.slice(3).toReversed(),
    );
  });

  check('a page ends early at its bytes, and holds one entry at least', async ({ store }) => {
    const payload = Buffer.alloc(1000, 'x');
    await store.append(createSource('a')(Array.from({ length: 5 }, () => makeEntry({ payload }))));
    const page = await store.list({ register: 'app', ...ALL, maxBytes: 2_500 });
    assert.deepEqual([page.entries.length, page.more], [2, true]);
    const small = await store.list({ register: 'app', ...ALL, maxBytes: 10 });
    assert.deepEqual([small.entries.length, small.more], [1, true]);
  });

  check('counts by bucket are the stored entries by their stamps', async ({ store }) => {
    const micros = [0, 1, MINUTE_MICROS - 1, MINUTE_MICROS, 3 * MINUTE_MICROS + 5].map(
      (offset) => BASE_MICROS + offset,
    );
    const entries = [
      ...micros.map((at) => makeEntry({ micros: at })),
      makeEntry({ register: 'webhooks' }),
      makeEntry({ micros: BASE_MICROS }),
    ];
    await store.persist([
      { batch: createSource('a')(entries), part: false, leftOut: [{ index: 6, as: 'dead' }] },
    ]);
    const count = (bucketMicros: number, buckets: number) =>
      store.count({ register: 'app', from: BASE_MICROS, bucketMicros, buckets });
    assert.deepEqual(await count(MINUTE_MICROS, 5), [3, 1, 0, 1, 0]);
    assert.deepEqual(await count(2 * MINUTE_MICROS, 2), [4, 1]);
    assert.deepEqual(await count(1_000_000, 61), [2, ...Array.from({ length: 58 }, () => 0), 1, 1]);
  });
}
