/**
 * Target tracking in simulated minutes, by the numbers of a policy.
 *
 * What AWS documents ("How target tracking scaling for Application Auto Scaling works"): it makes the alarms itself; out is
 * in proportion to how far the metric is above the target, in is slower; between two steps lies a cooldown, which what is
 * needed beyond a step before does not wait for when it is out, and which an out ends when it is in; a metric without data
 * changes nothing. What it leaves to the alarms that anybody can read in CloudWatch: above the target for three minutes in
 * a row, below nine tenths of it for fifteen; an alarm of a policy acts again every minute while it lasts ("Using Amazon
 * CloudWatch alarms"). How many tasks it asks for is written nowhere: here as many as bring the metric to the target,
 * rounded up, in both directions.
 */
import type { TierPlan } from './tiers-plan.ts';

const MINUTE_SECONDS = 60;
const OUT_MINUTES = 3;
const IN_MINUTES = 15;
const IN_SHARE = 0.9;

export interface Minute {
  readonly minute: number;
  /** As the policy reads it; undefined: no data. */
  readonly value: number | undefined;
  /** After what was decided in it. */
  readonly tasks: number;
}

/** @param read the metric of a minute with so many tasks. */
export function simulate(
  { scaling, tasks: { min, max } }: Pick<TierPlan, 'scaling' | 'tasks'>,
  minutes: number,
  read: (minute: number, tasks: number) => number | undefined,
): Minute[] {
  const { target, outCooldownSeconds, inCooldownSeconds, scalesIn } = scaling;
  const passed: Minute[] = [];
  let tasks = min;
  let above = 0;
  let below = 0;
  let lastOut = -Infinity;
  let lastIn = -Infinity;
  for (let minute = 0; minute < minutes; minute += 1) {
    const value = read(minute, tasks);
    above = value !== undefined && value > target ? above + 1 : 0;
    below = value !== undefined && value < target * IN_SHARE ? below + 1 : 0;
    const wanted = Math.min(max, Math.max(min, Math.ceil((tasks * (value ?? target)) / target)));
    const since = (before: number): number => (minute - before) * MINUTE_SECONDS;
    if (above >= OUT_MINUTES && wanted > tasks && since(lastOut) >= outCooldownSeconds) {
      tasks = wanted;
      lastOut = minute;
      lastIn = -Infinity;
    } else if (scalesIn && below >= IN_MINUTES && wanted < tasks && since(lastIn) >= inCooldownSeconds) {
      tasks = wanted;
      lastIn = minute;
    }
    passed.push({ minute, value, tasks });
  }
  return passed;
}

/** The minutes in which the number changed, and what it was from then on. */
export function changesOf(
  minutes: readonly Minute[],
  from: number,
): (readonly [minute: number, tasks: number])[] {
  let before = from;
  return minutes.flatMap(({ minute, tasks }) => {
    if (tasks === before) return [];
    before = tasks;
    return [[minute, tasks] as const];
  });
}
