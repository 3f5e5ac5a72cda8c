/**
 * `apply`: checks, plans, asks, deploys exactly what was planned, and proves that it answers.
 *
 *   credentials ─▶ account ─▶ bootstrap ─▶ plan ─▶ yes? ─▶ stack by stack ─▶ URLs ─▶ smoke test
 *
 * Stacks go in the order of what they need: network before application. One that fails is rolled back by CloudFormation,
 * and those behind it are not begun; one that was never whole stays as far as it came, and the next `apply` goes on there,
 * because what is kept when a stack goes, such as a database under its name, would stand in the way of another attempt. Of several regions each is tested before the next is begun: a version that works in none
 * is never in all of them.
 */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';

import { assertAccount, regionsToBootstrap } from '../aws/account.ts';
import type { Assembly } from '../aws/assembly.ts';
import { digestOf, readAssembly } from '../aws/assembly.ts';
import { createCdk } from '../aws/cdk.ts';
import type { StackChanges } from '../aws/changes.ts';
import { keepDeployed } from '../aws/deployed-assembly.ts';
import { CommandError, EXIT_FAILURE, EXIT_OK, toOneLine, UsageError } from '../failure.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import { assertPlanned, writePlanRecord } from './plan-record.ts';
import { showPlan } from './plan.ts';
import { answers, readOutputs, showOutputs } from './outputs.ts';
import { rollback } from './rollback.ts';
import { smokeTest } from './smoke-test.ts';
import { assertEmpty } from './synth.ts';

interface ApplyFlags extends GlobalFlags {
  readonly bootstrap?: boolean;
  readonly keepDeployed?: string;
  readonly planned?: string;
  readonly rollback?: boolean;
  readonly yes?: boolean;
  readonly smokeTest: boolean;
  readonly smokeRegister?: string;
}

export function addApply(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'apply',
    summary: 'Deploy: check, show the plan, ask, deploy it, test it. Exit code 1 when anything of it fails.',
    examples: [
      ['apply -e dev', ''],
      ['apply -e dev --yes', 'for scripts: without a question'],
      ['apply -e dev --bootstrap', 'and get each region ready for the CDK, once'],
      ['apply -e prd --planned plan-prd --yes', 'what "plan --out plan-prd" kept, and nothing else'],
    ],
  })
    .option('--bootstrap', 'get regions ready for the CDK that are not')
    .option('--planned <directory>', 'deploy what "plan --out" kept')
    .option('--keep-deployed <directory>', 'keep what is deployed before, for "rollback --to"')
    .option('--rollback', 'go back to it by itself when the deployment or its test fails')
    .option('--yes', 'do not ask')
    .option(
      '--smoke-register <register>',
      'where the smoke test posts (default: probe, else an open register)',
    )
    .option('--no-smoke-test', 'post nothing afterwards')
    .action(action(run, applyOrGoBack));
}

/** @returns the exit code of `apply`: going back is no success. */
async function applyOrGoBack(cloud: Cloud, flags: ApplyFlags): Promise<number> {
  const { rollback: goesBack = false, keepDeployed: to } = flags;
  if (!goesBack) return apply(cloud, flags);
  if (to === undefined) throw new UsageError('--rollback: expected --keep-deployed as well, given none');
  try {
    const code = await apply(cloud, flags);
    if (code === EXIT_OK) return code;
  } catch (thrown) {
    // Called wrongly, or stopped before anything was changed.
    if (thrown instanceof UsageError || !existsSync(to)) throw thrown;
    cloud.terminal.note(toOneLine(thrown));
  }
  if (!existsSync(to)) return EXIT_FAILURE;
  cloud.terminal.note(`the deployment failed: going back to ${to}`);
  await rollback(cloud, { ...flags, to, yes: true });
  return EXIT_FAILURE;
}

