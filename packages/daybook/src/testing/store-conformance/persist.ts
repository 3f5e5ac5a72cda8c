/**
 * Persisting: batches that were acknowledged before they reached the store, delivered again, in parts and in any order.
 */
import assert from 'node:assert/strict';

import type { AcknowledgedBatch, LeftOut } from '../../store/store.ts';
import type { Batch } from '../../envelope.ts';
import { createSource, keyed, makeEntry } from '../made-batches.ts';
import { assertStored, statusOf, tailAll, tailedIds, totals } from './observed.ts';
import type { Check } from './opened-store.ts';

const KEY = 'key-of-twenty-characters';

const whole = (batch: Batch, leftOut: readonly LeftOut[] = []): AcknowledgedBatch => ({
  batch,
  part: false,
  leftOut,
});

/** Only the entries at these places, under the name of their batch. */
export function partOf(
  batch: Batch,
  places: readonly number[],
  leftOut: readonly LeftOut[] = [],
): AcknowledgedBatch {
  const entries = batch.entries.filter((_, index) => places.includes(index));
  return { batch: { ...batch, entries }, part: true, leftOut };
}

export function testPersist(check: Check): void {
  check('batches are stored in their order, each once, whatever comes again', async ({ store }) => {
    const [nextA, nextB] = [createSource('a'), createSource('b')];
    const batches = [nextA([makeEntry(), makeEntry()]), nextB([makeEntry()]), nextA([makeEntry()])];
    const results = await store.persist(batches.map((batch) => whole(batch)));
    assert.deepEqual(results, [{ exceptions: [] }, { exceptions: [] }, { exceptions: [] }]);
    const ids = batches.flatMap(({ entries }) => entries.map(({ id }) => id));
    assert.deepEqual(await tailedIds(store), ids);

    await store.persist([...batches.toReversed(), ...batches].map((batch) => whole(batch)));
    assert.deepEqual(await tailedIds(store), ids);
    assert.deepEqual(await totals(store), { accepted: 4, stored: 4 });
    assert.deepEqual(await store.missingBatches(), []);
  });

  check('nothing to persist is nothing', async ({ store }) => {
    assert.deepEqual(await store.persist([]), []);
  });

  check('an appended batch that comes by the queue as well is stored once', async ({ store }) => {
    const entries = [makeEntry(), keyed(KEY, 1)];
    await store.append(createSource('a')(entries));
    assert.deepEqual(await store.persist([whole(createSource('b')(entries))]), [{ exceptions: [] }]);
    assert.deepEqual(await totals(store), { accepted: 2, stored: 2 });
  });

  check('a held key makes a link for the same payload and a dead entry for another', async ({ store }) => {
    const next = createSource('a');
    const [first, link, conflict] = [keyed(KEY, 1), keyed(KEY, 1), keyed(KEY, 2)];
    const batch = next([first, makeEntry(), link, conflict]);
    const expected = [
      {
        exceptions: [
          { index: 2, kind: 'duplicate', firstId: first.id },
          { index: 3, kind: 'conflict', firstId: first.id },
        ],
      },
    ];
    assert.deepEqual(await store.persist([whole(batch)]), expected);
    const found = await store.find('app', link.id);
    assert.equal(found?.status, 'duplicate');
    assert.equal(found.first.id, first.id);
    assert.equal(found.first.position.number, (await assertStored(store, first)).position.number);
    assert.equal(await statusOf(store, conflict), 'dead');
    assert.equal(await store.find('webhooks', link.id), undefined, 'a link is in its own register only');
    assert.equal((await tailAll(store)).length, 2);

    assert.deepEqual(await store.persist([whole(batch)]), expected, 'the same again');
    const later = [makeEntry(), link, conflict];
    assert.deepEqual(await store.persist([whole(next(later))]), [
      {
        exceptions: [
          { index: 1, kind: 'duplicate', firstId: first.id },
          { index: 2, kind: 'conflict', firstId: first.id },
        ],
      },
    ]);
    assert.deepEqual(await totals(store), { accepted: 5, stored: 3, duplicate: 1, dead: 1 });
  });

  check('of two entries with one key in one call the first holds it', async ({ store }) => {
    const [first, second] = [keyed(KEY, 1), keyed(KEY, 1)];
    const results = await store.persist([
      whole(createSource('b')([makeEntry(), first])),
      whole(createSource('a')([second])),
    ]);
    assert.deepEqual(results, [
      { exceptions: [] },
      { exceptions: [{ index: 0, kind: 'duplicate', firstId: first.id }] },
    ]);
  });

  check('an entry that is left out claims no key', async ({ store }) => {
    const [leftOut, taken] = [keyed(KEY, 1), keyed(KEY, 2)];
    const batch = createSource('a')([leftOut, taken]);
    assert.deepEqual(await store.persist([whole(batch, [{ index: 0, as: 'dead' }])]), [{ exceptions: [] }]);
    await assertStored(store, taken);
    assert.equal(await statusOf(store, leftOut), 'dead');
  });

  check('a retrying entry is stored by its part, and counted once', async ({ store }) => {
    const batch = createSource('a')([makeEntry(), makeEntry(), makeEntry()]);
    await store.persist([
      whole(batch, [
        { index: 1, as: 'retrying' },
        { index: 2, as: 'dead' },
      ]),
    ]);
    assert.deepEqual(await totals(store), { accepted: 3, stored: 1, retrying: 1, dead: 1 });
    assert.equal(await store.find('app', batch.entries[1]?.id as string), undefined);

    await store.persist([partOf(batch, [1], [{ index: 0, as: 'retrying' }])]);
    assert.deepEqual(await totals(store), { accepted: 3, stored: 1, retrying: 1, dead: 1 }, 'failed again');
    await store.persist([partOf(batch, [1])]);
    await store.persist([partOf(batch, [1]), whole(batch), partOf(batch, [1, 2])]);
    assert.deepEqual(await totals(store), { accepted: 3, stored: 2, dead: 1 });
  });

  check('a retrying entry may become dead, or a link', async ({ store }) => {
    const [first, link] = [keyed(KEY, 1), keyed(KEY, 1)];
    const batch = createSource('a')([makeEntry(), link]);
    await store.persist([
      whole(batch, [
        { index: 0, as: 'retrying' },
        { index: 1, as: 'retrying' },
      ]),
    ]);
    await store.append(createSource('b')([first]));
    await store.persist([partOf(batch, [0], [{ index: 0, as: 'dead' }]), partOf(batch, [1])]);
    assert.deepEqual(await totals(store), { accepted: 3, stored: 1, dead: 1, duplicate: 1 });
    assert.equal(await statusOf(store, link), 'duplicate');
  });

  check('a part that comes before its batch changes nothing in the end', async ({ store }) => {
    const batch = createSource('a')([makeEntry(), makeEntry(), makeEntry(), makeEntry()]);
    await store.persist([
      partOf(batch, [3]),
      partOf(
        batch,
        [1, 2],
        [
          { index: 0, as: 'retrying' },
          { index: 1, as: 'dead' },
        ],
      ),
    ]);
    assert.deepEqual(await totals(store), { accepted: 3, stored: 1, retrying: 1, dead: 1 });
    await store.persist([whole(batch, [{ index: 3, as: 'retrying' }])]);
    assert.deepEqual(await totals(store), { accepted: 4, stored: 3, dead: 1 });
    assert.deepEqual(await store.missingBatches(), []);
  });

  check('a part alone does not stand for its batch', async ({ store }) => {
    const next = createSource('a');
    const first = next([makeEntry(), makeEntry()]);
    await store.persist([partOf(first, [0]), whole(next([makeEntry()]))]);
    const [missing] = await store.missingBatches();
    assert.deepEqual([missing?.firstN, missing?.lastN, missing?.entries], [1, 1, 2]);
    await store.persist([whole(first)]);
    assert.deepEqual(await store.missingBatches(), []);
    assert.deepEqual(await totals(store), { accepted: 3, stored: 3 });
  });

  check(
    'a thousand entries are stored in their order, however many transactions it takes',
    async ({ store }) => {
      const entries = Array.from({ length: 1000 }, () => makeEntry());
      const batch = createSource('a')(entries);
      await store.persist([whole(batch, [{ index: 500, as: 'dead' }])]);
      await store.persist([whole(batch)]);
      const ids = entries.map(({ id }) => id);
      assert.deepEqual(await tailedIds(store), ids.toSpliced(500, 1));
      assert.deepEqual(await totals(store), { accepted: 1000, stored: 999, dead: 1 });
    },
  );
}
