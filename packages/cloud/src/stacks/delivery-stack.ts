/**
 * Who may deploy, as a stack of its own: roles belong to the account and not to a region, and they are there before the
 * first pipeline runs. An operator deploys it once, by `apply` like everything else; from then on the pipeline does.
 */
import type { StackProps } from 'aws-cdk-lib';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { DeployRoles } from '../delivery/deploy-roles.ts';

export interface DeliveryStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly delivery: NonNullable<Deployment['delivery']>;
  /** Every region in which the deployment has a stack. */
  readonly stackRegions: readonly string[];
}

export class DeliveryStack extends Stack {
  readonly roles: DeployRoles;

  constructor(
    scope: Construct,
    id: string,
    { deployment, delivery, stackRegions, ...props }: DeliveryStackProps,
  ) {
    super(scope, id, props);
    this.roles = new DeployRoles(this, 'Roles', { deployment, delivery, stackRegions });
  }
}
