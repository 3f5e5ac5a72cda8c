/**
 * What becomes of a database when its stack goes. CDK sets it on its own constructs; these are CloudFormation's.
 */
import type { CfnResource } from 'aws-cdk-lib';
import { RemovalPolicy } from 'aws-cdk-lib';

export function isKept(removalPolicy: RemovalPolicy): boolean {
  return removalPolicy === RemovalPolicy.RETAIN;
}

/** Without it CloudFormation would take a snapshot of a cluster and forget it. */
export function keepOrRemove(resource: CfnResource, removalPolicy: RemovalPolicy): void {
  resource.applyRemovalPolicy(removalPolicy, { applyToUpdateReplacePolicy: true });
}
