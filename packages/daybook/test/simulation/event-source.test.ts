/**
 * Long troubles of functions behind an event source, in simulated time: an outage spends few deliveries, nothing dies of
 * it, and what waited is stored within the hour.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { encodeEnvelope } from '../../src/envelope.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { startEventSource } from './event-source.ts';
import type { World } from './world.ts';
import { createWorld } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** As a deployment sets them: "SetQueueAttributes" and "ChangeMessageVisibility" in the Amazon SQS API Reference. */
const SQS = { retentionMs: 14 * DAY_MS, visibilityMs: 360_000, maxDelayMs: 12 * HOUR_MS };
const MAX_RECEIVE_COUNT = 1_000;

const HABITS = {
  functions: 2,
  batchSize: 10,
  timeoutMs: 60_000,
  limits: { concurrency: 2, maxBatchEntries: 1_000, maxBatchBytes: 1_000_000 },
  deadlySteps: 0,
  maxLifeMs: Infinity,
  log: { info: () => undefined, warn: () => undefined, error: () => undefined },
};

function quietWorld(): World {
  let seed = 1;
  let world = createWorld(seed, SQS);
  while (world.local) world = createWorld((seed += 1), SQS);
  world.calm = true;
  return world;
}

const next = createSource('sender');

async function send({ queue, acknowledged }: World, batches: number): Promise<void> {
  for (let batch = 0; batch < batches; batch += 1) {
    const entries = [makeEntry(), makeEntry()];
    await queue.send({ body: encodeEnvelope({ batch: next(entries) }), entries: 2, oldestStamp: 0 });
    for (const entry of entries) acknowledged.set(entry.id, entry);
  }
}

function placesOf({ books }: World): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { place } of books.places.values()) counts[place] = (counts[place] ?? 0) + 1;
  return counts;
}

async function mostReceives({ queue, time }: World): Promise<number> {
  await time.runUntil(() => false, SQS.maxDelayMs);
  const deliveries = await queue.receive({ maxMessages: 10, maxBytes: 1e9, waitMs: 0 });
  return Math.max(...deliveries.map(({ handle }) => (handle as { receipt: number }).receipt));
}

for (const [what, begin, end] of [
  [
    'without the store',
    ({ weather }: World) => void (weather.store.outage = true),
    ({ weather }: World) => void (weather.store.outage = false),
  ],
  [
    'of a store that refuses everything, its probe as well',
    (world: World) => void Object.assign(world, { systemic: 'rejected', probeFails: true }),
    (world: World) => void Object.assign(world, { systemic: undefined, probeFails: false }),
  ],
] as const) {
  test(`an hour ${what}: nothing dies, and all is stored within the next`, async () => {
    const world = quietWorld();
    const { time, queue, objects, acknowledged } = world;
    begin(world);
    startEventSource(world, HABITS);
    for (let minute = 0; minute < 60; minute += 1) {
      await send(world, 2);
      await time.runUntil(() => false, MINUTE_MS);
    }
    assert.deepEqual(placesOf(world), {});
    end(world);
    assert.ok(await time.runUntil(() => queue.length === 0, HOUR_MS), `${queue.length} are left`);
    assert.deepEqual(placesOf(world), { stored: acknowledged.size });
    assert.equal(objects.contents.size, 0);
  });

  test(`thirteen days ${what}: no message is delivered so often that the queue would move it away`, async () => {
    const world = quietWorld();
    const { time, queue } = world;
    begin(world);
    await send(world, 5);
    const source = startEventSource(world, HABITS);
    await time.runUntil(() => false, 13 * DAY_MS);
    const closing = source.close();
    assert.equal(queue.length, 5);
    const receives = await mostReceives(world);
    assert.ok(receives > 200 && receives < MAX_RECEIVE_COUNT / 2, `${receives}`);
    assert.deepEqual(placesOf(world), {});
    await time.runUntil(() => false, HOUR_MS);
    await closing;
  });
}

test('a message for a newer program waits as patiently, and others pass it', async () => {
  const world = quietWorld();
  const { time, queue } = world;
  const body = Buffer.from(encodeEnvelope({ batch: createSource('newer')([makeEntry()]) }));
  body.write('{"v":9');
  await queue.send({ body, entries: 1, oldestStamp: 0 });
  await send(world, 3);
  const source = startEventSource(world, HABITS);
  assert.ok(await time.runUntil(() => queue.length === 1, MINUTE_MS));
  await time.runUntil(() => false, 10 * DAY_MS);
  const closing = source.close();
  const receives = await mostReceives(world);
  assert.ok(receives < MAX_RECEIVE_COUNT / 2, `${receives}`);
  assert.equal(world.objects.contents.size, 0);
  await time.runUntil(() => false, HOUR_MS);
  await closing;
});

test('a function that runs out of time answers before, and what it had in its hands comes again', async () => {
  const world = quietWorld();
  const { time, queue, weather, acknowledged } = world;
  // Longer on the way than the function may take.
  weather.store.maxWayMs = 10 * MINUTE_MS;
  await send(world, 10);
  const source = startEventSource(world, HABITS);
  await time.runUntil(() => false, 30 * MINUTE_MS);
  assert.ok(source.invocations > 1);
  weather.store.maxWayMs = 20;
  assert.ok(await time.runUntil(() => queue.length === 0, 2 * HOUR_MS), `${queue.length} are left`);
  assert.deepEqual(placesOf(world), { stored: acknowledged.size });
});
