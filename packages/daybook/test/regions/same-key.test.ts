/**
 * The same idempotency key in two regions: each keeps its entry, and every reader of either says of the larger id that it
 * is a duplicate of the smaller one, as soon as the other's key has come.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Entry, StoredEntry } from '../../src/entry.ts';
import type { Store } from '../../src/store/store.ts';
import { createSource, keyed } from '../../src/testing/made-batches.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import type { TwoRegions } from './two-regions.ts';
import { startTwoRegions } from './two-regions.ts';

const PAGE = { limit: 1_000, maxBytes: 10_000_000 } as const;
const DAY_MICROS = 86_400_000_000;
const nowMicros = (): number => Date.now() * 1000;

type Told = Readonly<Record<string, string | undefined>>;

function told(entries: readonly StoredEntry[]): Told {
  return Object.fromEntries(entries.map(({ id, duplicateOf }) => [id, duplicateOf]));
}

const regionOf = (store: Store): string => store.lanes[0]?.name ?? '';

/** By list, by tail of every lane, one by one; all of them must tell the same. */
async function toldBy(
  store: Store,
  register: string,
  entries: readonly Entry[],
  subject?: string,
): Promise<Told> {
  const of = { register, ...(subject !== undefined && { subject }) };
  const list = told((await store.list({ ...of, order: 'asc', ...PAGE })).entries);
  const newest = told((await store.list({ ...of, order: 'desc', ...PAGE })).entries);
  const tails: StoredEntry[] = [];
  for (const { name } of store.lanes)
    tails.push(...(await store.tail({ ...of, lane: name, after: 0, ...PAGE })).entries);
  const found: StoredEntry[] = [];
  for (const { id } of entries) {
    const one = await store.find(register, id, subject);
    if (one?.status === 'stored') found.push(one.entry);
  }
  assert.deepEqual(newest, list);
  assert.deepEqual(told(tails), list);
  assert.deepEqual(told(found), list);
  return list;
}

/** In a store of its region; the fill stands for the payload. */
async function write(
  store: Store,
  key: string,
  fields: { register: string; subject?: string; micros?: number; fill?: number },
) {
  const region = regionOf(store);
  const { fill = 1, micros = nowMicros(), ...rest } = fields;
  const entry = keyed(key, fill, { region, micros, ...rest });
  const next = createSource(`${region}-${entry.id}`);
  const { exceptions } = await store.append({ ...next([entry]), region });
  assert.deepEqual(exceptions, []);
  return entry;
}

describe('one key in two regions', { skip: !hasJava && 'DynamoDB Local needs Java' }, () => {
  let two: TwoRegions;
  let here: Store;
  let there: Store;

  before(async () => {
    two = await startTwoRegions(7);
    here = await two.regions[0].openStore({ logKeptMs: -2_000 });
    there = await two.regions[1].openStore();
    await two.replicator.settled();
    for (const store of [here, there]) await store.ledger({ from: 0, to: 1 }, 1);
  });
  after(() => two?.dispose());

  for (const subject of [undefined, 'alice']) {
    test(`both are kept; the smaller id is the original to all (${subject ?? 'anonymous'})`, async () => {
      const register = `same-${subject ?? 'open'}`;
      const of = { register, ...(subject !== undefined && { subject }) };
      for (const side of [0, 1] as const) two.replicator.cut(side);
      const first = await write(here, 'one-key-for-both', of);
      const copy = await write(there, 'one-key-for-both', { ...of, fill: 2 });
      const early = await write(there, 'another-key-for-both', of);
      const late = await write(here, 'another-key-for-both', of);
      const alone = await write(here, 'a-key-of-one-region', of);
      const all = [first, copy, early, late, alone];
      assert.deepEqual(await toldBy(here, register, all, subject), {
        [first.id]: undefined,
        [late.id]: undefined,
        [alone.id]: undefined,
      });
      // Nobody is told anything else on the way than that it is an original or a copy of the right one.
      const right: Told = {
        [first.id]: undefined,
        [copy.id]: first.id,
        [early.id]: undefined,
        [late.id]: early.id,
        [alone.id]: undefined,
      };
      for (let left = 1; left > 0;) {
        left = (await two.replicator.copySome(0, 2)) + (await two.replicator.copySome(1, 2));
        for (const store of [here, there]) {
          const { entries } = await store.list({ ...of, order: 'asc', ...PAGE });
          for (const { id, duplicateOf } of entries)
            assert.ok(duplicateOf === undefined || duplicateOf === right[id], `${id} ${duplicateOf}`);
        }
      }
      for (const side of [0, 1] as const) two.replicator.resume(side);
      for (const store of [here, there]) assert.deepEqual(await toldBy(store, register, all, subject), right);
    });
  }

  test('a key of another subject or register has nothing to do with it', async () => {
    const key = 'a-key-of-several';
    const first = await write(here, key, { register: 'several', subject: 'alice' });
    const other = await write(there, key, { register: 'several', subject: 'bob' });
    const elsewhere = await write(there, key, { register: 'elsewhere', subject: 'alice' });
    await two.replicator.settled();
    for (const store of [here, there]) {
      assert.deepEqual(await toldBy(store, 'several', [first, other]), {
        [first.id]: undefined,
        [other.id]: undefined,
      });
      assert.deepEqual(await toldBy(store, 'elsewhere', [elsewhere]), { [elsewhere.id]: undefined });
    }
  });

  test('a link to an entry that is itself a copy names the original', async () => {
    const [register, key] = ['linked', 'a-key-that-came-three-times'];
    const original = await write(here, key, { register });
    const copy = await write(there, key, { register });
    const region = regionOf(there);
    const link = keyed(key, 1, { register, region, micros: nowMicros() });
    const batch = { ...createSource('links')([link]), region };
    await there.persist([{ batch, part: false, leftOut: [] }]);
    await two.replicator.settled();
    for (const store of [here, there]) {
      const found = await store.find(register, link.id);
      assert.equal(found?.status, 'duplicate');
      assert.equal(found?.status === 'duplicate' && found.first.id, copy.id);
      assert.equal(found?.status === 'duplicate' && found.first.duplicateOf, original.id);
    }
  });

  test('when retention took the original, what is left is one', async () => {
    const [register, key] = ['aged', 'a-key-that-grew-old'];
    const old = await write(here, key, { register, micros: nowMicros() - 3 * DAY_MICROS });
    const young = await write(there, key, { register });
    await two.replicator.settled();
    assert.equal((await toldBy(there, register, [old, young]))[young.id], old.id);
    assert.equal(await here.expire({ register, before: nowMicros() - DAY_MICROS, limit: 10 }), 1);
    await two.replicator.settled();
    for (const store of [here, there])
      assert.deepEqual(await toldBy(store, register, [old, young]), { [young.id]: undefined });
  });
});
