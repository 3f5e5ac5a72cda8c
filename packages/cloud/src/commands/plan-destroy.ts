/**
 * `plan-destroy`: every resource that would go, what is kept, and what stands in the way. Changes nothing.
 */
import type { Command } from 'commander';

import { assertAccount } from '../aws/account.ts';
import type { Fate } from '../aws/fate.ts';
import { fatesOf } from '../aws/fate.ts';
import { deployedTemplate, findStack } from '../aws/stacks.ts';
import { toTable } from '../terminal.ts';
import type { Cloud, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';

export interface StackFates {
  /** In the assembly. */
  readonly id: string;
  readonly stack: string;
  readonly region: string;
  /** CloudFormation refuses to delete a stack whose termination protection is on. */
  readonly isProtected: boolean;
  readonly fates: readonly Fate[];
}

const FATES = ['blocks', 'kept', 'goes'] as const;
const STYLES = { blocks: 'red', kept: 'green', goes: 'yellow' } as const;

export function addPlanDestroy(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'plan-destroy',
    summary: 'List what destroy would remove, what it keeps, and what stands in the way.',
    examples: [
      ['plan-destroy -e dev', ''],
      ['plan-destroy -e prd --json', 'for scripts'],
    ],
  }).action(
    action(run, async (cloud) => {
      await assertAccount(cloud.calls, cloud.deployment);
      const stacks = await findFates(cloud);
      if (cloud.json) cloud.terminal.line(JSON.stringify({ stacks }));
      else if (!cloud.dryRun) showFates(cloud, stacks);
    }),
  );
}

/** Of the stacks that are deployed, those first that nothing else needs: the order in which they go. */
export async function findFates(cloud: Cloud): Promise<readonly StackFates[]> {
  const found: StackFates[] = [];
  for (const { id, name, region } of (await cloud.stacks()).toReversed()) {
    const stack = await findStack(cloud.calls, { name, region });
    const template = stack && (await deployedTemplate(cloud.calls, { name, region }));
    if (stack === undefined || template === undefined) continue;
    found.push({ id, stack: name, region, isProtected: stack.isProtected, fates: fatesOf(template) });
  }
  return found;
}

export function showFates({ terminal }: Cloud, stacks: readonly StackFates[]): void {
  if (stacks.length === 0) terminal.note('nothing is deployed');
  for (const { stack, region, isProtected, fates } of stacks) {
    terminal.line(`${terminal.paint('bold', stack)} (${region})`);
    if (isProtected)
      terminal.line(`  ${terminal.paint('red', 'blocks')}  termination protection of the stack`);
    const rows = FATES.flatMap((fate) =>
      fates
        .filter((one) => one.fate === fate)
        .toSorted((a, b) => (a.type < b.type ? -1 : 1))
        .map(({ logicalId, type, reason = '' }) => [
          `  ${terminal.paint(STYLES[fate], fate)}`,
          type,
          logicalId,
          reason,
        ]),
    );
    if (rows.length > 0) terminal.line(toTable(rows));
  }
  const all = stacks.flatMap(({ fates }) => fates);
  const counts = FATES.toReversed().map((fate) => `${all.filter((one) => one.fate === fate).length} ${fate}`);
  terminal.line(counts.join(' · '));
}
