/**
 * Appending: the intake writes to the store directly, and an entry whose key is held was never accepted.
 */
import assert from 'node:assert/strict';

import { createSource, keyed, makeEntry } from '../made-batches.ts';
import { tailAll, tailedIds, totals } from './observed.ts';
import type { Check } from './opened-store.ts';

const KEY = 'key-of-twenty-characters';

export function testAppend(check: Check): void {
  check('appending the same batch again changes nothing and gives the same result', async ({ store }) => {
    const next = createSource('a');
    const batch = next([makeEntry(), keyed(KEY, 1), makeEntry()]);
    const first = await store.append(batch);
    await store.append(next([makeEntry()]));
    const again = await store.append(batch);
    assert.deepEqual(again, first);
    assert.equal((await tailAll(store)).length, 4);
    assert.deepEqual(await totals(store), { accepted: 4, stored: 4 });
  });

  check('appending gives the position of the last entry that is stored now', async ({ store }) => {
    const next = createSource('a');
    const { lastPosition } = await store.append(next([makeEntry(), makeEntry()]));
    assert.deepEqual(lastPosition, (await tailAll(store)).at(-1)?.position);
  });

  check('entries of a batch under another name are stored once', async ({ store }) => {
    const entries = [makeEntry(), keyed(KEY, 1), makeEntry()];
    await store.append(createSource('a')(entries));
    const { exceptions } = await store.append(createSource('b')([...entries, makeEntry()]));
    assert.deepEqual(exceptions, []);
    assert.equal((await tailAll(store)).length, 4);
    assert.deepEqual(await totals(store), { accepted: 4, stored: 4 });
  });

  check('a large batch that is half there already stores and counts only what is new', async ({ store }) => {
    const known = Array.from({ length: 35 }, () => makeEntry());
    const fresh = Array.from({ length: 45 }, () => makeEntry());
    await store.append(createSource('a')(known));
    await store.append(createSource('b')([...fresh.slice(0, 20), ...known, ...fresh.slice(20)]));
    assert.deepEqual(
      await tailedIds(store),
      [...known, ...fresh].map(({ id }) => id),
    );
    assert.deepEqual(await totals(store), { accepted: 80, stored: 80 });
  });

  check(
    'a held key gives the first id for the same payload and a conflict for another, and stores nothing',
    async ({ store }) => {
      const next = createSource('a');
      const first = keyed(KEY, 1);
      await store.append(next([first]));
      const [repeat, other] = [keyed(KEY, 1), keyed(KEY, 2)];
      const { exceptions } = await store.append(next([makeEntry(), repeat, other]));
      assert.deepEqual(exceptions, [
        { index: 1, kind: 'duplicate', firstId: first.id },
        { index: 2, kind: 'conflict', firstId: first.id },
      ]);
      assert.equal((await tailAll(store)).length, 2);
      assert.deepEqual(await totals(store), { accepted: 2, stored: 2 }, 'never accepted');
      assert.equal(await store.find('app', repeat.id), undefined);
    },
  );

  check('the same key twice in one batch is one entry', async ({ store }) => {
    const [first, second] = [keyed(KEY, 1), keyed(KEY, 1)];
    const { exceptions } = await store.append(createSource('a')([first, second]));
    assert.deepEqual(exceptions, [{ index: 1, kind: 'duplicate', firstId: first.id }]);
    assert.equal((await tailAll(store)).length, 1);
  });

  check('a key belongs to its register and subject', async ({ store }) => {
    const entries = [
      keyed(KEY, 1),
      keyed(KEY, 1, { register: 'webhooks' }),
      keyed(KEY, 1, { subject: 'someone' }),
      keyed(KEY, 1, { subject: 'someone/else' }),
    ];
    const { exceptions } = await store.append(createSource('a')(entries));
    assert.deepEqual(exceptions, []);
  });

  check('a name that stands for another batch is never taken for it', async ({ store }) => {
    await store.append(createSource('a')([makeEntry()]));
    await assert.rejects(store.append(createSource('a')([makeEntry(), makeEntry()])), { name: 'StoreError' });
    assert.equal((await tailAll(store)).length, 1);
  });
}
