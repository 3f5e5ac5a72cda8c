/** When what expires: rounds of retention over a real SQLite store, with time that the tests turn by hand. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { parseConfig } from '../../src/config/load.ts';
import { DAY_MICROS } from './aged.ts';
import type { Retention } from '../../src/retention/retention.ts';
import { startRetention } from '../../src/retention/retention.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Entry } from '../../src/entry.ts';
import type { Store } from '../../src/store/store.ts';
import { StoreError } from '../../src/store/store.ts';
import { BASE_MICROS, createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { totals } from '../../src/testing/store-conformance/observed.ts';

const EVERY_MS = 60_000;
const ALL = { order: 'asc', limit: 1_000_000, maxBytes: 1e12 } as const;

interface World {
  readonly store: Store;
  /** Every call of `expire`, as it came. */
  readonly calls: { register: string; before: number; limit: number }[];
  readonly expired: [string, number][];
  readonly failures: [string, string][];
  readonly retention: Retention;
  /** Resolves when retention has begun its next sleep, with how long it is. */
  asleep(): Promise<number>;
  /** Lets the sleep end that is under way, after so much time. */
  pass(ms: number): void;
  idsOf(register: string): Promise<string[]>;
}

interface Settings {
  readonly days: Readonly<Record<string, number | undefined>>;
  /** Stored before it begins. */
  readonly entries: readonly Entry[];
  /** Instead of the store's own. */
  readonly expire?: (store: Store, query: World['calls'][number]) => Promise<number>;
}

