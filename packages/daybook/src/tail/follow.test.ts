import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { StoredEntry } from '../entry.ts';
import type { TailPage, TailQuery } from '../store/store.ts';
import { DaybookError } from '../errors.ts';
import { encodeTailCursor } from './cursor.ts';
import { createTail } from './follow.ts';
import { createSignal } from './signal.ts';

const LANE = 'main';

/** A store that answers a read with what was there when the read began, and only when it is told to. */
function createHeldStore() {
  const entries: StoredEntry[] = [];
  const held: { query: TailQuery; release: () => void }[] = [];
  let reads = 0;
  return {
    lanes: [{ name: LANE, epoch: 'e' }],
    head: async () => entries.length,
    find: async () => undefined,
    list: async () => ({ entries: [], more: false }),
    tail(query: TailQuery): Promise<TailPage> {
      reads += 1;
      const found = entries.filter(({ position }) => position.number > query.after);
      const page = { entries: found, through: entries.length, expiredThrough: 0 };
      return new Promise((resolve) => held.push({ query, release: () => resolve(page) }));
    },
    append() {
      const number = entries.length + 1;
      const id = `id-${number}`;
      entries.push({
        id,
        register: 'app',
        subject: '',
        requestId: 'r',
        protocol: 'http',
        region: 'local',
        position: { lane: LANE, number },
      });
      return id;
    },
    get reads() {
      return reads;
    },
    /** Answers every read that has begun. */
    release() {
      for (const { release } of held.splice(0)) release();
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function createFixture() {
  const store = createHeldStore();
  const stored = createSignal();
  let ms = 0;
  const tail = createTail({ store, stored, nowMicros: () => 0, nowMs: () => ms });
  return { store, stored, tail, pass: (elapsedMs: number) => void (ms += elapsedMs) };
}

test('followers at the same place share one read', async () => {
  const { store, tail } = createFixture();
  store.append();
  const followers = await Promise.all(
    Array.from({ length: 10 }, () => tail.follow({ register: 'app', from: 'start' })),
  );
  const followed = Promise.all(followers.map((follower) => follower.next(1000)));
  await turn();
  assert.equal(store.reads, 1);
  store.release();
  for (const { entries } of await followed)
    assert.deepEqual(
      entries.map(({ id }) => id),
      ['id-1'],
    );
});

test('followers of other registers or at other places do not', async () => {
  const { store, tail } = createFixture();
  store.append();
  const starts = [
    { register: 'app', from: 'start' },
    { register: 'app', from: 'now' },
    { register: 'epoch', from: 'start' },
  ] as const;
  const gone = new AbortController();
  const followers = await Promise.all(starts.map((start) => tail.follow(start)));
  const followed = followers.map((follower) => follower.next(1000, gone.signal));
  await turn();
  assert.equal(store.reads, 3);
  gone.abort();
  store.release();
  await Promise.all(followed);
});

test('a read that began before the bell rang is not shared by those who heard it', async () => {
  const { store, stored, tail } = createFixture();
  const first = await tail.follow({ register: 'app', from: 'start' });
  const second = await tail.follow({ register: 'app', from: 'start' });
  const early = first.next(60_000);
  await turn();
  const id = store.append();
  stored.ring();
  const late = second.next(60_000);
  await turn();
  assert.equal(store.reads, 2);
  store.release();
  await turn();
  store.release(); // The early one found nothing, and looked again because the bell had rung.
  assert.deepEqual(
    (await late).entries.map((entry) => entry.id),
    [id],
  );
  assert.deepEqual(
    (await early).entries.map((entry) => entry.id),
    [id],
  );
});

test('an entry that comes while a follower looks is not slept over', async () => {
  const { store, stored, tail } = createFixture();
  const follower = await tail.follow({ register: 'app', from: 'now' });
  const next = follower.next(60_000);
  await turn();
  store.append();
  stored.ring();
  store.release();
  await turn();
  store.release();
  assert.equal((await next).entries.length, 1);
});

test('a follower that waits in vain keeps its place', async () => {
  const { store, stored, tail } = createFixture();
  const follower = await tail.follow({ register: 'app', from: 'now' });
  const before = follower.cursor;
  const next = follower.next(0);
  await turn();
  store.release();
  assert.deepEqual(await next, { entries: [], cursor: before });
  assert.equal(stored.waiting, 0);
});

test('a read that fails fails every follower that shares it, and the next one begins anew', async () => {
  const stored = createSignal();
  let reads = 0;
  const store = {
    ...createHeldStore(),
    tail: () => {
      reads += 1;
      return reads === 1
        ? Promise.reject(new Error('gone'))
        : Promise.resolve({ entries: [], through: 0, expiredThrough: 0 });
    },
  };
  const tail = createTail({ store, stored, nowMicros: () => 0, nowMs: () => 0 });
  const [one, two] = await Promise.all([0, 1].map(() => tail.follow({ register: 'app', from: 'start' })));
  const failed = await Promise.allSettled([one?.next(0), two?.next(0)]);
  assert.deepEqual(
    failed.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.deepEqual((await one?.next(0))?.entries, []);
  assert.equal(reads, 2);
});

test('a tail from the start goes on beside retention, and one that it has overtaken is told once and misses nothing that is left', async () => {
  const entries = Array.from({ length: 4 }, (_, index) => ({
    id: `id-${index + 1}`,
    register: 'app',
    subject: '',
    requestId: 'r',
    protocol: 'http' as const,
    region: 'local',
    position: { lane: LANE, number: index + 1 },
  }));
  // The third was stored late and is older than all others: it has expired before them.
  const expiredThrough = 3;
  const left = entries.filter(({ id }) => id !== 'id-3');
  const store = {
    lanes: [{ name: LANE, epoch: 'e' }],
    head: async () => entries.length,
    find: async () => undefined,
    list: async () => ({ entries: [], more: false }),
    async tail({ after }: TailQuery): Promise<TailPage> {
      const page = left.filter(({ position }) => position.number > after).slice(0, 1);
      return { entries: page, through: page[0]?.position.number ?? entries.length, expiredThrough };
    },
  };
  const tail = createTail({ store, stored: createSignal(), nowMicros: () => 0, nowMs: () => 0 });
  const read = async (from: string) => {
    const follower = await tail.follow({ register: 'app', from });
    const ids: string[] = [];
    for (let page = await follower.next(0); page.entries.length > 0; page = await follower.next(0))
      ids.push(...page.entries.map(({ id }) => id));
    return ids;
  };
  assert.deepEqual(await read('start'), ['id-1', 'id-2', 'id-4']);

  const resumed = await tail.follow({ register: 'app', from: 'start' });
  assert.deepEqual(await read((await resumed.next(0)).cursor), ['id-2', 'id-4']);

  const old = encodeTailCursor({ [LANE]: { epoch: 'e', number: 1 } });
  const refused = await read(old).catch((thrown: unknown) => thrown);
  assert.ok(refused instanceof DaybookError && refused.code === 'CURSOR_EXPIRED');
  assert.deepEqual(await read(String(refused.details.members?.['cursor'])), ['id-2', 'id-4']);
});
