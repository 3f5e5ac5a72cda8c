/**
 * What the store of one region sees of another while items come one by one, in any order: never an item that both write,
 * never a tail that passes over what comes later, lists and ledgers that are whole in the end.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Entry } from '../../src/entry.ts';
import type { Store } from '../../src/store/store.ts';
import { createSource, keyed, makeEntry } from '../../src/testing/made-batches.ts';
import { createChance } from '../../src/testing/simulated-time.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import { itemName } from '../../src/store/dynamodb/keys.ts';
import type { WireItem } from './table-stream.ts';
import { keyOfWire } from './table-stream.ts';
import type { TwoRegions } from './two-regions.ts';
import { startTwoRegions } from './two-regions.ts';

const DAY_MICROS = 86_400_000_000;
const PAGE = { limit: 1_000, maxBytes: 10_000_000 } as const;
const SEED = 20_261;

const idsOf = (entries: readonly Pick<Entry, 'id'>[]): string[] => entries.map(({ id }) => id);
const nowMicros = (): number => Date.now() * 1000;

async function listed(store: Store, register: string, subject?: string): Promise<string[]> {
  const of = { register, ...(subject !== undefined && { subject }) };
  return idsOf((await store.list({ ...of, order: 'asc', ...PAGE })).entries);
}

async function tailed(store: Store, lane: string, register: string, subject?: string): Promise<string[]> {
  const query = { register, lane, after: 0, ...PAGE, ...(subject !== undefined && { subject }) };
  return idsOf((await store.tail(query)).entries);
}

const laneOf = (store: Store): string => store.lanes[0]?.name ?? '';

/** As this region stamps them, now or days ago. */
function entriesOf(
  store: Store,
  register: string,
  count: number,
  { daysAgo = 0, subject = () => '' }: { daysAgo?: number; subject?: (index: number) => string } = {},
): Entry[] {
  const micros = nowMicros() - daysAgo * DAY_MICROS;
  return Array.from({ length: count }, (_, index) =>
    makeEntry({ register, region: laneOf(store), subject: subject(index), micros: micros + index }),
  );
}

function sourceOf(store: Store, name: string) {
  const next = createSource(name);
  return (entries: readonly Entry[]) => ({ ...next(entries), region: laneOf(store) });
}

const refusal = (thrown: unknown): string => (thrown as Error).message;
const subject = (index: number): string => (index % 2 === 0 ? 'alice' : '');

