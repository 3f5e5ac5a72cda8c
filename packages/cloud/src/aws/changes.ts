/**
 * What an assembly changes: its templates against those that are deployed, resource by resource.
 */
import { isDeepStrictEqual } from 'node:util';

import type { PlannedStack, Template } from './assembly.ts';
import type { AwsCalls } from './aws-calls.ts';
import { deployedTemplate } from './stacks.ts';

export interface StackChanges {
  readonly stack: string;
  readonly region: string;
  readonly isNew: boolean;
  /** Logical ids. */
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** Whether anything differs: outputs and conditions as well. */
  readonly differs: boolean;
}

export async function findChanges(
  calls: AwsCalls,
  stacks: readonly PlannedStack[],
): Promise<readonly StackChanges[]> {
  const all: StackChanges[] = [];
  for (const stack of stacks) all.push(changesOf(stack, await deployedTemplate(calls, stack)));
  return all;
}

function changesOf({ name, region, template }: PlannedStack, deployed: Template | undefined): StackChanges {
  const { Resources: after = {} } = template;
  const { Resources: before = {} } = deployed ?? {};
  return {
    stack: name,
    region,
    isNew: deployed === undefined,
    added: Object.keys(after).filter((id) => !(id in before)),
    changed: Object.keys(after).filter((id) => id in before && !isDeepStrictEqual(after[id], before[id])),
    removed: Object.keys(before).filter((id) => !(id in after)),
    differs: !isDeepStrictEqual(template, deployed),
  };
}

/** `app-dev (eu-west-1, new)  12 to add, 0 to change, 0 to remove` */
export function toRow({ stack, region, isNew, added, changed, removed, differs }: StackChanges): string[] {
  const counts = `${added.length} to add, ${changed.length} to change, ${removed.length} to remove`;
  const nothing = added.length + changed.length + removed.length === 0;
  const what = nothing ? (differs ? 'no resources; outputs or metadata' : 'no changes') : counts;
  return [`${stack} (${region}${isNew ? ', new' : ''})`, what];
}