/** @returns the exit code: 1 when the answer was no, or the smoke test failed. */
async function apply(cloud: Cloud, flags: ApplyFlags): Promise<number> {
  const { terminal, deployment, calls } = cloud;
  const asks = flags.yes !== true && !cloud.dryRun;
  if (asks && !terminal.canAsk) {
    throw new UsageError('--yes: expected, because there is no terminal to ask on');
  }
  if (flags.keepDeployed !== undefined) assertEmpty(flags.keepDeployed, '--keep-deployed');
  if (flags.planned !== undefined) assertPlanned(flags.planned, cloud.label);
  await assertAccount(calls, deployment);
  const assembly = flags.planned === undefined ? await cloud.assembly() : readAssembly(flags.planned);
  await bootstrap(cloud, assembly, flags.bootstrap ?? false);

  const digest = digestOf(assembly.directory);
  const changes = await showPlan(cloud, assembly);
  if (cloud.dryRun || changes.some(({ differs }) => differs)) {
    const where = `account ${deployment.account}, ${deployment.regions.join(', ')}`;
    if (asks && !/^y(?:es)?$/i.test(await terminal.ask(`Apply this to ${cloud.label} (${where})? [y/N]`))) {
      terminal.note('nothing was done');
      return EXIT_FAILURE;
    }
    if (digestOf(assembly.directory) !== digest)
      throw new CommandError(
        `${assembly.directory}: expected what was planned, given files that changed since`,
      );
    if (flags.keepDeployed !== undefined) await keep(cloud, assembly, flags.keepDeployed);
    await deploy(cloud, assembly, changes, flags);
  } else {
    terminal.note('no changes: nothing to deploy');
  }
  const outputs = await readOutputs(calls, assembly.stacks);
  showOutputs(cloud, outputs);
  if (!flags.smokeTest) return EXIT_OK;
  return (await smokeTest(cloud, outputs, flags.smokeRegister)) ? EXIT_OK : EXIT_FAILURE;
}

/** Before anything is changed; a dry run changes nothing. */
async function keep(cloud: Cloud, assembly: Assembly, directory: string): Promise<void> {
  if (cloud.dryRun) return;
  const kept = await keepDeployed(cloud.calls, assembly, directory);
  if (kept.length > 0) writePlanRecord(directory, cloud.label);
  cloud.terminal.note(
    kept.length === 0
      ? 'nothing is deployed yet: there is nothing to go back to'
      : `kept ${kept.join(', ')} in ${directory}; back to it with: npm run cloud -- rollback -e ${cloud.deployment.environment} --to ${directory}`,
  );
}

/** @throws {CommandError} when a stack fails, or a region that others wait for does not pass its test. */
async function deploy(
  cloud: Cloud,
  { directory, stacks }: Assembly,
  changes: readonly StackChanges[],
  flags: ApplyFlags,
): Promise<void> {
  const cdk = createCdk(cloud);
  const fronts = stacks.filter(answers);
  for (const [index, stack] of stacks.entries()) {
    const { id, name, region } = stack;
    if (!cloud.dryRun) cloud.terminal.note(`${index + 1} of ${stacks.length}: ${name} in ${region}`);
    const { isNew = false, isUnfinished = false } = changes[index] ?? {};
    await cdk.deploy(directory, id, { keepsWhatWasMade: isNew || isUnfinished });
    if (!flags.smokeTest || !fronts.includes(stack) || stack === fronts.at(-1)) continue;
    if (!(await smokeTest(cloud, await readOutputs(cloud.calls, [stack]), flags.smokeRegister)))
      throw new CommandError(`${region}: expected the smoke test to pass before the next region, it failed`);
  }
}

/** @throws {CommandError} when a region is not ready and nobody asked for it. */
async function bootstrap(cloud: Cloud, assembly: Assembly, wanted: boolean): Promise<void> {
  const { calls, deployment } = cloud;
  const missing = await regionsToBootstrap(calls, assembly.stacks, assembly.bootstrapVersion);
  if (missing.length > 0 && !wanted) {
    const regions = missing.map(({ region, found }) => `${region} (found ${found})`).join(', ');
    const byHand = missing.map(({ region }) => `npx cdk bootstrap aws://${deployment.account}/${region}`);
    throw new CommandError(
      `bootstrap: expected the CDK's stack CDKToolkit of version ${assembly.bootstrapVersion} or newer in ${regions}; add --bootstrap, or run: ${byHand.join(' && ')}`,
    );
  }
  for (const { region } of missing) await createCdk(cloud).bootstrap(deployment.account, region);
}
