/**
 * Stacks as CloudFormation has them: their state, their outputs, their resources by the names that AWS gave them.
 */
import type { PlannedStack, Template } from './assembly.ts';
import type { AwsCalls } from './aws-calls.ts';
import { AwsError } from './aws-calls.ts';

export interface DeployedStack {
  readonly name: string;
  readonly region: string;
  /** Such as `UPDATE_COMPLETE`. */
  readonly status: string;
  readonly reason?: string | undefined;
  readonly changedAt?: Date | undefined;
  readonly outputs: Readonly<Record<string, string>>;
  readonly isProtected: boolean;
}

export interface DeployedResource {
  readonly logicalId: string;
  readonly type: string;
  /** What AWS calls it: a table's name, a queue's URL, a role's name. */
  readonly physicalId: string;
}

type Place = Pick<PlannedStack, 'name' | 'region'>;

/** @returns undefined when there is none of that name. */
export async function findStack(
  calls: AwsCalls,
  { name, region }: Place,
): Promise<DeployedStack | undefined> {
  const answer = await unlessMissing(() =>
    calls.send('cloudformation:DescribeStacks', region, { StackName: name }),
  );
  const stack = answer?.Stacks?.[0];
  if (stack === undefined) return undefined;
  return {
    name,
    region,
    status: stack.StackStatus ?? 'UNKNOWN',
    reason: stack.StackStatusReason,
    changedAt: stack.LastUpdatedTime ?? stack.CreationTime,
    outputs: Object.fromEntries(
      (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
    ),
    isProtected: stack.EnableTerminationProtection ?? false,
  };
}

/**
 * "Stack status codes", AWS CloudFormation User Guide, of a first deployment that failed. `UPDATE_FAILED` is where another
 * attempt at it stopped: a stack that was whole once goes back by itself.
 */
const UNFINISHED = new Set([
  'CREATE_FAILED',
  'REVIEW_IN_PROGRESS',
  'ROLLBACK_COMPLETE',
  'ROLLBACK_FAILED',
  'UPDATE_FAILED',
]);

/** Whether it was begun and never became whole: nothing of it is in use, and its template is that of the attempt. */
export async function isUnfinished(calls: AwsCalls, place: Place): Promise<boolean> {
  const found = await findStack(calls, place);
  return found !== undefined && UNFINISHED.has(found.status);
}

/** The template as it was given; undefined when there is no such stack. */
export async function deployedTemplate(
  calls: AwsCalls,
  { name, region }: Place,
): Promise<Template | undefined> {
  const input = { StackName: name, TemplateStage: 'Original' as const };
  const answer = await unlessMissing(() => calls.send('cloudformation:GetTemplate', region, input));
  return answer?.TemplateBody === undefined ? undefined : (JSON.parse(answer.TemplateBody) as Template);
}

/** Empty when there is no such stack. */
export async function listResources(calls: AwsCalls, { name, region }: Place): Promise<DeployedResource[]> {
  const resources: DeployedResource[] = [];
  let next: string | undefined;
  do {
    const input = { StackName: name, ...(next !== undefined && { NextToken: next }) };
    const page = await unlessMissing(() => calls.send('cloudformation:ListStackResources', region, input));
    for (const one of page?.StackResourceSummaries ?? []) {
      if (one.ResourceStatus === 'DELETE_COMPLETE' || one.PhysicalResourceId === undefined) continue;
      resources.push({
        logicalId: one.LogicalResourceId ?? '',
        type: one.ResourceType ?? '',
        physicalId: one.PhysicalResourceId,
      });
    }
    next = page?.NextToken;
  } while (next !== undefined);
  return resources;
}

/** CloudFormation has no error of its own for it: "ValidationError: Stack with id … does not exist". */
async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (thrown) {
    if (
      thrown instanceof AwsError &&
      thrown.code === 'ValidationError' &&
      /does not exist/.test(thrown.message)
    )
      return undefined;
    throw thrown;
  }
}
