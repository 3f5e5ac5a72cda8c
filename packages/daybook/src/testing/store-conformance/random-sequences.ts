/**
 * Random sequences of everything that writes, compared with a model: appends, deliveries whole and in parts, again and
 * out of order, replays and discards. Each sequence has registers, keys and sources of its own in one store.
 */
import assert from 'node:assert/strict';

import fc from 'fast-check';

import type { Entry } from '../../entry.ts';
import type { Batch } from '../../envelope.ts';
import type { AcknowledgedBatch, LeftOut, Store } from '../../store/store.ts';
import { createSource, keyed, makeEntry } from '../made-batches.ts';
import type { Model } from './model.ts';
import { createModel } from './model.ts';
import { asRead, ledgerOf, tailAll, totalsOf, withoutPosition } from './observed.ts';
import type { Check } from './opened-store.ts';
import { partOf } from './persist.ts';

const RUNS = 40;
const MAX_STEPS = 30;

/** How an entry of a delivery fares before it reaches the store. */
const fate = fc.constantFrom(undefined, undefined, undefined, 'dead' as const, 'retrying' as const);
const number = fc.nat(1000);

const step = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), which: number }),
  fc.record({
    kind: fc.constant('persist' as const),
    deliveries: fc.array(
      fc.record({ which: number, part: fc.option(number, { nil: undefined }), fates: fc.array(fate) }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  fc.record({ kind: fc.constant('replay' as const), which: number }),
  fc.record({ kind: fc.constant('discard' as const), which: number }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface World {
  readonly register: string;
  readonly entries: readonly Entry[];
  /** Batches of an intake without a queue, and of one with a queue; some entries are in both. */
  readonly appended: readonly Batch[];
  readonly queued: readonly Batch[];
}

let worlds = 0;

function createWorld(): World {
  worlds += 1;
  const register = `random-${worlds}`;
  const plain = () => makeEntry({ register });
  const contested = (key: number, fill: number) =>
    keyed(`key-${key}-of-twenty-characters`, fill, { register });
  const direct = [[plain(), contested(0, 0)], [contested(1, 0), contested(1, 0), plain()], [contested(2, 1)]];
  const shared = direct[1]?.[0] as Entry;
  const queued = [
    [plain(), plain(), contested(0, 0)],
    [contested(0, 1), contested(2, 1), plain()],
    [shared, contested(1, 1), plain(), plain()],
    [contested(2, 0), contested(2, 0)],
    [plain()],
  ];
  const [nextDirect, nextQueued] = [createSource(`direct-${worlds}`), createSource(`queued-${worlds}`)];
  return {
    register,
    entries: [...new Set([...direct.flat(), ...queued.flat()])],
    appended: direct.map((entries) => nextDirect(entries)),
    queued: queued.map((entries) => nextQueued(entries)),
  };
}

function pick<T>(from: readonly T[], which: number): T {
  return from[which % from.length] as T;
}

function deliveryOf(
  { queued }: World,
  {
    which,
    part,
    fates,
  }: { which: number; part: number | undefined; fates: readonly (LeftOut['as'] | undefined)[] },
): AcknowledgedBatch {
  const batch = pick(queued, which);
  const places = [...batch.entries.keys()].filter((index) => part === undefined || (part >> index) % 2 === 1);
  const leftOut = places.flatMap((_, index) => {
    const as = fates[index];
    return as === undefined ? [] : [{ index, as }];
  });
  return part === undefined ? { batch, part: false, leftOut } : partOf(batch, places, leftOut);
}

async function take(store: Store, model: Model, world: World, taken: Step): Promise<void> {
  if (taken.kind === 'append') {
    const batch = pick(world.appended, taken.which);
    const { exceptions } = await store.append(batch);
    assert.deepEqual(exceptions, model.append(batch));
  } else if (taken.kind === 'persist') {
    const deliveries = taken.deliveries
      .map((one) => deliveryOf(world, one))
      .filter(({ batch }) => batch.entries.length > 0);
    const results = await store.persist(deliveries);
    assert.deepEqual(
      results,
      deliveries.map((delivery) => ({ exceptions: model.persist(delivery) })),
    );
  } else if (taken.kind === 'replay') {
    const entry = pick(world.entries, taken.which);
    const expected = model.replay(entry);
    if (expected === 'rejected') await assert.rejects(store.replay(entry), { reason: 'rejected' });
    else assert.equal(await store.replay(entry), expected);
  } else {
    const entry = pick(world.entries, taken.which);
    assert.equal(await store.discard(entry), model.discard(entry));
  }
}

async function compare(store: Store, model: Model, { register, entries }: World): Promise<void> {
  const rows = await ledgerOf(store, register);
  for (const row of rows) assert.ok(row.retrying >= 0 && row.dead >= 0, JSON.stringify(row));
  assert.deepEqual(totalsOf(rows), model.totals());
  for (const entry of entries) {
    const [found, place] = [await store.find(register, entry.id), model.placeOf(entry)];
    assert.equal(found?.status, place?.status === 'retrying' ? undefined : place?.status);
    if (found?.status === 'stored') assert.deepEqual(withoutPosition(found.entry), asRead(entry));
    if (found?.status === 'duplicate') assert.equal(found.first.id, place?.firstId);
  }
  const tail = await tailAll(store, register);
  assert.equal(tail.length, model.order.length);
  for (const { name: lane } of store.lanes) {
    const inLane = tail.filter(({ position }) => position.lane === lane);
    const ids = inLane.map(({ id }) => id);
    assert.deepEqual(
      ids,
      model.order.filter((id) => ids.includes(id)),
      'the order of first appearance',
    );
    const numbers = inLane.map(({ position }) => position.number);
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].toSorted((a, b) => a - b),
    );
  }
}

export function testRandomSequences(check: Check, seed: number): void {
  check(`random sequences leave every entry in one place, seed ${seed}`, async ({ store }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: MAX_STEPS }), async (steps) => {
        const [world, model] = [createWorld(), createModel()];
        for (const taken of steps) await take(store, model, world, taken);
        await compare(store, model, world);
      }),
      { seed, numRuns: RUNS },
    );
  });
}
