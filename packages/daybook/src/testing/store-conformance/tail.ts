/**
 * Tails: stored order, every entry once, none skipped, however many write.
 */
import assert from 'node:assert/strict';

import type { Entry, StoredEntry } from '../../entry.ts';
import type { AcknowledgedBatch, Store } from '../../store/store.ts';
import { BASE_MICROS, createSource, keyed, makeEntry } from '../made-batches.ts';
import { ledgerOf, PLENTY, tailAll, totalsOf } from './observed.ts';
import type { Check, OpenedStore } from './opened-store.ts';
import { partOf } from './persist.ts';

const WRITERS = 8;
/** Contested by all of them. */
const KEYS = 10;

/** Follows every lane until it is told to stop and has seen the end. */
function startFollowing(store: Store, register: string) {
  const seen: StoredEntry[] = [];
  let stopping = false;
  async function follow(lane: string): Promise<void> {
    for (let after = 0; ;) {
      const last = stopping;
      const page = await store.tail({ register, lane, after, limit: 13, maxBytes: PLENTY });
      assert.ok(page.entries.every(({ position }) => position.number > after));
      seen.push(...page.entries);
      if (last && page.through === after) return;
      after = page.through;
    }
  }
  const following = Promise.all(store.lanes.map(({ name }) => follow(name)));
  return async (): Promise<StoredEntry[]> => {
    stopping = true;
    await following;
    return seen;
  };
}

function assertEachOnce(seen: readonly StoredEntry[], expected: readonly Entry[]): void {
  const ids = seen.map(({ id }) => id);
  assert.equal(ids.length, new Set(ids).size, 'none twice');
  const missing = expected.filter(({ id }) => !ids.includes(id));
  assert.deepEqual(
    missing.map(({ id }) => id),
    [],
    'none skipped',
  );
  assert.equal(ids.length, expected.length, 'none that was not written');
}

async function writersOf({ store, join }: OpenedStore): Promise<Store[]> {
  return Promise.all(Array.from({ length: WRITERS }, async () => (await join?.()) ?? store));
}

/** Batches, some parts of them, and everything a second or third time, shuffled by a fixed rule. */
function deliveriesOf(batches: readonly AcknowledgedBatch[]): AcknowledgedBatch[] {
  const deliveries = batches.flatMap((delivery, index) => {
    const again = Array.from({ length: 1 + (index % 3) }, () => delivery);
    return index % 4 === 0 ? [...again, partOf(delivery.batch, [0])] : again;
  });
  const stride = 37;
  return deliveries.map((_, index) => deliveries[(index * stride) % deliveries.length] as AcknowledgedBatch);
}

