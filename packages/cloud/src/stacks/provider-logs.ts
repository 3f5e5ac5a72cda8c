/**
 * CDK brings functions of its own that act during a deployment (emptying a bucket, closing a security group). Their logs
 * would be kept for ever; here they are kept as long as the others, under the same key.
 */
import type { aws_kms as kms, CfnResource, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { aws_logs as logs, CustomResourceProviderBase } from 'aws-cdk-lib';

export interface ProviderLogsOptions {
  readonly logDays: logs.RetentionDays;
  readonly key?: kms.IKey | undefined;
  readonly removalPolicy: RemovalPolicy;
}

/** After everything else of the stack: a provider is there once something needs it. */
export function keepProviderLogs(stack: Stack, { logDays, key, removalPolicy }: ProviderLogsOptions): void {
  const handlers = stack.node.children
    .filter((child) => child instanceof CustomResourceProviderBase)
    .map((provider) => provider.node.findChild('Handler') as CfnResource);
  if (handlers.length === 0) return;
  const { logGroupName } = new logs.LogGroup(stack, 'ProviderLogs', {
    retention: logDays,
    removalPolicy,
    ...(key && { encryptionKey: key }),
  });
  for (const handler of handlers) handler.addPropertyOverride('LoggingConfig.LogGroup', logGroupName);
}
