/**
 * Retention: the oldest entries of a register go, with everything that is kept about them.
 */
import assert from 'node:assert/strict';

import { BASE_MICROS, createSource, keyed, makeEntry, MINUTE_MICROS } from '../made-batches.ts';
import { ALL, PLENTY, statusOf, tailedIds, totals } from './observed.ts';
import type { Check } from './opened-store.ts';

const old = (index: number) => ({ micros: BASE_MICROS + index });
const LATER = BASE_MICROS + 10 * MINUTE_MICROS;
const young = (index: number) => ({ micros: LATER + index });

export function testExpiry(check: Check): void {
  check('the oldest entries of a register expire, a few at a time, and no others', async ({ store }) => {
    const aged = Array.from({ length: 25 }, (_, index) => makeEntry(old(index)));
    const kept = Array.from({ length: 5 }, (_, index) => makeEntry(young(index)));
    const elsewhere = makeEntry({ ...old(3), register: 'webhooks' });
    await store.append(createSource('a')([...kept, ...aged.toReversed(), elsewhere]));
    const expire = (limit: number) => store.expire({ register: 'app', before: LATER, limit });

    assert.equal(await expire(10), 10);
    assert.deepEqual(
      (await store.list({ register: 'app', ...ALL })).entries.map(({ id }) => id),
      [...aged.slice(10), ...kept].map(({ id }) => id),
      'the oldest first',
    );
    assert.equal(await expire(10), 10);
    assert.equal(await expire(10), 5);
    assert.equal(await expire(10), 0);
    assert.deepEqual(
      await tailedIds(store),
      kept.map(({ id }) => id),
    );
    for (const entry of aged) assert.equal(await statusOf(store, entry), undefined);
    assert.equal(await statusOf(store, elsewhere), 'stored');
    assert.deepEqual(await totals(store, 'app'), { accepted: 30, stored: 5, expired: 25 });
  });

  check('the key of an expired entry is free again', async ({ store }) => {
    const next = createSource('a');
    const [first, again, after] = [keyed('k', 1, old(0)), keyed('k', 2, young(0)), keyed('k', 2, young(1))];
    await store.append(next([first]));
    const held = await store.append(next([again]));
    assert.equal(held.exceptions[0]?.kind, 'conflict');
    assert.equal(await store.expire({ register: 'app', before: LATER, limit: 10 }), 1);
    assert.deepEqual((await store.append(next([after]))).exceptions, []);
    assert.equal(await statusOf(store, after), 'stored');
  });

  check('a link whose first entry expired is expired, a dead one stays dead', async ({ store }) => {
    const [first, link, dead] = [keyed('k', 1, old(0)), keyed('k', 1, young(0)), makeEntry(old(1))];
    await store.persist([
      { batch: createSource('a')([first, link, dead]), part: false, leftOut: [{ index: 2, as: 'dead' }] },
    ]);
    assert.equal(await statusOf(store, link), 'duplicate');
    await store.expire({ register: 'app', before: LATER, limit: 10 });
    assert.equal(await statusOf(store, link), 'expired');
    assert.equal(await statusOf(store, dead), 'dead');
    assert.equal(await store.replay(dead), 'stored');
    assert.deepEqual(await totals(store), { accepted: 3, stored: 1, duplicate: 1, expired: 1 });
  });

  check(
    'a dead entry in conflict can be replayed once the first of its key has expired',
    async ({ store }) => {
      const [first, conflict] = [keyed('k', 1, old(0)), keyed('k', 2, young(0))];
      await store.persist([{ batch: createSource('a')([first, conflict]), part: false, leftOut: [] }]);
      assert.equal(await store.replay(conflict), 'conflict');
      assert.equal(await store.expire({ register: 'app', before: LATER, limit: 10 }), 1);
      assert.equal(await store.replay(conflict), 'stored');
      assert.deepEqual(await tailedIds(store), [conflict.id]);
      assert.deepEqual(await totals(store), { accepted: 2, stored: 1, expired: 1 });
    },
  );

  check('a batch that is delivered again does not bring expired entries back', async ({ store }) => {
    const batch = createSource('a')([makeEntry(old(0)), makeEntry(young(0))]);
    const delivery = { batch, part: false, leftOut: [] };
    await store.persist([delivery]);
    await store.expire({ register: 'app', before: LATER, limit: 10 });
    await store.persist([delivery]);
    assert.deepEqual(await totals(store), { accepted: 2, stored: 1, expired: 1 });
    assert.equal((await tailedIds(store)).length, 1);
  });

  check('a tail learns how far retention has come, and goes on behind it', async ({ store }) => {
    const next = createSource('a');
    const [a, b] = [makeEntry(old(0)), makeEntry(old(1))];
    await store.append(next([a, b]));
    const found = await store.find('app', b.id);
    assert.equal(found?.status, 'stored');
    const { lane, number } = found.entry.position;
    const tail = (after: number, register = 'app') =>
      store.tail({ register, lane, after, limit: 10, maxBytes: PLENTY });
    assert.equal((await tail(0)).expiredThrough, 0);
    await store.expire({ register: 'app', before: LATER, limit: 10 });
    const page = await tail(0);
    assert.deepEqual([page.entries, page.expiredThrough], [[], number]);
    assert.equal((await tail(0, 'webhooks')).expiredThrough, 0);
    assert.ok((await store.head(lane)) >= number, 'what was given is not given again');
    const c = makeEntry(young(0));
    await store.append(next([c]));
    assert.deepEqual(
      (await tail(number)).entries.map(({ id }) => id),
      [c.id],
    );
  });
}