export function testTail(check: Check): void {
  check('a tail gives stored order, each entry once, and knows how far it looked', async ({ store }) => {
    const next = createSource('a');
    const late = makeEntry({ micros: BASE_MICROS + 5_000 });
    const early = makeEntry({ micros: BASE_MICROS + 1_000 });
    await store.append(next([late]));
    await store.append(next([early, makeEntry({ register: 'webhooks' })]));
    const tail = await tailAll(store);
    assert.deepEqual(
      tail.map(({ id }) => id),
      [late.id, early.id],
    );
    const [first, second] = tail as [StoredEntry, StoredEntry];
    assert.equal(first.position.lane, second.position.lane);
    assert.ok(first.position.number < second.position.number);
    const { lane } = second.position;
    const head = await store.head(lane);
    assert.ok(head > second.position.number, 'the head is that of all registers');
    const rest = await store.tail({ register: 'app', lane, after: head, limit: 10, maxBytes: PLENTY });
    assert.deepEqual(rest, { entries: [], through: head, expiredThrough: 0 });
  });

  check('registers in one lane are tailed apart, in pages of any size', async ({ store }) => {
    const next = createSource('a');
    const expected = new Map<string, string[]>([
      ['app', []],
      ['webhooks', []],
      ['rare', []],
    ]);
    for (let round = 0; round < 40; round += 1) {
      const entries = Array.from({ length: 1 + (round % 7) }, (_, index) =>
        makeEntry({ register: round === 17 ? 'rare' : index % 3 === 0 ? 'webhooks' : 'app' }),
      );
      for (const { register, id } of entries) expected.get(register)?.push(id);
      await store.append(next(entries));
    }
    for (const [register, ids] of expected) {
      assert.deepEqual(
        (await tailAll(store, register)).map(({ id }) => id),
        ids,
        register,
      );
    }
    assert.deepEqual(await tailAll(store, 'none'), []);
  });

  check('a page of a tail ends early at its bytes, and nothing is passed over', async ({ store }) => {
    const payload = Buffer.alloc(1000, 'x');
    const entries = Array.from({ length: 9 }, () => makeEntry({ payload }));
    await store.append(createSource('a')(entries));
    const seen: string[] = [];
    for (const { name: lane } of store.lanes) {
      for (let after = 0; ;) {
        const page = await store.tail({ register: 'app', lane, after, limit: 100, maxBytes: 2_500 });
        assert.ok(page.entries.length <= 2);
        seen.push(...page.entries.map(({ id }) => id));
        if (page.through === after) break;
        after = page.through;
      }
    }
    assert.deepEqual(
      seen,
      entries.map(({ id }) => id),
    );
  });

  check('a tail beside eight writers skips nothing and repeats nothing', async (opened) => {
    const stop = startFollowing(opened.store, 'app');
    const expected: Entry[] = [];
    const write = async (store: Store, index: number): Promise<void> => {
      const next = createSource(`w${index}`);
      for (let round = 0; round < 25; round += 1) {
        const entries = Array.from({ length: 1 + (round % 5) }, () => makeEntry());
        expected.push(...entries);
        const batch = next(entries);
        await store.append(batch);
        if (round % 4 === 0) await store.append(batch);
      }
    };
    await Promise.all((await writersOf(opened)).map(write));
    assertEachOnce(await stop(), expected);
  });

  check(
    'eight persisters with batches that come twice and out of order: a tail sees every entry once',
    async (opened) => {
      const stop = startFollowing(opened.store, 'app');
      const batches = Array.from({ length: WRITERS }, (_, source) => {
        const next = createSource(`q${source}`);
        return Array.from({ length: 12 }, (_unused, round) => {
          const plain = Array.from({ length: 1 + (round % 4) }, () => makeEntry());
          const entries = [...plain, keyed(`key-${round % KEYS}-of-twenty-characters`, source % 4)];
          return { batch: next(entries), part: false, leftOut: [] };
        });
      }).flat();
      const deliveries = deliveriesOf(batches);

      const persist = async (store: Store): Promise<void> => {
        for (let given = deliveries.splice(0, 3); given.length > 0; given = deliveries.splice(0, 3)) {
          await store.persist(given);
        }
      };
      await Promise.all((await writersOf(opened)).map(persist));

      const { store } = opened;
      const seen = await stop();
      const all = batches.flatMap(({ batch }) => batch.entries);
      const found = await Promise.all(all.map(async (entry) => await store.find('app', entry.id)));
      assertEachOnce(
        seen,
        all.filter((_, index) => found[index]?.status === 'stored'),
      );
      const counted = (status: string) => found.filter((one) => one?.status === status).length;
      assert.deepEqual(totalsOf(await ledgerOf(store)), {
        accepted: all.length,
        stored: all.length - counted('duplicate') - counted('dead'),
        duplicate: counted('duplicate'),
        dead: counted('dead'),
      });
      const holders = seen.flatMap(({ idempotencyKey }) => idempotencyKey ?? []);
      assert.equal(holders.length, new Set(holders).size, 'a key has one entry');
      assert.equal(holders.length, KEYS);
      assert.deepEqual(await store.missingBatches(), []);
    },
  );
}
