/**
 * `renew-epoch`: after the switch to a restored database, so that cursors of before are refused and never misunderstood. A
 * restored table has a new epoch already: `restore` reaches it, and a database is reached from inside of the network only.
 */
import type { Command } from 'commander';

import { EXIT_FAILURE, EXIT_OK, UsageError } from '../failure.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import { runOneOff } from './one-off-task.ts';
import { findTiers } from './tiers.ts';

interface RenewFlags extends GlobalFlags {
  readonly yes?: boolean;
}

export function addRenewEpoch(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'renew-epoch',
    summary: 'Give the database that is in use a new epoch, after it was restored. Asks first.',
    examples: [
      ['renew-epoch -e prd', 'cursors of before are refused from then on, once'],
      ['renew-epoch -e prd --yes', 'for scripts: without a question'],
    ],
  })
    .option('--yes', 'do not ask')
    .action(action(run, renewEpoch));
}

/** @returns the exit code: 1 when the answer was no. */
async function renewEpoch(cloud: Cloud, { yes }: RenewFlags): Promise<number> {
  const { terminal, deployment, label, dryRun, json } = cloud;
  if (deployment.database === undefined)
    throw new UsageError(
      `${label}: expected a database, given a table: "restore" gives it a new epoch itself`,
    );
  const asks = yes !== true && !dryRun;
  if (asks && !terminal.canAsk)
    throw new UsageError('--yes: expected, because there is no terminal to ask on');
  const found = await findTiers(cloud, ['api']);
  const question = `Give the database of ${label} a new epoch? Every cursor that clients hold is refused once. [y/N]`;
  if (asks && !/^y(?:es)?$/i.test((await terminal.ask(question)).trim())) {
    terminal.note('nothing was done');
    return EXIT_FAILURE;
  }
  for (const tier of found) {
    await runOneOff(cloud, tier, ['renew-epoch', '--yes']);
    if (dryRun) continue;
    const { region } = tier;
    terminal.line(json ? JSON.stringify({ region }) : `the database in ${region}: a new epoch`);
  }
  return EXIT_OK;
}
