/**
 * Opening, closing, probing.
 */
import assert from 'node:assert/strict';

import { BASE_MICROS, createSource, keyed, makeEntry } from '../made-batches.ts';
import { ledgerOf, statusOf, tailedIds } from './observed.ts';
import type { Check } from './opened-store.ts';

const KEY = 'key-of-twenty-characters';

export function testLifetime(check: Check): void {
  check('everything is there after closing and opening, under the same epoch', async (opened) => {
    const entries = [makeEntry(), keyed(KEY, 1), makeEntry()];
    const [dead, discarded] = [makeEntry(), makeEntry()];
    await opened.store.append(createSource('a')(entries));
    const leftOut = [0, 1].map((index) => ({ index, as: 'dead' as const }));
    await opened.store.persist([{ batch: createSource('b')([dead, discarded]), part: false, leftOut }]);
    await opened.store.discard(discarded);
    const { lanes } = opened.store;

    const { store } = await opened.reopen();
    assert.deepEqual(store.lanes, lanes);
    const ids = entries.map(({ id }) => id);
    assert.deepEqual(await tailedIds(store), ids);
    assert.equal(await statusOf(store, dead), 'dead');
    assert.equal(await statusOf(store, discarded), 'discarded');
    const newest = store.newestIdAtOpen ?? '';
    assert.ok(ids.every((id) => id <= newest));
    assert.ok(newest === ids.toSorted().at(-1) || newest === discarded.id);
    const { exceptions } = await store.append(createSource('c')([keyed(KEY, 1)]));
    assert.equal(exceptions.length, 1);
  });

  check('a store that is closed refuses to write and stays closed', async (opened) => {
    const { store } = opened;
    await opened.reopen();
    const refused = { name: 'StoreError', outcome: 'not-written' };
    await assert.rejects(store.append(createSource('a')([makeEntry()])), refused);
    await assert.rejects(store.probe(), refused);
    assert.deepEqual(await tailedIds(opened.store), []);
  });

  check(
    'an empty store has no newest id, heads 0 and an empty ledger; a probe changes none of it',
    async ({ store }) => {
      await store.probe();
      await store.probe();
      assert.equal(store.newestIdAtOpen, undefined);
      for (const { name } of store.lanes) assert.equal(await store.head(name), 0);
      assert.deepEqual(await ledgerOf(store), []);
      assert.deepEqual(await store.missingBatches(), []);
      assert.ok((await store.time()) > BASE_MICROS);
    },
  );
}
