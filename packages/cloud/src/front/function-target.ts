/**
 * A Lambda function behind a balancer. Differs from the CDK's own target in the permission, which names the account:
 * without it a balancer of anybody's could call the function ("Lambda functions as targets", confused deputy).
 */
import type { aws_lambda as lambda } from 'aws-cdk-lib';
import { aws_elasticloadbalancingv2 as elbv2, aws_iam as iam, Duration, Names, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** More than the function may take (`functions.timeoutSeconds` is at most 29), so a slow answer is not called none. */
const CHECK_TIMEOUT_SECONDS = 30;
/** Must be more than the timeout; the API's own default for Lambda targets. */
const CHECK_INTERVAL_SECONDS = 35;

export interface FunctionTargetOptions {
  /** The path of the check; default: none, and the target is taken as healthy. */
  readonly checkPath?: string;
}

export function createFunctionTarget(
  scope: Construct,
  id: string,
  handler: lambda.IFunction,
  { checkPath }: FunctionTargetOptions = {},
): elbv2.ApplicationTargetGroup {
  return new elbv2.ApplicationTargetGroup(scope, id, {
    targetType: elbv2.TargetType.LAMBDA,
    // Without it a header field or parameter that comes twice loses all values but the last.
    multiValueHeadersEnabled: true,
    targets: [{ attachToApplicationTargetGroup: (group) => attach(group, handler) }],
    healthCheck:
      checkPath === undefined
        ? { enabled: false }
        : {
            enabled: true,
            path: checkPath,
            healthyHttpCodes: '200',
            interval: Duration.seconds(CHECK_INTERVAL_SECONDS),
            timeout: Duration.seconds(CHECK_TIMEOUT_SECONDS),
            healthyThresholdCount: 2,
            unhealthyThresholdCount: 2,
          },
  });
}

function attach(
  group: elbv2.IApplicationTargetGroup,
  handler: lambda.IFunction,
): elbv2.LoadBalancerTargetProps {
  const permission = `Balancer${Names.nodeUniqueId(group.node)}`;
  handler.addPermission(permission, {
    principal: new iam.ServicePrincipal('elasticloadbalancing.amazonaws.com'),
    sourceAccount: Stack.of(group).account,
  });
  // Registering fails while the balancer may not call the function.
  group.node.addDependency(handler.node.findChild(permission));
  return { targetType: elbv2.TargetType.LAMBDA, targetJson: { id: handler.functionArn } };
}
