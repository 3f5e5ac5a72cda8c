/**
 * The rules of positions, keys, ledger and poison, for any order in which things can happen: crashes, outages, losses,
 * duplicates, replays, discards. A failure names its seed, and how to run just that one. By default as many worlds as
 * fit into a quarter of a minute, other ones each time.
 *
 *   SIMULATION_SEEDS=20000   how many worlds, however long it takes; each has a seed of its own
 *   SIMULATION_SEED=4711     this one only, with what its persisters log
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runSimulation } from './run.ts';

const BUDGET_MS = 15_000;
const ONLY = toSeed(process.env['SIMULATION_SEED']);
const SEEDS = ONLY === undefined ? toSeed(process.env['SIMULATION_SEEDS']) : 1;
/** Not every run looks at the same worlds, and each says which. */
const FIRST = ONLY ?? Math.floor(Math.random() * 1_000_000_000);
const NO_LIMIT_MS = 24 * 3_600_000;

test(
  `nothing is lost, doubled or given up on without cause, in worlds from seed ${FIRST}`,
  { timeout: NO_LIMIT_MS },
  async (t) => {
    const endMs = performance.now() + BUDGET_MS;
    const trace = ONLY === undefined ? undefined : (line: string) => t.diagnostic(line);
    let worlds = 0;
    let entries = 0;
    let dead = 0;
    let hours = 0;
    while (SEEDS === undefined ? performance.now() < endMs : worlds < SEEDS) {
      const seed = FIRST + worlds;
      try {
        const told = await runSimulation(seed, trace);
        worlds += 1;
        entries += told.entries;
        dead += told.dead;
        hours += told.simulatedMs / 3_600_000;
      } catch (cause) {
        const again = `SIMULATION_SEED=${seed} npm run test:file -- packages/daybook/test/simulation/simulation.test.ts`;
        assert.fail(`${String(cause)}\nseed ${seed}; to run just this one: ${again}`);
      }
    }
    const told = `${entries} entries acknowledged, ${dead} dead`;
    t.diagnostic(`${worlds} worlds, ${Math.round(hours)} simulated hours: ${told}`);
  },
);

/** @throws {RangeError} for what is no count or seed: it must not run nothing. */
function toSeed(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const seed = Number(text);
  if (Number.isSafeInteger(seed) && seed > 0) return seed;
  throw new RangeError(`SIMULATION_SEED, SIMULATION_SEEDS: expected a whole number above 0, given ${text}`);
}
