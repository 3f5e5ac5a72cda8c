/**
 * `scale`: so many tasks of a tier at least, now and from now on: the number is written beside the configuration, so that
 * the next `apply` keeps it. Load still adds tasks up to the tier's `max`, which grows where the number is above it.
 */
import type { Command } from 'commander';

import { setDesired, setScaling } from '../aws/services.ts';
import { UsageError } from '../failure.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import { findTiers, parseTier, tell, untilRunning } from './tiers.ts';

const MAX_TASKS = 100;

export function addScale(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'scale <tier> <tasks>',
    summary:
      'Run so many tasks of a tier (web, api or persister) at least, and write it beside the configuration.',
    examples: [
      ['scale api 4 -e prd', 'and "apply" keeps it'],
      ['scale api 4 -e prd --dry-run', 'what it would do'],
    ],
  }).action(action(run, scale));
}

async function scale(cloud: Cloud, _flags: GlobalFlags, name = '', count = ''): Promise<void> {
  const { calls, deployment, configFile } = cloud;
  const tier = parseTier(name);
  const tasks = Number(count);
  if (!/^\d+$/.test(count) || tasks < 1 || tasks > MAX_TASKS)
    throw new UsageError(
      `expected 1 to ${MAX_TASKS} tasks; given ${count}${count === '0' ? `; to have none: npm run cloud -- stop ${tier}` : ''}`,
    );
  const found = await findTiers(cloud, [tier]);
  const bounds = { min: tasks, max: Math.max(tasks, deployment.services?.[tier].max ?? 0) };
  // First: what is not written down would be undone by the next apply without a word.
  if (cloud.dryRun)
    cloud.show({ service: 'file', operation: 'write', input: { beside: configFile, [tier]: bounds } });
  else {
    const written = cloud.writeScale(configFile, deployment.environment, tier, bounds);
    cloud.terminal.note(`written to ${written}; keep it with the configuration`);
  }
  for (const one of found) {
    await setScaling(calls, one, { ...bounds, follows: true });
    await setDesired(calls, one, tasks);
    await untilRunning(cloud, one, (running) => running >= tasks);
    tell(cloud, one, `${tasks} run, up to ${bounds.max}`);
  }
}