/** It begins at `BASE_MICROS`. */
async function withRetention({ days, entries, expire }: Settings, use: (world: World) => Promise<void>) {
  const directory = await mkdtemp(join(tmpdir(), 'daybook-retention-'));
  const store = await createSqliteStore({ directory });
  if (entries.length > 0) await store.append(createSource('s')(entries));
  const { registers } = parseConfig({
    registers: Object.fromEntries(
      Object.entries(days).map(([name, retentionDays]) => [
        name,
        { access: 'open' as const, ...(retentionDays !== undefined && { retentionDays }) },
      ]),
    ),
  });
  let elapsedMs = 0;
  let sleeping = Promise.withResolvers<number>();
  let wake: (() => void) | undefined;
  const world = {
    calls: [] as World['calls'],
    expired: [] as World['expired'],
    failures: [] as World['failures'],
  };
  const retention = startRetention({
    store: {
      async expire(query) {
        world.calls.push(query);
        // Each takes as long as it says, whatever the machine does.
        elapsedMs += 5;
        return expire === undefined ? store.expire(query) : expire(store, query);
      },
    },
    registers,
    nowMicros: () => BASE_MICROS + elapsedMs * 1000,
    nowMs: () => elapsedMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        wake = resolve;
        if (signal?.aborted === true) return resolve();
        signal?.addEventListener('abort', () => resolve(), { once: true });
        sleeping.resolve(ms);
      }),
    everyMs: EVERY_MS,
    onExpired: (register, entries) => world.expired.push([register, entries]),
    onFailure: (register, { message }) => world.failures.push([register, message]),
  });
  try {
    await use({
      ...world,
      store,
      retention,
      async asleep() {
        const ms = await sleeping.promise;
        sleeping = Promise.withResolvers();
        return ms;
      },
      pass(ms) {
        elapsedMs += ms;
        wake?.();
      },
      async idsOf(register) {
        return (await store.list({ register, ...ALL })).entries.map(({ id }) => id);
      },
    });
  } finally {
    await retention.close();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Sleeps between a few and a few, until the one between two rounds. @returns how long each was. */
async function untilRoundEnds({ asleep, pass }: World): Promise<number[]> {
  const pauses: number[] = [];
  for (;;) {
    const ms = await asleep();
    if (ms === EVERY_MS) return pauses;
    pauses.push(ms);
    pass(ms);
  }
}

/** Entries of a register with stamps so many days before the beginning, a microsecond apart. */
const aged = (register: string, days: number, count: number) =>
  Array.from({ length: count }, (_, index) =>
    makeEntry({ register, micros: BASE_MICROS - days * DAY_MICROS + index }),
  );

test('what is due goes and nothing else, in every register by its own days', async () => {
  const [aOld, aYoung] = [aged('a', 31, 7), aged('a', 29, 5)];
  const [bOld, bYoung] = [aged('b', 3, 4), aged('b', 1, 6)];
  const kept = aged('c', 10_000, 3);
  const entries = [...aYoung, ...bOld, ...kept, ...aOld, ...bYoung];
  await withRetention({ days: { a: 30, b: 2, c: undefined }, entries }, async (world) => {
    await untilRoundEnds(world);
    assert.deepEqual(
      await world.idsOf('a'),
      aYoung.map(({ id }) => id),
    );
    assert.deepEqual(
      await world.idsOf('b'),
      bYoung.map(({ id }) => id),
    );
    assert.deepEqual(
      await world.idsOf('c'),
      kept.map(({ id }) => id),
    );
    assert.deepEqual(world.expired, [
      ['a', 7],
      ['b', 4],
    ]);
    assert.ok(world.calls.every(({ register }) => register !== 'c'));
    assert.deepEqual(await totals(world.store), { accepted: 25, stored: 14, expired: 11 });
  });
});

test('an entry expires when it is as old as its register keeps them, not a microsecond earlier', async () => {
  // The time that the first look takes is in it.
  const [due, notYet] = [-1, 0].map((micros) =>
    makeEntry({ register: 'a', micros: BASE_MICROS - DAY_MICROS + micros }),
  );
  const entries = [due, notYet].flatMap((entry) => entry ?? []);
  await withRetention({ days: { a: 1 }, entries }, async (world) => {
    await untilRoundEnds(world);
    assert.deepEqual(await world.idsOf('a'), [notYet?.id]);
    world.pass(EVERY_MS);
    await untilRoundEnds(world);
    assert.deepEqual(await world.idsOf('a'), []);
    assert.deepEqual(world.expired, [
      ['a', 1],
      ['a', 1],
    ]);
  });
});

test('many go a few at a time, with pauses longer than the few took', async () => {
  const entries = aged('a', 2, 2_345);
  await withRetention({ days: { a: 1 }, entries }, async (world) => {
    const pauses = await untilRoundEnds(world);
    const { limit } = world.calls[0] ?? { limit: 0 };
    assert.ok(limit > 0 && limit < 1_000, `${limit} at a time`);
    assert.equal(world.calls.length, Math.floor(entries.length / limit) + 1);
    assert.equal(pauses.length, world.calls.length - 1);
    assert.ok(
      pauses.every((ms) => ms > 5),
      pauses.join(' '),
    );
    assert.deepEqual(world.expired, [['a', 2_345]]);
  });
});

/** As many as were asked for, whenever: more come due than go. */
const alwaysMore = async (store: Store, query: World['calls'][number]) =>
  query.register === 'a' ? query.limit : store.expire(query);

test('registers take turns: one of which more comes due than can go holds up no other', async () => {
  const entries = aged('b', 2, 3);
  await withRetention({ days: { a: 1, b: 1 }, entries, expire: alwaysMore }, async (world) => {
    world.pass(await world.asleep());
    await world.asleep();
    assert.deepEqual(await world.idsOf('b'), []);
    await world.retention.close();
    assert.deepEqual(
      world.expired.map(([register]) => register),
      ['a', 'b'],
    );
  });
});

test('a failure is told, what went before it is told as well, and the next round goes on', async () => {
  const entries = [...aged('a', 2, 1_500), ...aged('b', 2, 3)];
  let callsOfA = 0;
  const expire = async (store: Store, query: World['calls'][number]) => {
    if (query.register === 'a') callsOfA += 1;
    if (callsOfA === 3) {
      callsOfA += 1;
      throw new StoreError('unavailable', 'unknown', 'away');
    }
    return store.expire(query);
  };
  await withRetention({ days: { a: 1, b: 1 }, entries, expire }, async (world) => {
    await untilRoundEnds(world);
    const gone = 2 * (world.calls[0]?.limit ?? 0);
    assert.deepEqual(world.failures, [['a', 'away']]);
    assert.deepEqual(world.expired, [
      ['a', gone],
      ['b', 3],
    ]);
    world.pass(EVERY_MS);
    await untilRoundEnds(world);
    assert.equal(world.failures.length, 1);
    assert.deepEqual(world.expired[2], ['a', 1_500 - gone]);
  });
});

test('it stops at once: during a pause nothing more goes, and a few under way are finished', async () => {
  const entries = aged('a', 2, 2_000);
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let calls = 0;
  const expire = async (store: Store, query: World['calls'][number]) => {
    calls += 1;
    if (calls === 2) {
      begun.resolve();
      await goOn.promise;
    }
    return store.expire(query);
  };
  await withRetention({ days: { a: 1 }, entries, expire }, async (world) => {
    world.pass(await world.asleep());
    await begun.promise;
    let closed = false;
    const closing = world.retention.close().then(() => (closed = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(closed, false, 'what is under way is waited for');
    goOn.resolve();
    await closing;
    const limit = world.calls[0]?.limit ?? 0;
    assert.equal(world.calls.length, 2);
    assert.equal((await world.idsOf('a')).length, 2_000 - 2 * limit);
    assert.deepEqual(world.expired, [['a', 2 * limit]]);
    await world.retention.close();
  });
});

test('without a register that expires nothing is asked, and it closes', async () => {
  await withRetention({ days: { a: undefined }, entries: [] }, async (world) => {
    await world.retention.close();
    assert.deepEqual(world.calls, []);
  });
});
