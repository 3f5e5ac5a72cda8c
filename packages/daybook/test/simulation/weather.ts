/**
 * The weather of a simulated world: outages, losses and slowness that come and go, until all is calm.
 */
import type { World } from './world.ts';

export interface Climate {
  /** The longest quiet time between two troubles, and the longest that one lasts. */
  readonly maxQuietMs: number;
  readonly maxTroubleMs: number;
}

/** Long enough to hurt, too short for twenty attempts of an entry: nothing may die of it. */
const MAX_SYSTEMIC_MS = 600_000;

/** What was refused last is followed by a probe that fails: so nothing may die of what a store refuses then, even for good. */
const PROBE_FAILS_LONGER_MS = 5_000;

export async function makeWeather(world: World, { maxQuietMs, maxTroubleMs }: Climate): Promise<void> {
  const { time, chance, weather } = world;
  while (!world.calm) {
    await time.sleep(chance() * maxQuietMs);
    const { store, queue, objects } = weather;
    const trouble = chance.pick(['outage', 'loss', 'slow', 'systemic', 'probe'] as const);
    const of = chance.pick([store, queue, objects]);
    if (trouble === 'outage') of.outage = true;
    // Nothing gets lost within a process.
    if (trouble === 'loss' && !(world.local && of === queue)) of.loss = chance() * 0.3;
    if (trouble === 'slow') of.maxWayMs = chance() * 60_000;
    if (trouble === 'systemic') world.systemic = 'unexpected';
    if (trouble === 'probe') {
      world.probeFails = true;
      world.systemic = chance.pick(['unexpected', 'rejected'] as const);
    }
    await time.sleep(
      chance() * (trouble === 'systemic' || trouble === 'probe' ? MAX_SYSTEMIC_MS : maxTroubleMs),
    );
    world.systemic = undefined;
    if (trouble === 'probe') await time.sleep(PROBE_FAILS_LONGER_MS);
    clear(world);
  }
  clear(world);
}

function clear(world: World): void {
  for (const weather of Object.values(world.weather)) {
    weather.outage = false;
    weather.loss = 0;
    weather.maxWayMs = 20;
  }
  world.systemic = undefined;
  world.probeFails = false;
}
