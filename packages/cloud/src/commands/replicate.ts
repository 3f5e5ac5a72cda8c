/**
 * `replicate`: a replica in each other region, of a table that no stack made. `restore` does it by itself; this goes on with
 * what it began, or makes a table that is in use by itself one of several regions (docs/two-region.md).
 */
import type { Command } from 'commander';

import { assertAccount } from '../aws/account.ts';
import { describeTable } from '../aws/table-settings.ts';
import { UsageError } from '../failure.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import type { RegionFlags } from './place.ts';
import { findTable, regionOf } from './place.ts';
import { addReplicas } from './replicas.ts';

interface ReplicateFlags extends GlobalFlags, RegionFlags {
  readonly table?: string;
}

export function addReplicate(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'replicate',
    summary: 'Give a table that was restored a replica in each other region, and wait until that is done.',
    examples: [
      ['replicate -e prd --region eu-west-1 --table daybook-restored', 'what "restore" does at its end'],
    ],
  })
    .option('--table <name>', 'default: the one in use in that region')
    .option('--region <region>', 'where it is')
    .action(action(run, replicate));
}

async function replicate(cloud: Cloud, flags: ReplicateFlags): Promise<void> {
  const { calls, deployment, terminal } = cloud;
  if (deployment.regions.length < 2)
    throw new UsageError(`regions: expected several, given ${deployment.regions.join(', ')}`);
  const region = regionOf(cloud, flags);
  await assertAccount(calls, deployment);
  const { table: source } = await findTable(cloud, region);
  const { table = source } = flags;
  if (!cloud.dryRun && (await describeTable(calls, region, table)) === undefined)
    throw new UsageError(`--table: expected a table in ${region}, given ${table}, which is none`);
  const replicas = await addReplicas(cloud, { region, table, source });
  if (cloud.dryRun) return;
  if (cloud.json) terminal.line(JSON.stringify({ region, table, replicas }));
  else terminal.line(`${table} is in ${[region, ...replicas].join(', ')}`);
}