describe('two regions of one table', { skip: !hasJava && 'DynamoDB Local needs Java' }, () => {
  let two: TwoRegions;
  let here: Store;
  let there: Store;

  before(async () => {
    two = await startTwoRegions(SEED);
    const [first, second] = two.regions;
    here = await first.openStore({ logKeptMs: -2_000 });
    there = await second.openStore({ logKeptMs: -2_000 });
    await two.replicator.settled();
    // A lane that another region opened is seen with the next ledger.
    for (const store of [here, there]) await store.ledger({ from: 0, to: 1 }, 1);
  });
  after(() => two?.dispose());

  test('each region sees the lane of the other, its own first', () => {
    assert.deepEqual(
      here.lanes.map(({ name }) => name),
      ['eu-west-1', 'us-east-1'],
    );
    assert.deepEqual(
      there.lanes.map(({ name }) => name),
      ['us-east-1', 'eu-west-1'],
    );
  });

  test('no item is ever written by two regions, whatever either does', async () => {
    const { replicator } = two;
    const chance = createChance(SEED + 1);
    const step = async () => {
      for (const side of [0, 1] as const) await replicator.copySome(side, Math.floor(chance() * 12));
    };
    for (const side of [0, 1] as const) replicator.cut(side);
    const register = 'everything';
    for (const store of [here, there]) {
      const region = laneOf(store);
      const next = sourceOf(store, 'everything');
      await store.append(next([keyed('the-same-key', 1, { register, region, micros: nowMicros() })]));
      await store.append(next(entriesOf(store, register, 5, { subject: () => 'alice' })));
      await step();
      const lost = next(entriesOf(store, register, 2));
      const later = next(entriesOf(store, register, 2));
      await store.persist([{ batch: later, part: false, leftOut: [{ index: 0, as: 'dead' }] }]);
      await step();
      assert.equal((await store.missingBatches()).length, 1, region);
      await store.replay(later.entries[0] as Entry);
      await store.persist([{ batch: lost, part: false, leftOut: [{ index: 1, as: 'dead' }] }]);
      const { id } = lost.entries[1] as Entry;
      await store.discard({ id, register, region });
      await store.vouch({ voucher: 'v', region, through: 1, binding: false });
      await store.probe();
      await step();
    }
    for (let left = 1; left > 0;) {
      await step();
      left = (await replicator.copySome(0, 3)) + (await replicator.copySome(1, 3));
      for (const store of [here, there]) {
        await store.missingBatches();
        await store.vouchedThrough();
        await store.expire({ register: 'everything', before: nowMicros() - DAY_MICROS, limit: 100 });
      }
    }
    for (const side of [0, 1] as const) replicator.resume(side);
    await replicator.settled();
    assert.deepEqual([...replicator.conflicts], []);
  });

  test('two regions of one name stop as soon as they hear of each other', async () => {
    const pair = await two.another(SEED + 4);
    for (const side of [0, 1] as const) pair.replicator.cut(side);
    const [first, second] = [
      await pair.regions[0].openStore({ region: 'same' }),
      await pair.regions[1].openStore({ region: 'same' }),
    ];
    for (const side of [0, 1] as const) pair.replicator.resume(side);
    await pair.replicator.settled();
    const refusals = await Promise.all(
      [first, second].map(async (store) => {
        await store.ledger({ from: 0, to: 1 }, 1);
        const entry = makeEntry({ register: 'same' });
        const probed = await store.probe().then(() => undefined, refusal);
        const appended = await store.append(createSource('same')([entry])).then(() => undefined, refusal);
        assert.equal(appended, probed);
        return probed;
      }),
    );
    // The one whose word came last goes on.
    const [told, ...others] = refusals.filter((refusal) => refusal !== undefined);
    assert.match(told ?? '', /the region same is written in .* as well/);
    assert.deepEqual(others, []);
    await pair.dispose();
  });

  test('what became of an entry is known in the other region, and a dead one is replayed by one of them', async () => {
    const register = 'fates';
    const next = sourceOf(here, register);
    const batch = next(entriesOf(here, register, 4));
    const leftOut = [0, 1, 2].map((index) => ({ index, as: 'dead' as const }));
    await here.persist([{ batch, part: false, leftOut }]);
    const [replayed, discarded, elsewhere, stored] = batch.entries as [Entry, Entry, Entry, Entry];
    await two.replicator.settled();
    const fates = async (store: Store) =>
      Promise.all(batch.entries.map(async ({ id }) => (await store.find(register, id))?.status));
    assert.deepEqual(await fates(there), ['dead', 'dead', 'dead', 'stored']);
    assert.equal(await here.replay(replayed), 'stored');
    assert.ok(await here.discard({ id: discarded.id, register, region: laneOf(here) }));
    assert.equal(await there.replay(elsewhere), 'stored');
    await two.replicator.settled();
    for (const store of [here, there]) {
      assert.equal(await store.replay(elsewhere), 'stored');
      assert.deepEqual(await fates(store), ['stored', 'discarded', 'stored', 'stored']);
    }
    await two.replicator.settled();
    const expected = idsOf([replayed, elsewhere, stored]).toSorted();
    for (const store of [here, there]) {
      assert.deepEqual(await listed(store, register), expected);
      const tails = await Promise.all(store.lanes.map(({ name }) => tailed(store, name, register)));
      assert.deepEqual(tails.flat().toSorted(), expected);
    }
  });

  test('a tail of the other region gives what came, in its order, and waits where something is missing', async () => {
    const { replicator } = two;
    const chance = createChance(SEED + 2);
    const register = 'tailed';
    const next = sourceOf(here, 'tailed');
    replicator.cut(0);
    const before = await tailed(here, 'eu-west-1', register);
    assert.deepEqual(before, []);
    for (let batches = 0; batches < 25; batches += 1) {
      const owner = batches % 3 === 0 ? 'alice' : '';
      const size = 1 + Math.floor(chance() * 6);
      await here.append(next(entriesOf(here, register, size, { subject: () => owner })));
    }
    const all = await tailed(here, 'eu-west-1', register);
    const own = await tailed(here, 'eu-west-1', register, 'alice');
    let seen: string[] = [];
    let steps = 0;
    for (let left = 1; left > 0; steps += 1) {
      left = await replicator.copySome(0, 1 + Math.floor(chance() * 8));
      const [whole, ofAlice] = [
        await tailed(there, 'eu-west-1', register),
        await tailed(there, 'eu-west-1', register, 'alice'),
      ];
      assert.deepEqual(whole, all.slice(0, whole.length), `step ${steps}`);
      assert.deepEqual(ofAlice, own.slice(0, ofAlice.length), `step ${steps}`);
      assert.ok(whole.length >= seen.length, `step ${steps}: ${whole.length} after ${seen.length}`);
      seen = whole;
      // Nothing is listed that is not there, and none twice.
      const list = await listed(there, register);
      assert.equal(new Set(list).size, list.length);
      assert.ok(list.every((id) => all.includes(id)));
    }
    assert.deepEqual(seen, all);
    assert.deepEqual(await listed(there, register), await listed(here, register));
    assert.deepEqual(await listed(there, register, 'alice'), await listed(here, register, 'alice'));
    replicator.resume(0);
  });

  test('retention takes the entries of its own lane only; the other region is never stopped by it', async () => {
    const { replicator } = two;
    const chance = createChance(SEED + 3);
    const register = 'expiring';
    const aged = entriesOf(here, register, 40, { daysAgo: 3, subject });
    const agedThere = entriesOf(there, register, 5, { daysAgo: 3 });
    const ofHere = entriesOf(here, register, 40, { subject });
    const ofThere = entriesOf(there, register, 3);
    const [nextHere, nextThere] = [sourceOf(here, 'expiring'), sourceOf(there, 'expiring')];
    for (const one of [aged.slice(0, 15), aged.slice(15), ofHere.slice(0, 10), ofHere.slice(10)])
      await here.append(nextHere(one));
    await there.append(nextThere([...agedThere, ...ofThere]));
    await replicator.settled();
    replicator.cut(0);
    const due = { register, before: nowMicros() - DAY_MICROS, limit: 1_000 };
    assert.equal(await here.expire(due), aged.length, 'its own');
    const young = await tailed(here, 'eu-west-1', register);
    assert.deepEqual(young, idsOf(ofHere));
    for (let left = 1; left > 0;) {
      left = await replicator.copySome(0, 1 + Math.floor(chance() * 9));
      const whole = await tailed(there, 'eu-west-1', register);
      // What is deleted here may be there still, or not; what is young comes behind all of it.
      const rest = whole.filter((id) => !young.includes(id));
      assert.deepEqual(
        rest,
        idsOf(aged).filter((id) => rest.includes(id)),
      );
      assert.deepEqual([...rest, ...young.slice(0, whole.length - rest.length)], whole);
    }
    assert.deepEqual(await tailed(there, 'eu-west-1', register), young);
    assert.deepEqual(
      await tailed(there, 'eu-west-1', register, 'alice'),
      await tailed(here, 'eu-west-1', register, 'alice'),
    );
    assert.equal(await there.expire(due), agedThere.length, 'its own');
    replicator.resume(0);
    await replicator.settled();
    for (const store of [here, there]) {
      assert.deepEqual((await listed(store, register)).toSorted(), idsOf([...ofHere, ...ofThere]).toSorted());
    }
  });

  test('in the end both replicas hold the same, every key names the region that wrote it, and the ledgers balance', async () => {
    const { replicator, regions } = two;
    await replicator.settled();
    const [one, other] = await Promise.all(regions.map(async (region) => namesOf(await region.scan())));
    assert.ok(one !== undefined && other !== undefined && one.size > 0);
    const differing = [...new Set([...one.keys(), ...other.keys()])].filter(
      (name) => one.get(name) !== other.get(name),
    );
    assert.deepEqual(differing, []);
    for (const item of await regions[0].scan()) assert.ok(two.writerOf(item));
    assert.deepEqual([...replicator.conflicts], []);
    for (const store of [here, there]) {
      const rows = await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }, 10_000);
      assert.ok(rows.length > 0);
      for (const { accepted, stored, duplicate, dead, discarded, expired, retrying } of rows)
        assert.equal(accepted, stored + duplicate + dead + discarded + expired + retrying);
    }
  });
});

/** Each item as text, whatever the order of its attributes. */
function namesOf(items: readonly WireItem[]): Map<string, string> {
  return new Map(
    items.map((item) => {
      const attributes = Object.entries(item).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
      return [itemName(keyOfWire(item)), attributes.toSorted().join(' ')];
    }),
  );
}
