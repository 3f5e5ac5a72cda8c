/**
 * What becomes of dead entries: stored after all, or given up for good.
 */
import assert from 'node:assert/strict';

import type { Entry } from '../../entry.ts';
import type { Store } from '../../store/store.ts';
import { createSource, keyed, makeEntry } from '../made-batches.ts';
import { assertStored, statusOf, tailedIds, totals } from './observed.ts';
import type { Check } from './opened-store.ts';

const KEY = 'key-of-twenty-characters';

/** Stores the others of the batch. */
async function giveUp(store: Store, dead: readonly Entry[], others: readonly Entry[] = []): Promise<void> {
  const leftOut = dead.map((_, index) => ({ index, as: 'dead' as const }));
  const batch = createSource(`source of ${dead[0]?.id}`)([...dead, ...others]);
  await store.persist([{ batch, part: false, leftOut }]);
}

export function testDeadEntries(check: Check): void {
  check('a replayed entry keeps id and stamp and appears behind everything before it', async ({ store }) => {
    const [dead, other] = [makeEntry({ payload: Buffer.from([0, 255]) }), makeEntry()];
    await giveUp(store, [dead], [other]);
    assert.equal(await store.replay(dead), 'stored');
    assert.equal(await store.replay(dead), 'stored', 'idempotent');
    await assertStored(store, dead);
    assert.deepEqual(await tailedIds(store), [other.id, dead.id]);
    assert.deepEqual(await totals(store), { accepted: 2, stored: 2 });
  });

  check('a replay holds the key of its entry, and meets one that is held', async ({ store }) => {
    const [first, same, other] = [keyed(KEY, 1), keyed(KEY, 1), keyed(KEY, 2)];
    await giveUp(store, [first, same, other]);
    assert.equal(await store.replay(first), 'stored');
    assert.equal(await store.replay(same), 'duplicate');
    assert.equal(await store.replay(other), 'conflict');
    assert.deepEqual(await totals(store), { accepted: 3, stored: 1, duplicate: 1, dead: 1 });
    assert.equal(await store.replay(same), 'duplicate', 'idempotent');
    assert.equal(await store.replay(other), 'conflict', 'it stays dead');
    const found = await store.find('app', same.id);
    assert.equal(found?.status === 'duplicate' && found.first.id, first.id);
    assert.equal(await statusOf(store, other), 'dead');
    assert.deepEqual(await totals(store), { accepted: 3, stored: 1, duplicate: 1, dead: 1 });
  });

  check('a replay that meets a held key leaves a dead entry as it was', async ({ store }) => {
    const [first, dead] = [keyed(KEY, 1), keyed(KEY, 2)];
    await giveUp(store, [dead], [first]);
    const told = () => store.append(createSource('elsewhere')([dead]));
    const { exceptions } = await told();
    assert.equal(await store.replay(dead), 'conflict');
    assert.deepEqual((await told()).exceptions, exceptions);
    assert.equal(await statusOf(store, dead), 'dead');
  });

  check('what this store never heard of can be replayed, and is accepted with it', async ({ store }) => {
    const [first, conflict] = [keyed(KEY, 1), keyed(KEY, 2)];
    assert.equal(await store.replay(first), 'stored');
    assert.equal(await store.replay(conflict), 'conflict');
    assert.equal(await statusOf(store, conflict), 'dead');
    assert.deepEqual(await totals(store), { accepted: 2, stored: 1, dead: 1 });
    await store.persist([{ batch: createSource('a')([first, conflict]), part: false, leftOut: [] }]);
    assert.deepEqual(await totals(store), { accepted: 2, stored: 1, dead: 1 });
  });

  check('a discarded entry is gone for good', async ({ store }) => {
    const [dead, stored] = [makeEntry(), makeEntry()];
    await giveUp(store, [dead], [stored]);
    assert.equal(await store.discard(dead), true);
    assert.equal(await store.discard(dead), true, 'idempotent');
    assert.equal(await statusOf(store, dead), 'discarded');
    assert.equal(await store.discard(stored), false);
    assert.equal(await store.discard(makeEntry()), false);
    await assertStored(store, stored);
    await assert.rejects(store.replay(dead), { name: 'StoreError', reason: 'rejected' });
    await store.persist([{ batch: createSource('late')([dead]), part: false, leftOut: [] }]);
    assert.equal(await statusOf(store, dead), 'discarded');
    assert.deepEqual(await totals(store), { accepted: 2, stored: 1, discarded: 1 });
  });

  check('a dead entry that is delivered again stays dead until it is replayed', async ({ store }) => {
    const dead = makeEntry();
    await giveUp(store, [dead]);
    assert.deepEqual(
      await store.persist([{ batch: createSource('late')([dead]), part: false, leftOut: [] }]),
      [{ exceptions: [] }],
    );
    assert.equal(await statusOf(store, dead), 'dead');
    await store.replay(dead);
    await store.persist([
      { batch: createSource('later')([dead]), part: false, leftOut: [{ index: 0, as: 'dead' }] },
    ]);
    await assertStored(store, dead);
    assert.deepEqual(await totals(store), { accepted: 1, stored: 1 });
  });
}
