/**
 * Access logs of a balancer in a bucket. By the service that delivers, not by the account that older regions have for it:
 * the policy that AWS recommends for every region ("Enable access logs for your Application Load Balancer").
 */
import { aws_elasticloadbalancingv2 as elbv2, aws_iam as iam, Stack, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { LogBucket } from './log-bucket.ts';

export function deliverAccessLogs(
  scope: Construct,
  balancer: elbv2.ApplicationLoadBalancer,
  deployment: Deployment,
): void {
  if (deployment.front.accessLogs === 'off') {
    Validations.of(balancer).acknowledge({
      id: 'AwsSolutions-ELB2',
      reason: 'front.accessLogs is off in this environment; the application logs every failure itself.',
    });
    return;
  }
  const { bucket } = new LogBucket(scope, 'AccessLogs', { deployment });
  const stack = Stack.of(scope);
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal('logdelivery.elasticloadbalancing.amazonaws.com')],
      actions: ['s3:PutObject'],
      resources: [bucket.arnForObjects(`AWSLogs/${stack.account}/*`)],
      conditions: {
        ArnLike: {
          'aws:SourceArn': stack.formatArn({
            service: 'elasticloadbalancing',
            resource: 'loadbalancer',
            resourceName: '*',
          }),
        },
      },
    }),
  );
  balancer.setAttribute('access_logs.s3.enabled', 'true');
  balancer.setAttribute('access_logs.s3.bucket', bucket.bucketName);
  // The balancer tries to write a file before it takes the setting.
  if (bucket.policy !== undefined) balancer.node.addDependency(bucket.policy);
}
