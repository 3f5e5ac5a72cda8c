/**
 * The one key of a deployment, for table, queues, buckets, topics and log groups. It is rotated every year, and lives as
 * long as the data that it opens.
 */
import type { RemovalPolicy } from 'aws-cdk-lib';
import { aws_iam as iam, aws_kms as kms, Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

const ROTATION = Duration.days(365);
/** How long a deletion can be taken back: the longest that KMS offers. */
const PENDING = Duration.days(30);
/** Services that write for us into what the key protects, and never in another account's name. */
const SERVICES = ['sns.amazonaws.com', 'cloudwatch.amazonaws.com'];

/**
 * Whoever uses it needs statements of its own as well: the key's policy leaves that to IAM.
 * @see "Encrypt log data in CloudWatch Logs using AWS Key Management Service" for the statement of the log groups.
 */
export function createKey(scope: Construct, { removalPolicy }: { removalPolicy: RemovalPolicy }): kms.Key {
  const { account, region, partition } = Stack.of(scope);
  const key = new kms.Key(scope, 'Key', {
    description: 'Daybook: table, queues, buckets, topics and log groups',
    enableKeyRotation: true,
    rotationPeriod: ROTATION,
    pendingWindow: PENDING,
    removalPolicy,
  });
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'LogGroups',
      principals: [new iam.ServicePrincipal(`logs.${region}.amazonaws.com`)],
      actions: [
        'kms:Decrypt',
        'kms:DescribeKey',
        'kms:Encrypt',
        'kms:GenerateDataKey',
        'kms:GenerateDataKeyWithoutPlaintext',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
      ],
      // A key's policy speaks of that key alone.
      resources: ['*'],
      // Log groups get their names when they are made, and name the key: by their names there would be a cycle.
      conditions: {
        ArnLike: {
          'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*`,
        },
      },
    }),
  );
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'TopicsAndAlarms',
      principals: SERVICES.map((service) => new iam.ServicePrincipal(service)),
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    }),
  );
  return key;
}
