/**
 * Long troubles, as an operator meets them, in simulated time: nothing dies of an outage, what is sound passes what is
 * not, and everything comes to rest by itself.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Entry } from '../../src/entry.ts';
import { encodeEnvelope } from '../../src/envelope.ts';
import { MIN_ENTRIES } from '../../src/persister/verdict.ts';
import { createSource, keyed, makeEntry } from '../../src/testing/made-batches.ts';
import { startPersister } from './persisters.ts';
import type { World } from './world.ts';
import { createWorld } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const CALM_HABITS = {
  limits: { concurrency: 2, maxBatchEntries: 1_000, maxBatchBytes: 1_000_000 },
  deadlySteps: 0,
  maxLifeMs: Infinity,
  log: { info: () => undefined, warn: () => undefined, error: () => undefined },
};

/** A world in which nobody else does anything, with a queue as SQS is. */
function quietWorld(): World {
  let seed = 1;
  let world = createWorld(seed);
  while (world.local) world = createWorld((seed += 1));
  return world;
}

function createSender({ queue, acknowledged }: World) {
  const next = createSource('sender');
  return async (...entries: Entry[]): Promise<void> => {
    const body = encodeEnvelope({ batch: next(entries) });
    await queue.send({ body, entries: entries.length, oldestStamp: 0 });
    for (const entry of entries) acknowledged.set(entry.id, entry);
  };
}

function poison({ poison: all, wasPoison }: World, reason: 'rejected' | 'unexpected', entry: Entry): Entry {
  all.set(entry.id, { reason, untilMs: Infinity });
  wasPoison.add(entry.id);
  return entry;
}

function placesOf({ books }: World): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { place } of books.places.values()) counts[place] = (counts[place] ?? 0) + 1;
  return counts;
}

test('24 hours without the store: nothing dies, and the backlog is stored within a minute of its return', async () => {
  const world = quietWorld();
  const { time, queue, weather, objects, acknowledged } = world;
  const send = createSender(world);
  const { persister } = startPersister(world, CALM_HABITS);
  weather.store.outage = true;
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    await send(makeEntry(), makeEntry());
    await time.runUntil(() => false, MINUTE_MS);
  }
  assert.equal(persister.status().state, 'waiting');
  assert.deepEqual(placesOf(world), {});

  weather.store.outage = false;
  assert.ok(await time.runUntil(() => queue.length === 0, MINUTE_MS), 'drains within a minute');
  assert.deepEqual(placesOf(world), { stored: acknowledged.size });
  assert.equal(objects.contents.size, 0);
  assert.deepEqual(world.wrongs, []);
  assert.equal(persister.status().state, 'running');
});

test('24 hours of a store that refuses everything, its probe as well: nothing dies, everything is stored in the end', async () => {
  const world = quietWorld();
  const { time, queue, objects, acknowledged } = world;
  const send = createSender(world);
  const { persister } = startPersister(world, CALM_HABITS);
  world.systemic = 'rejected';
  world.probeFails = true;
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    await send(makeEntry(), makeEntry());
    await time.runUntil(() => false, MINUTE_MS);
  }
  assert.equal(persister.status().state, 'systemic');
  assert.equal(persister.status().counters.isolated, 0);

  world.systemic = undefined;
  world.probeFails = false;
  assert.ok(await time.runUntil(() => queue.length === 0, MINUTE_MS), 'drains within a minute');
  assert.deepEqual(placesOf(world), { stored: acknowledged.size });
  assert.equal(objects.contents.size, 0);
});

test('three hours of a store that refuses every entry and takes its probe: no more dies than it takes to notice', async () => {
  const world = quietWorld();
  const { time, queue, books, acknowledged } = world;
  const send = createSender(world);
  const { persister } = startPersister(world, CALM_HABITS);
  world.systemic = 'rejected';
  for (let minute = 0; minute < 3 * 60; minute += 1) {
    await send(makeEntry());
    await time.runUntil(() => false, MINUTE_MS);
  }
  assert.equal(persister.status().state, 'systemic');
  assert.ok(books.places.size < MIN_ENTRIES, `${books.places.size} died`);

  world.systemic = undefined;
  assert.ok(await time.runUntil(() => queue.length === 0, HOUR_MS), `${queue.length} are left`);
  const dead = world.objects.contents.size;
  assert.deepEqual(placesOf(world), { dead, stored: acknowledged.size - dead });
  assert.ok(dead < MIN_ENTRIES);
});

