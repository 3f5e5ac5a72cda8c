/**
 * The parts of a deployment that the commands work on, by the names that AWS gave them: found in the templates that are
 * deployed, so that they are those that run, whatever the configuration says by now.
 */
import type { PlannedStack, Template, TemplateResource } from './assembly.ts';
import type { AwsCalls } from './aws-calls.ts';
import type { DeployedResource } from './stacks.ts';
import { deployedTemplate, listResources } from './stacks.ts';

export interface DeployedPart extends DeployedResource {
  readonly region: string;
  readonly stack: string;
  readonly template: TemplateResource;
}

export interface DeployedParts {
  readonly all: readonly DeployedPart[];
  ofType(...types: readonly string[]): readonly DeployedPart[];
  /** What a property of a part refers to, by `Ref` or `Fn::GetAtt`. */
  referred(from: DeployedPart, value: unknown): DeployedPart | undefined;
}

export const TABLE_TYPES = ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'] as const;

export async function findParts(calls: AwsCalls, stacks: readonly PlannedStack[]): Promise<DeployedParts> {
  const all: DeployedPart[] = [];
  for (const { name, region } of stacks) {
    const template: Template = (await deployedTemplate(calls, { name, region })) ?? {};
    for (const resource of await listResources(calls, { name, region })) {
      const described = template.Resources?.[resource.logicalId];
      if (described !== undefined) all.push({ ...resource, region, stack: name, template: described });
    }
  }
  return {
    all,
    ofType: (...types) => all.filter(({ type }) => types.includes(type)),
    referred(from, value) {
      const id = referredId(value);
      return all.find(({ stack, region, logicalId }) => {
        return stack === from.stack && region === from.region && logicalId === id;
      });
    },
  };
}

function referredId(value: unknown): string | undefined {
  const { Ref, 'Fn::GetAtt': attribute } = (value ?? {}) as {
    readonly Ref?: string;
    readonly 'Fn::GetAtt'?: readonly string[];
  };
  return Ref ?? attribute?.[0];
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html: the part of AWS that a region belongs to. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
