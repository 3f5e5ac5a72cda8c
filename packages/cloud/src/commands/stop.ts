/**
 * `stop`: no tasks of a tier, or of any, and no scaling that would start some. What was accepted waits in the queue, for
 * 14 days at most; the database goes on. It stays so until `start`; an `apply` that changes nothing of the numbers does
 * not start anything.
 */
import type { Command } from 'commander';

import { setDesired, setScaling } from '../aws/services.ts';
import { TIERS } from '../config/service-schema.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import { findTiers, parseTier, tell, untilRunning } from './tiers.ts';

export function addStop(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'stop [tier]',
    summary: 'End the tasks of a tier (web, api or persister), or of all, and wait until none runs.',
    examples: [
      ['stop -e dev', 'all of them: callers first, the persister last'],
      ['stop persister -e dev', 'entries wait in the queue meanwhile'],
    ],
  }).action(action(run, stop));
}

async function stop(cloud: Cloud, _flags: GlobalFlags, name?: string): Promise<void> {
  const { calls, deployment } = cloud;
  // In the order of an entry's way: the persister stores what the API took.
  for (const tier of await findTiers(cloud, name === undefined ? TIERS : [parseTier(name)])) {
    const max = deployment.services?.[tier.tier].max ?? 0;
    await setScaling(calls, tier, { min: 0, max, follows: false });
    await setDesired(calls, tier, 0);
    await untilRunning(cloud, tier, (running) => running === 0);
    tell(cloud, tier, 'stopped');
  }
}