test('six hours without object storage: what is sound is stored and acknowledged meanwhile, and nothing dies', async () => {
  const world = quietWorld();
  const { time, queue, weather, books } = world;
  const send = createSender(world);
  const { persister } = startPersister(world, CALM_HABITS);
  const first = keyed('a-key-that-is-held', 0);
  await send(first);
  assert.ok(await time.runUntil(() => queue.length === 0, MINUTE_MS));

  weather.objects.outage = true;
  const stuck = 20;
  for (let index = 0; index < stuck; index += 1) {
    await send(poison(world, 'rejected', makeEntry()));
    await send(keyed('a-key-that-is-held', 1 + index));
  }
  const latest: Entry[] = [];
  for (let minute = 0; minute < 6 * 60; minute += 1) {
    const sound = Array.from({ length: 5 }, () => makeEntry());
    latest.push(...sound);
    await send(...sound);
    const isStored = () => sound.every(({ id }) => books.places.get(id)?.place === 'stored');
    assert.ok(await time.runUntil(isStored, 5 * MINUTE_MS), `stored in minute ${minute}`);
    await time.runUntil(() => false, MINUTE_MS);
  }
  assert.ok(
    await time.runUntil(() => queue.length === 2 * stuck, 10 * MINUTE_MS),
    `${queue.length} are left`,
  );
  assert.equal(persister.status().counters.dead, 0);

  weather.objects.outage = false;
  assert.ok(await time.runUntil(() => queue.length === 0, HOUR_MS), `${queue.length} are left`);
  assert.deepEqual(placesOf(world), { stored: latest.length + 1, dead: 2 * stuck });
  assert.equal(world.objects.contents.size, 2 * stuck);
  await send(makeEntry());
  assert.ok(await time.runUntil(() => persister.status().state === 'running', HOUR_MS), 'runs again');
});

test('a persister runs again by itself when what was systemic has been brought to its end by another', async () => {
  const world = quietWorld();
  const { time, queue, weather } = world;
  const send = createSender(world);
  const { persister } = startPersister(world, CALM_HABITS);
  weather.objects.outage = true;
  await send(poison(world, 'rejected', makeEntry()));
  assert.ok(await time.runUntil(() => persister.status().state === 'systemic', MINUTE_MS));

  weather.queue.outage = true;
  await time.runUntil(() => false, 10 * MINUTE_MS);
  const taken = await queue.receive({ maxMessages: 1, maxBytes: 1_000_000, waitMs: 0 });
  assert.equal(taken.length, 1);
  await queue.acknowledge(taken);
  weather.queue.outage = false;
  assert.ok(await time.runUntil(() => persister.status().state === 'running', 10 * MINUTE_MS));
});

test('an entry that the store does not explain is tried twenty times, by itself, and is dead then', async () => {
  const world = quietWorld();
  const { time, queue, books } = world;
  const send = createSender(world);
  startPersister(world, CALM_HABITS);
  const entry = poison(world, 'unexpected', makeEntry());
  await send(entry, makeEntry(), makeEntry());
  const isDead = () => books.places.get(entry.id)?.place === 'dead';
  await time.runUntil(() => books.places.size === 3, MINUTE_MS);
  assert.deepEqual(placesOf(world), { stored: 2, retrying: 1 });
  assert.equal(await time.runUntil(isDead, 3 * HOUR_MS), false, 'there is time to mend it');
  assert.ok(await time.runUntil(isDead, 24 * HOUR_MS));
  assert.ok(await time.runUntil(() => queue.length === 0, MINUTE_MS));
  assert.deepEqual(placesOf(world), { stored: 2, dead: 1 });
  assert.ok((world.refusals.get(entry.id)?.unexpected ?? 0) >= 20);
});
