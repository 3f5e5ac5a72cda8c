/**
 * `start`: as many tasks of a tier, or of all, as the configuration has at least, and scaling from there on.
 */
import type { Command } from 'commander';

import { setDesired, setScaling } from '../aws/services.ts';
import { TIERS } from '../config/service-schema.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import { findTiers, parseTier, tell, untilRunning } from './tiers.ts';

export function addStart(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'start [tier]',
    summary: 'Start the tasks of a tier (web, api or persister), or of all, and wait until they run.',
    examples: [
      ['start -e dev', 'what "stop" ended'],
      ['start api -e dev', ''],
    ],
  }).action(action(run, start));
}

async function start(cloud: Cloud, _flags: GlobalFlags, name?: string): Promise<void> {
  const { calls, deployment } = cloud;
  const found = await findTiers(cloud, name === undefined ? TIERS : [parseTier(name)]);
  // What is behind comes first.
  for (const tier of found.toReversed()) {
    const { min = 0, max = 0 } = deployment.services?.[tier.tier] ?? {};
    await setScaling(calls, tier, { min, max, follows: true });
    await setDesired(calls, tier, min);
    await untilRunning(cloud, tier, (running) => running >= min);
    tell(cloud, tier, `${min} run`);
  }
}
