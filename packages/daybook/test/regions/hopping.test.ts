/**
 * Tails of two regions that both are written to: whoever follows, in one region or from one to the other with one cursor,
 * is given every entry exactly once, however late and in whatever order items come.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Entry } from '../../src/entry.ts';
import type { Store } from '../../src/store/store.ts';
import type { Follower } from '../../src/tail/follow.ts';
import { createTail } from '../../src/tail/follow.ts';
import { createSignal } from '../../src/tail/signal.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { createChance } from '../../src/testing/simulated-time.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import type { TwoRegions } from './two-regions.ts';
import { startTwoRegions } from './two-regions.ts';

const SEED = 61_120;
const nowMicros = (): number => Date.now() * 1000;

const follow = (store: Store, register: string, from: string, subject?: string): Promise<Follower> =>
  createTail({ store, stored: createSignal(), nowMicros, nowMs: () => performance.now() }).follow({
    register,
    from,
    ...(subject !== undefined && { subject }),
  });

/** What is there now, an entry at a time as a client that may leave after each. */
async function take(follower: Follower, most: number): Promise<{ ids: string[]; cursor: string }> {
  const ids: string[] = [];
  let { cursor } = follower;
  while (ids.length < most) {
    const { entries, cursor: behind } = await follower.next(0);
    if (entries.length === 0) break;
    const taken = entries.slice(0, most - ids.length);
    ids.push(...taken.map(({ id }) => id));
    cursor = taken.length < entries.length ? follower.cursorAt(taken.at(-1) as (typeof taken)[0]) : behind;
  }
  return { ids, cursor };
}

function writerOf(store: Store, register: string, chance: () => number) {
  const region = store.lanes[0]?.name ?? '';
  const next = createSource(`${register}-${region}`);
  return async (): Promise<Entry[]> => {
    const entries = Array.from({ length: 1 + Math.floor(chance() * 4) }, () =>
      makeEntry({ register, region, subject: 'alice', micros: nowMicros() }),
    );
    await store.append({ ...next(entries), region });
    return entries;
  };
}

describe('tails in two regions', { skip: !hasJava && 'DynamoDB Local needs Java' }, () => {
  let two: TwoRegions;
  let stores: readonly [Store, Store];

  before(async () => {
    two = await startTwoRegions(SEED);
    stores = [await two.regions[0].openStore(), await two.regions[1].openStore()];
  });
  after(() => two?.dispose());

  for (const subject of [undefined, 'alice']) {
    const kind = subject === undefined ? 'everything' : "a subject's own";

    test(`a client that goes from region to region with one cursor sees ${kind} once`, async () => {
      const register = subject === undefined ? 'hop' : 'hop-own';
      const chance = createChance(SEED + 1);
      const write = stores.map((store) => writerOf(store, register, chance));
      const written: string[] = [];
      const seen: string[] = [];
      let cursor = 'start';
      let hops = 0;
      for (const side of [0, 1] as const) two.replicator.cut(side);

      async function hop(): Promise<number> {
        const follower = await follow(stores[chance() < 0.5 ? 0 : 1], register, cursor, subject);
        const { ids, cursor: next } = await take(follower, 1 + Math.floor(chance() * 6));
        seen.push(...ids);
        cursor = next;
        hops += 1;
        return ids.length;
      }

      for (let round = 0; round < 20; round += 1) {
        for (const one of write) written.push(...(await one()).map(({ id }) => id));
        for (const side of [0, 1] as const) await two.replicator.copySome(side, Math.floor(chance() * 25));
        await hop();
      }
      for (const side of [0, 1] as const) two.replicator.resume(side);
      await two.replicator.settled();
      for (let idle = 0; idle < 8;) idle = (await hop()) === 0 ? idle + 1 : 0;
      assert.equal(new Set(seen).size, seen.length, 'none twice');
      assert.deepEqual(seen.toSorted(), written.toSorted());
      assert.ok(hops > 20);
    });

    test(`a region that has not seen the lane of another yet goes on with its cursor, ${kind} once`, async () => {
      const register = subject === undefined ? 'new-lane' : 'new-lane-own';
      const pair = await two.another(SEED + 2);
      for (const side of [0, 1] as const) pair.replicator.cut(side);
      const [first, second] = [await pair.regions[0].openStore(), await pair.regions[1].openStore()];
      const chance = createChance(SEED + 3);
      const writeFirst = writerOf(first, register, chance);
      const written = [...(await writeFirst()), ...(await writeFirst())];
      written.push(...(await writerOf(second, register, chance)()));
      // What the second region writes comes to the first; not yet the other way.
      pair.replicator.resume(1);
      await pair.replicator.settled();
      await first.ledger({ from: 0, to: 1 }, 1);
      const begun = await take(await follow(first, register, 'start', subject), 6);
      const seen = [...begun.ids];
      assert.ok(seen.length > 0);
      const there = await follow(second, register, begun.cursor, subject);
      seen.push(...(await take(there, 100)).ids);
      pair.replicator.resume(0);
      await pair.replicator.settled();
      // Whatever the store is asked for, the new lane is seen with it.
      await second.ledger({ from: 0, to: 1 }, 1);
      written.push(...(await writeFirst()));
      await pair.replicator.settled();
      seen.push(...(await take(there, 100)).ids);
      assert.equal(new Set(seen).size, seen.length, 'none twice');
      assert.deepEqual(seen.toSorted(), written.map(({ id }) => id).toSorted());
    });
  }
});
