/**
 * A tier behind a balancer. What its health is asked decides twice: who is sent callers, and whom ECS replaces.
 */
import { aws_ec2 as ec2, aws_elasticloadbalancingv2 as elbv2, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { PORT } from '../services/image.ts';

export interface ServiceTargetOptions {
  readonly vpc: ec2.IVpc;
  readonly checkPath: string;
  /** What a request may take at the most. */
  readonly longestRequestSeconds: number;
}

export function createServiceTarget(
  scope: Construct,
  id: string,
  { vpc, checkPath, longestRequestSeconds }: ServiceTargetOptions,
): elbv2.ApplicationTargetGroup {
  return new elbv2.ApplicationTargetGroup(scope, id, {
    vpc,
    targetType: elbv2.TargetType.IP,
    protocol: elbv2.ApplicationProtocol.HTTP,
    port: PORT,
    // A task that leaves finishes what it was sent; one that has nothing left leaves at once.
    deregistrationDelay: Duration.seconds(longestRequestSeconds),
    healthCheck: {
      path: checkPath,
      healthyHttpCodes: '200',
      interval: Duration.seconds(10),
      timeout: Duration.seconds(5),
      healthyThresholdCount: 2,
      unhealthyThresholdCount: 3,
    },
  });
}
