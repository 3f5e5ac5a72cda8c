/**
 * What AWS Backup may do in our name where there is a database: back it and these buckets up. The managed policies of AWS
 * say the same of every resource of the account; this is their part about Amazon RDS and Amazon S3
 * (AWSBackupServiceRolePolicyForBackup, AWSBackupServiceRolePolicyForS3Backup), with the names that are known. Restoring
 * is done by the operator's own credentials, into a new database, so the role has nothing for it.
 */
import type { CfnElement } from 'aws-cdk-lib';
import type { aws_backup as backup, aws_kms as kms, aws_s3 as s3 } from 'aws-cdk-lib';
import { aws_iam as iam, Stack, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Database } from '../parts.ts';

export interface ServicesBackupRoleProps {
  readonly database: Database;
  readonly buckets: readonly s3.Bucket[];
  readonly vault: backup.IBackupVault;
  readonly key?: kms.IKey | undefined;
}

/** They are asked with no resource, or answer for all of them. */
const RDS_ASK_ACTIONS = [
  'rds:DescribeDBClusterAutomatedBackups',
  'rds:DescribeDBClusterSnapshots',
  'rds:DescribeDBClusters',
  'rds:DescribeDBInstances',
  'rds:DescribeDBSnapshots',
];
const RDS_MAKE_ACTIONS = [
  'rds:AddTagsToResource',
  'rds:CopyDBClusterSnapshot',
  'rds:CopyDBSnapshot',
  'rds:CreateDBClusterSnapshot',
  'rds:CreateDBSnapshot',
  'rds:ListTagsForResource',
];
const RDS_EXPIRE_ACTIONS = ['rds:DeleteDBClusterSnapshot', 'rds:DeleteDBSnapshot'];
const BUCKET_ACTIONS = [
  's3:GetBucketAcl',
  's3:GetBucketLocation',
  's3:GetBucketNotification',
  's3:GetBucketTagging',
  's3:GetBucketVersioning',
  's3:GetInventoryConfiguration',
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:PutBucketNotification',
  's3:PutInventoryConfiguration',
];
const OBJECT_ACTIONS = [
  's3:GetObject',
  's3:GetObjectAcl',
  's3:GetObjectTagging',
  's3:GetObjectVersion',
  's3:GetObjectVersionAcl',
  's3:GetObjectVersionTagging',
];
/** Changes of a bucket come to AWS Backup by a rule of its own. */
const RULE_ACTIONS = [
  'events:DeleteRule',
  'events:DescribeRule',
  'events:DisableRule',
  'events:EnableRule',
  'events:ListTargetsByRule',
  'events:PutRule',
  'events:PutTargets',
  'events:RemoveTargets',
];

export function createServicesBackupRole(
  scope: Construct,
  { database, buckets, vault, key }: ServicesBackupRoleProps,
): iam.Role {
  const { account, partition, region } = Stack.of(scope);
  const role = new iam.Role(scope, 'Role', {
    assumedBy: new iam.ServicePrincipal('backup.amazonaws.com'),
    description: 'Daybook: AWS Backup, of the database and the buckets',
  });
  const allow = (sid: string, actions: readonly string[], resources: readonly string[]): void => {
    role.addToPolicy(new iam.PolicyStatement({ sid, actions: [...actions], resources: [...resources] }));
  };
  const rds = `arn:${partition}:rds:${region}:${account}`;
  const snapshots = [`${rds}:snapshot:awsbackup:*`, `${rds}:cluster-snapshot:awsbackup:*`];
  const recoveryPoints = `arn:${partition}:backup:${region}:${account}:recovery-point:*`;
  const rules = `arn:${partition}:events:${region}:${account}:rule/AwsBackupManagedRule*`;
  allow(
    'Ask',
    [...RDS_ASK_ACTIONS, 'cloudwatch:GetMetricData', 'events:ListRules', 's3:ListAllMyBuckets'],
    ['*'],
  );
  allow('BackUpDatabase', RDS_MAKE_ACTIONS, [database.arn, ...snapshots]);
  allow('ExpireSnapshots', RDS_EXPIRE_ACTIONS, snapshots);
  allow(
    'Buckets',
    BUCKET_ACTIONS,
    buckets.map(({ bucketArn }) => bucketArn),
  );
  allow(
    'Objects',
    OBJECT_ACTIONS,
    buckets.map((bucket) => bucket.arnForObjects('*')),
  );
  allow('Changes', RULE_ACTIONS, [rules]);
  allow('Vault', ['backup:DescribeBackupVault'], [vault.backupVaultArn]);
  allow('Tags', ['backup:TagResource'], [recoveryPoints]);
  if (key !== undefined) allowKey(role, key, region);
  const named =
    'Snapshots, recovery points and rules get their names when they are made, with these beginnings.';
  for (const resource of [...snapshots, recoveryPoints, rules]) because(role, `Resource::${resource}`, named);
  because(
    role,
    'Resource::*',
    'These only ask and list; they know no resources, or answer for all of the account.',
  );
  for (const bucket of buckets) {
    const id = Stack.of(bucket).getLogicalId(bucket.node.defaultChild as CfnElement);
    because(role, `Resource::<${id}.Arn>/*`, 'Every object of the bucket is backed up.');
  }
  return role;
}

/** Of database, buckets and vault, through their services only. */
function allowKey(role: iam.Role, key: kms.IKey, region: string): void {
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: 'Key',
      actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'],
      resources: [key.keyArn],
      conditions: {
        StringEquals: {
          'kms:ViaService': ['backup', 'rds', 's3'].map((service) => `${service}.${region}.amazonaws.com`),
        },
      },
    }),
  );
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: 'KeyForServices',
      actions: ['kms:CreateGrant'],
      resources: [key.keyArn],
      conditions: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
    }),
  );
}

function because(role: iam.Role, finding: string, reason: string): void {
  Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[${finding}]`, reason });
}
