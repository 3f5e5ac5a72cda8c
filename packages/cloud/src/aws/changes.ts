/**
 * What an assembly changes: its templates against those that are deployed, resource by resource.
 */
import { isDeepStrictEqual } from 'node:util';

import type { PlannedStack, Template } from './assembly.ts';
import type { AwsCalls } from './aws-calls.ts';
import { deployedTemplate, isUnfinished } from './stacks.ts';

export interface StackChanges {
  readonly stack: string;
  readonly region: string;
  readonly isNew: boolean;
  /** Whether it was begun and never became whole: nothing of it is in use, and its template is that of the attempt. */
  readonly isUnfinished: boolean;
  /** Logical ids. */
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** Whether there is anything to deploy: what differs, outputs and conditions as well, or what is unfinished. */
  readonly differs: boolean;
}

export async function findChanges(
  calls: AwsCalls,
  stacks: readonly PlannedStack[],
): Promise<readonly StackChanges[]> {
  const all: StackChanges[] = [];
  for (const stack of stacks) {
    const deployed = await deployedTemplate(calls, stack);
    all.push(changesOf(stack, deployed, deployed !== undefined && (await isUnfinished(calls, stack))));
  }
  return all;
}

function changesOf(
  { name, region, template }: PlannedStack,
  deployed: Template | undefined,
  unfinished: boolean,
): StackChanges {
  const { Resources: after = {} } = template;
  const { Resources: before = {} } = deployed ?? {};
  return {
    stack: name,
    region,
    isNew: deployed === undefined,
    isUnfinished: unfinished,
    added: Object.keys(after).filter((id) => !(id in before)),
    changed: Object.keys(after).filter((id) => id in before && !isDeepStrictEqual(after[id], before[id])),
    removed: Object.keys(before).filter((id) => !(id in after)),
    differs: unfinished || !isDeepStrictEqual(template, deployed),
  };
}

/** `app-dev (eu-west-1, new)  12 to add, 0 to change, 0 to remove` */
export function toRow(changes: StackChanges): string[] {
  const { stack, region, isNew, isUnfinished: unfinished, added, changed, removed, differs } = changes;
  const counts = `${added.length} to add, ${changed.length} to change, ${removed.length} to remove`;
  const nothing = added.length + changed.length + removed.length === 0;
  const same = unfinished
    ? 'what is not there yet'
    : differs
      ? 'no resources; outputs or metadata'
      : 'no changes';
  const state = isNew ? ', new' : unfinished ? ', unfinished' : '';
  return [`${stack} (${region}${state})`, nothing ? same : counts];
}
