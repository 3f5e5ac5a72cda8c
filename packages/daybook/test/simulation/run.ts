/**
 * One run of the simulation: a while in which anything may go wrong, then calm, then everything must come to rest by
 * itself and be in its place.
 */
import assert from 'node:assert/strict';

import type { PersisterOptions } from '../../src/persister/persister.ts';
import { checkWorld } from './checks.ts';
import type { EventSourceHabits } from './event-source.ts';
import { keepEventSource, startEventSource } from './event-source.ts';
import { createFollower } from './follower.ts';
import type { IntakeHabits } from './intake.ts';
import { createIntake, sendSound } from './intake.ts';
import { createOperator } from './operator.ts';
import type { PersisterHabits } from './persisters.ts';
import { keepPersister, startPersister } from './persisters.ts';
import { makeWeather } from './weather.ts';
import type { World } from './world.ts';
import { createWorld } from './world.ts';

export interface Told {
  readonly entries: number;
  readonly dead: number;
  readonly simulatedMs: number;
}

const MAX_CHAOS_MS = 240_000;
const MEND_AFTER_MS = 600_000;
/** Twenty attempts take hours; nothing takes longer. */
const REST_WITHIN_MS = 3 * 24 * 3_600_000;

/** @throws {AssertionError} naming what was not as it must be. */
export async function runSimulation(seed: number, trace?: (line: string) => void): Promise<Told> {
  const world = createWorld(seed);
  const { time, chance, queue } = world;
  const { intake, persister, servers, intakes, rounds } = drawHabits(world, trace);
  const isCalm = () => world.calm;
  queue.manners.duplicates = chance.pick([0, 0.02, 0.1]);
  queue.manners.reorders = chance() < 0.5;

  const followers = ['app', 'data'].map((register) => createFollower(world, register));
  const operator = createOperator(world);
  const chaos = [
    ...Array.from({ length: intakes }, (_, index) =>
      createIntake(world, `intake-${index}`, intake).live(isCalm),
    ),
    ...(rounds === undefined
      ? Array.from({ length: servers }, () => keepPersister(world, persister))
      : [keepEventSource(world, rounds)]),
    ...followers.map((follower) => follower.follow(isCalm)),
    operator.work(isCalm),
    makeWeather(world, { maxQuietMs: 60_000, maxTroubleMs: 90_000 }),
  ];
  const failure = watch(chaos);
  await time.runUntil(() => failure.failed !== undefined, chance() * MAX_CHAOS_MS);
  world.calm = true;
  assert.ok(
    await time.runUntil(() => failure.ended || failure.failed !== undefined, REST_WITHIN_MS),
    'chaos ends',
  );
  if (failure.failed !== undefined) throw failure.failed;
  if (world.local) queue.reopen();

  const last =
    rounds === undefined ? startPersister(world, persister).persister : startEventSource(world, rounds);
  const isDrained = () => queue.length === world.sent.newer;
  const sound = watch([sendSound(world, isDrained)]);
  // Where most of what comes is poison, nothing can be given up on: somebody has to mend the cause.
  if (intake.poisoned > 0.5) void time.sleep(MEND_AFTER_MS).then(() => world.poison.clear());
  const drained = await time.runUntil(isDrained, REST_WITHIN_MS);
  assert.ok(
    drained,
    `everything drains: ${queue.length} messages left, ${JSON.stringify('status' in last ? last.status() : last)}`,
  );
  const closing = watch([last.close()]);
  assert.ok(await time.runUntil(() => closing.ended && sound.ended, REST_WITHIN_MS), 'closes');

  const caughtUp = watch(followers.map((follower) => follower.catchUp()));
  await time.runUntil(() => caughtUp.ended, 3_600_000);
  await checkWorld(world, followers);
  const dead = [...world.books.places.values()].filter(({ place }) => place === 'dead').length;

  const tidying = operator.tidyUp();
  const tidied = watch([tidying]);
  assert.ok(
    await time.runUntil(() => tidied.ended || tidied.failed !== undefined, 3_600_000),
    'is tidied up',
  );
  assert.deepEqual(await tidying, []);
  const following = watch(followers.map((follower) => follower.catchUp()));
  await time.runUntil(() => following.ended, 3_600_000);
  await checkWorld(world, followers);
  return { entries: world.acknowledged.size, dead, simulatedMs: time.nowMs() };
}

function drawHabits({ chance, local }: World, trace?: (line: string) => void) {
  const intake: IntakeHabits = {
    maxBatchEntries: chance.pick([1, 3, 12]),
    maxPauseMs: chance.pick([5_000, 20_000, 60_000]),
    keyed: chance.pick([0, 0.2, 0.6]),
    poisoned: chance.pick([0, 0, 0.02, 0.02, 0.05, 0.1, 0.2, 0.7]),
    lasting: chance() < 0.05,
  };
  const log = createLog(trace);
  const limits = {
    concurrency: chance.pick([1, 2, 4]),
    maxBatchEntries: chance.pick([1, 10, 1_000]),
    maxBatchBytes: chance.pick([1_000, 1_000_000]),
  };
  const persister: PersisterHabits = {
    limits,
    deadlySteps: chance.pick([0, 0.01, 0.1]),
    maxLifeMs: chance.pick([60_000, 1_200_000]),
    log,
  };
  /** In place of servers: a queue of one's own is no event source. */
  const rounds: EventSourceHabits | undefined =
    local || chance() < 0.6
      ? undefined
      : {
          ...persister,
          functions: chance.pick([1, 2, 8]),
          batchSize: chance.pick([1, 10]),
          timeoutMs: chance.pick([5_000, 29_000]),
        };
  const servers = local ? 1 : chance.pick([1, 2, 8]);
  return { intake, persister, servers, intakes: chance.pick([1, 2]), rounds };
}

function createLog(trace: ((line: string) => void) | undefined): PersisterOptions['log'] {
  const log = (line: unknown): void => trace?.(JSON.stringify(line));
  return { info: log, warn: log, error: log };
}

interface Watched {
  readonly ended: boolean;
  readonly failed: unknown;
}

/** Nothing that goes on in the world may fail unheard. */
function watch(all: readonly Promise<unknown>[]): Watched {
  const watched = { ended: false, failed: undefined as unknown };
  Promise.all(all).then(
    () => (watched.ended = true),
    (thrown: unknown) => (watched.failed = thrown),
  );
  return watched;
}
