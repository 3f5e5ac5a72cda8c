/**
 * `rollback`: back to what was deployed before, as `apply --keep-deployed` kept it. Data stays as it is.
 *
 * Stacks go in the reverse order of a deployment: what was deployed ran on the newer stacks below it for a moment already, so
 * it does so again; the other way round a stack could take away what the one above it still uses.
 */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';

import { assertAccount } from '../aws/account.ts';
import { readAssembly } from '../aws/assembly.ts';
import { createCdk } from '../aws/cdk.ts';
import { EXIT_FAILURE, EXIT_OK, UsageError } from '../failure.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import { readOutputs } from './outputs.ts';
import { assertPlanned } from './plan-record.ts';
import { showPlan } from './plan.ts';
import { smokeTest } from './smoke-test.ts';

export interface RollbackFlags extends GlobalFlags {
  readonly to: string;
  readonly yes?: boolean;
  readonly smokeTest: boolean;
  readonly smokeRegister?: string;
}

export function addRollback(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'rollback',
    summary: 'Go back to what "apply --keep-deployed" kept before it changed anything; data stays as it is.',
    examples: [
      ['rollback -e prd --to before-prd', 'asks first'],
      ['rollback -e prd --to before-prd --yes', 'for scripts: without a question'],
    ],
  })
    .requiredOption('--to <directory>', 'what "apply --keep-deployed" wrote')
    .option('--yes', 'do not ask')
    .option('--smoke-register <register>', 'where the smoke test posts (default: as of apply)')
    .option('--no-smoke-test', 'post nothing afterwards')
    .action(action(run, rollback));
}

/** @returns the exit code: 1 when there is nothing to go back to, the answer was no, or the smoke test failed. */
export async function rollback(cloud: Cloud, { to, yes, ...flags }: RollbackFlags): Promise<number> {
  const { terminal, deployment, calls } = cloud;
  const asks = yes !== true && !cloud.dryRun;
  if (asks && !terminal.canAsk)
    throw new UsageError('--yes: expected, because there is no terminal to ask on');
  if (!existsSync(to)) {
    terminal.note(
      `nothing to go back to: there is no ${to}, so nothing was deployed before, or nothing was begun`,
    );
    return EXIT_FAILURE;
  }
  assertPlanned(to, cloud.label, '--to');
  await assertAccount(calls, deployment);
  const assembly = readAssembly(to);
  const changes = await showPlan(cloud, assembly);
  const differing = assembly.stacks.filter(
    ({ name, region }) =>
      cloud.dryRun || changes.some((one) => one.stack === name && one.region === region && one.differs),
  );
  if (differing.length === 0) terminal.note('no changes: it is as it was before');
  else if (asks && !/^y(?:es)?$/i.test(await terminal.ask(`Take ${cloud.label} back to this? [y/N]`))) {
    terminal.note('nothing was done');
    return EXIT_FAILURE;
  }
  const cdk = createCdk(cloud);
  for (const { id, name, region } of differing.toReversed()) {
    if (!cloud.dryRun) terminal.note(`going back: ${name} in ${region}`);
    await cdk.deploy(to, id);
  }
  if (!flags.smokeTest) return EXIT_OK;
  const outputs = await readOutputs(calls, assembly.stacks);
  return (await smokeTest(cloud, outputs, flags.smokeRegister)) ? EXIT_OK : EXIT_FAILURE;
}
