/**
 * `plan`: what `apply` would change, and nothing else. With `--out` the assembly is kept, so that exactly what was read and
 * approved is deployed later, by `apply --planned`.
 */
import type { Command } from 'commander';

import { assertAccount } from '../aws/account.ts';
import type { Assembly } from '../aws/assembly.ts';
import { readAssembly } from '../aws/assembly.ts';
import { createCdk } from '../aws/cdk.ts';
import type { StackChanges } from '../aws/changes.ts';
import { findChanges, toRow } from '../aws/changes.ts';
import { UsageError } from '../failure.ts';
import { toTable } from '../terminal.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import { assertPlanned, writePlanRecord } from './plan-record.ts';
import { assertEmpty, keepAssembly } from './synth.ts';

interface PlanFlags extends GlobalFlags {
  readonly out?: string;
  readonly planned?: string;
}

export function addPlan(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'plan',
    summary: 'Show what apply would change, resource by resource.',
    examples: [
      ['plan -e dev', ''],
      ['plan -e prd --out plan-prd', 'keep it; "apply --planned plan-prd" deploys exactly this'],
      ['plan -e prd --planned assembly-prd', 'of what "synth --out assembly-prd" wrote'],
      ['plan -e dev --json', 'the changes as JSON, the diff on standard error'],
    ],
  })
    .option('--out <directory>', 'keep what was planned here')
    .option('--planned <directory>', 'plan what "synth --out" or "plan --out" kept')
    .action(
      action(run, async (cloud, { out, planned }: PlanFlags) => {
        if (out !== undefined && planned !== undefined)
          throw new UsageError('--out: expected none beside --planned, which is kept already');
        if (out !== undefined) assertEmpty(out);
        if (planned !== undefined) assertPlanned(planned, cloud.label);
        await assertAccount(cloud.calls, cloud.deployment);
        const assembly = planned === undefined ? await cloud.assembly() : readAssembly(planned);
        const changes = await showPlan(cloud, assembly);
        if (cloud.json) cloud.terminal.line(JSON.stringify({ stacks: changes }));
        if (out === undefined) return;
        await keepAssembly(cloud, out);
        writePlanRecord(out, cloud.label);
        cloud.terminal.note(
          `kept in ${out}; deploy it with: npm run cloud -- apply -e ${cloud.deployment.environment} --planned ${out}`,
        );
      }),
    );
}

/** The CDK's diff, then what it comes to. */
export async function showPlan(
  cloud: Cloud,
  { directory, stacks }: Assembly,
): Promise<readonly StackChanges[]> {
  const { calls, terminal, json, dryRun } = cloud;
  const changes = await findChanges(calls, stacks);
  await createCdk(cloud).diff(
    directory,
    stacks.map(({ id }) => id),
  );
  if (!json && !dryRun) terminal.line(toTable(changes.map(toRow)));
  return changes;
}
