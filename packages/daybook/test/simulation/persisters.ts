/**
 * The persisters of a simulated world: the real ones, each in a process that is killed at a step of its work, or at any
 * other moment, or closed as at an upgrade, and that comes back.
 */
import assert from 'node:assert/strict';

import type { Persister, PersisterOptions } from '../../src/persister/persister.ts';
import { createPersister } from '../../src/persister/persister.ts';
import type { World } from './world.ts';

export interface PersisterHabits {
  readonly limits: PersisterOptions['limits'];
  /** How many steps of 1 are the last one of their process. */
  readonly deadlySteps: number;
  readonly maxLifeMs: number;
  readonly log: PersisterOptions['log'];
}

export function startPersister(world: World, habits: PersisterHabits) {
  const { time, chance } = world;
  const { process, queue, store, deadLetters } = world.enter();
  const persister: Persister = createPersister({
    queue,
    store,
    deadLetters,
    limits: habits.limits,
    nowMicros: time.nowMicros,
    nowMs: time.nowMs,
    sleep: process.sleep,
    random: chance,
    onStored: () => undefined,
    log: habits.log,
    onStep() {
      if (!world.calm && chance() < habits.deadlySteps) process.kill();
    },
  });
  persister.start();
  return { process, persister };
}

/** One server: starts a persister again whenever it has ended, until all is calm. */
export async function keepPersister(world: World, habits: PersisterHabits): Promise<void> {
  const { time, chance } = world;
  while (!world.calm) {
    const { process, persister } = startPersister(world, habits);
    const endMs = time.nowMs() + chance() * habits.maxLifeMs;
    while (process.alive && !world.calm && time.nowMs() < endMs) await time.sleep(1_000);
    if (process.alive && (world.calm || chance() < 0.5)) {
      await Promise.race([persister.close(), whenDead(world, process)]);
      if (process.alive) assert.deepEqual(persister.status().inFlight, { messages: 0, entries: 0, bytes: 0 });
    }
    process.kill();
    await time.sleep(chance() * 10_000);
    if (world.local) world.queue.reopen();
  }
}

async function whenDead({ time }: World, process: { readonly alive: boolean }): Promise<void> {
  while (process.alive) await time.sleep(1_000);
}
