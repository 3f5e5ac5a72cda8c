/**
 * The tags by which everything of a deployment is found, and the group of it that the console shows.
 */
import { aws_resourcegroups as groups, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';

type Named = Pick<Deployment, 'name' | 'environment'>;

/** `deployment` is both of the others, for what can be asked of one tag only. */
export interface DeploymentTags extends Readonly<Record<string, string>> {
  readonly project: string;
  readonly environment: string;
  readonly deployment: string;
}

export function tagsOf({ name, environment }: Named): DeploymentTags {
  return { project: name, environment, deployment: `${name}-${environment}` };
}

export function createResourceGroup(scope: Construct, deployment: Deployment): groups.CfnGroup {
  return new groups.CfnGroup(scope, 'Group', {
    // Has to have a name; that of the stack is unique in its account and region.
    name: Stack.of(scope).stackName,
    description: `Daybook ${deployment.name} ${deployment.environment}`,
    resourceQuery: {
      type: 'TAG_FILTERS_1_0',
      query: {
        resourceTypeFilters: ['AWS::AllSupported'],
        tagFilters: [{ key: 'deployment', values: [tagsOf(deployment).deployment] }],
      },
    },
  });
}
