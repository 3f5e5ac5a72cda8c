/**
 * How many tasks there are, by the policies of the template, in simulated minutes: the load is said in what one task can
 * do, and follows a day.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { productionStack } from './local-tiers.ts';
import { changesOf, simulate } from './target-tracking.ts';
import type { TierPlan } from './tiers-plan.ts';
import { readTiers } from './tiers-plan.ts';

const plans = readTiers(await productionStack());

/** The load of each minute, from stretches of `[minutes, load]`. */
function curve(...stretches: readonly (readonly [minutes: number, load: number])[]): readonly number[] {
  return stretches.flatMap(([minutes, load]) => Array.from({ length: minutes }, () => load));
}

describe('the tiers that are called', () => {
  const { api } = plans;

  /** @param loads in whole processors of a task. */
  function run(loads: readonly number[], plan: TierPlan = api) {
    const minutes = simulate(plan, loads.length, (minute, tasks) =>
      Math.min(100, (100 * (loads[minute] ?? 0)) / tasks),
    );
    return { minutes, changes: changesOf(minutes, plan.tasks.min) };
  }

  test('have the numbers that are documented', () => {
    for (const tier of ['web', 'api'] as const)
      assert.deepEqual(
        [plans[tier].scaling.metric, plans[tier].scaling.target, plans[tier].tasks],
        ['ECSServiceAverageCPUUtilization', 60, { min: 2, max: 4 }],
      );
  });

  test('are added to after three minutes above 60 %, to the most there may be, and taken away after fifteen below', () => {
    const rise = 10;
    const fall = 70;
    const { changes } = run(curve([rise, 0.6], [20, 1.7], [fall - rise - 20, 3.5], [60, 1.7], [60, 0.2]));
    assert.deepEqual(changes, [
      [rise + 2, 3],
      [rise + 20 + 2, 4],
      [fall + 14, 3],
      [fall + 60 + 14, 2],
    ]);
  });

  test('stay as many when the load is met, and do not go to and fro', () => {
    for (const load of [0.9, 1.1, 1.2, 1.5, 1.8, 2.1, 2.4]) {
      const { changes } = run(curve([10, 0.3], [600, load]));
      assert.ok(changes.length <= 1, `${load}: ${JSON.stringify(changes)}`);
    }
  });

  test('do not follow a peak of two minutes, nor a pause of fourteen', () => {
    assert.deepEqual(run(curve([10, 0.6], [2, 3.5], [30, 0.6])).changes, []);
    const { changes } = run(curve([10, 2.2], [14, 0.2], [10, 2.2]));
    assert.deepEqual(changes, [[2, 4]]);
  });

  test('are never fewer than two nor more than four, whatever comes', () => {
    const loads = curve([30, 0], [30, 50], [30, 0], [5, 2], [40, 0.5], [30, 9]);
    const counts = run(loads).minutes.map(({ tasks }) => tasks);
    assert.deepEqual([Math.min(...counts), Math.max(...counts)], [2, 4]);
  });

  test('are taken away again at all, which a policy that only adds does not do', () => {
    const loads = curve([10, 3], [120, 0.1]);
    assert.equal(run(loads).minutes.at(-1)?.tasks, 2);
    const onlyOut = { ...api, scaling: { ...api.scaling, scalesIn: false } };
    assert.equal(run(loads, onlyOut).minutes.at(-1)?.tasks, 4);
  });
});

describe('the persister', () => {
  const { persister } = plans;
  /** Batches that a task stores in a minute. */
  const RATE = 600;

  function run(arrivals: readonly number[], running = (_minute: number, tasks: number) => tasks) {
    let waiting = 0;
    const lengths: number[] = [];
    const minutes = simulate(persister, arrivals.length, (minute, tasks) => {
      const there = running(minute, tasks);
      waiting = Math.max(0, waiting + (arrivals[minute] ?? 0) - there * RATE);
      lengths.push(waiting);
      // `waiting / tasks` of none gives no data.
      return there === 0 ? undefined : waiting / there;
    });
    return { minutes, lengths, changes: changesOf(minutes, persister.tasks.min) };
  }

  test('has the numbers that are documented', () => {
    const { scaling, tasks } = persister;
    assert.deepEqual([scaling.metric, scaling.target, tasks], ['waiting / tasks', 100, { min: 2, max: 4 }]);
  });

  test('is added to while batches wait, works off what has gathered, and is taken away again', () => {
    const { changes, lengths, minutes } = run(curve([10, 800], [12, 2_000], [60, 800]));
    assert.deepEqual(changes[0], [12, 4]);
    assert.ok(Math.max(...lengths) <= 3 * 800, String(Math.max(...lengths)));
    assert.equal(lengths.at(-1), 0);
    assert.equal(minutes.at(-1)?.tasks, 2);
  });

  test('holds a queue short that more comes to than two can do, however long that lasts', () => {
    const { lengths, minutes } = run(curve([600, 1_700]));
    assert.ok(Math.max(...lengths) <= 3_000, String(Math.max(...lengths)));
    assert.ok(minutes.every(({ tasks }) => tasks >= 2 && tasks <= 4));
  });

  test('stays as it is while it is stopped, and is as many as it should be once it is started', () => {
    const stopped = 120;
    const { changes, lengths } = run(curve([stopped, 100], [120, 100]), (minute, tasks) =>
      minute < stopped ? 0 : tasks,
    );
    assert.deepEqual(changes[0], [stopped + 2, 4]);
    assert.equal(lengths.at(-1), 0);
  });
});
