/**
 * `destroy`: shows what `plan-destroy` shows, asks for the name of what is destroyed, removes the stacks in the reverse
 * order of their deployment, and looks whether they are gone.
 */
import type { Command } from 'commander';

import { assertAccount } from '../aws/account.ts';
import { createCdk } from '../aws/cdk.ts';
import { findStack } from '../aws/stacks.ts';
import { CommandError, EXIT_FAILURE, EXIT_OK, UsageError } from '../failure.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import { emptyVaults } from './empty-vaults.ts';
import type { StackFates } from './plan-destroy.ts';
import { findFates, showFates } from './plan-destroy.ts';

interface DestroyFlags extends GlobalFlags {
  readonly unprotect?: boolean;
  readonly yesDestroy?: string;
}

export function addDestroy(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'destroy',
    summary: 'Remove the deployment. Lists what goes and what is kept, and asks for its name.',
    examples: [
      ['destroy -e dev', ''],
      ['destroy -e poc --yes-destroy daybook-poc', 'for scripts: the name instead of the question'],
    ],
  })
    .option('--unprotect', 'take the termination protection off the stacks first')
    .option('--yes-destroy <name>', 'do not ask; the name of what is destroyed, such as daybook-poc')
    .action(action(run, destroy));
}

/** @returns the exit code: 1 when another name was typed. */
async function destroy(cloud: Cloud, { yesDestroy, unprotect = false }: DestroyFlags): Promise<number> {
  const { terminal, calls, label, dryRun } = cloud;
  if (yesDestroy !== undefined && yesDestroy !== label)
    throw new UsageError(`--yes-destroy: expected ${label}, given ${yesDestroy}`);
  const asks = yesDestroy === undefined && !dryRun;
  if (asks && !terminal.canAsk) {
    throw new UsageError(`--yes-destroy ${label}: expected, because there is no terminal to ask on`);
  }
  await assertAccount(calls, cloud.deployment);
  const stacks = await findFates(cloud);
  if (!dryRun) showFates(cloud, stacks);
  if (stacks.length === 0) return EXIT_OK;
  assertNothingBlocks(stacks, unprotect);
  if (asks && (await terminal.ask(`Type ${label} to destroy it for good:`)) !== label) {
    terminal.note('nothing was done');
    return EXIT_FAILURE;
  }
  const { directory } = await cloud.assembly();
  const cdk = createCdk(cloud);
  for (const fates of stacks) {
    const { id, stack, region, isProtected } = fates;
    if (isProtected) {
      const input = { StackName: stack, EnableTerminationProtection: false };
      await calls.send('cloudformation:UpdateTerminationProtection', region, input);
    }
    await emptyVaults(cloud, fates);
    await cdk.destroy(directory, id);
    const left = dryRun ? undefined : await findStack(calls, { name: stack, region });
    if (left !== undefined)
      throw new CommandError(
        `${stack} in ${region} is still there: ${left.status} ${left.reason ?? ''}`.trim(),
      );
  }
  if (!dryRun) terminal.note(`${label} is destroyed; what was kept is listed above`);
  return EXIT_OK;
}

/** CloudFormation would find out half-way. @throws {CommandError} */
function assertNothingBlocks(stacks: readonly StackFates[], unprotect: boolean): void {
  const locked = stacks.filter(({ isProtected }) => isProtected && !unprotect).map(({ stack }) => stack);
  if (locked.length > 0) {
    throw new CommandError(
      `destroy: expected stacks without termination protection, given ${locked.join(', ')} with it; --unprotect takes it off`,
    );
  }
  const inTheWay = stacks
    .flatMap(({ fates }) => fates)
    .filter(({ fate }) => fate === 'blocks')
    .map(({ logicalId, reason }) => `${reason} of ${logicalId}`);
  if (inTheWay.length === 0) return;
  throw new CommandError(
    `destroy: expected nothing in the way, given ${inTheWay.join(', ')}; take it off in the configuration and apply that first`,
  );
}
