/**
 * What AWS Backup may do in our name: back this table up into this vault, and restore it into a new table. The managed
 * policies of AWS say the same of every resource of every service in the account; this is their part about DynamoDB
 * (AWSBackupServiceRolePolicyForBackup, AWSBackupServiceRolePolicyForRestores), with the names that are known.
 */
import type { aws_backup as backup, aws_dynamodb as dynamodb, aws_kms as kms } from 'aws-cdk-lib';
import { aws_iam as iam, Stack, Validations } from 'aws-cdk-lib';
import type { CfnElement } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

export interface BackupRoleProps {
  readonly table: dynamodb.ITable;
  readonly vault: backup.IBackupVault;
  readonly key?: kms.IKey | undefined;
}

/** What a restore writes a new table with. */
const FILL_ACTIONS = [
  'dynamodb:BatchWriteItem',
  'dynamodb:DeleteItem',
  'dynamodb:DescribeTable',
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:Query',
  'dynamodb:RestoreTableFromAwsBackup',
  'dynamodb:Scan',
  'dynamodb:UpdateItem',
];
/** What the table that is in use is never to be written with. */
const WRITE_ACTIONS = [
  'dynamodb:BatchWriteItem',
  'dynamodb:DeleteItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
];

export function createBackupRole(scope: Construct, { table, vault, key }: BackupRoleProps): iam.Role {
  const { account, partition, region } = Stack.of(scope);
  const role = new iam.Role(scope, 'Role', {
    assumedBy: new iam.ServicePrincipal('backup.amazonaws.com'),
    description: 'Daybook: AWS Backup, of the table',
  });
  const allow = (sid: string, actions: readonly string[], resources: readonly string[], more = {}) =>
    role.addToPolicy(
      new iam.PolicyStatement({ sid, actions: [...actions], resources: [...resources], ...more }),
    );
  const anyTable = `arn:${partition}:dynamodb:${region}:${account}:table/*`;
  const backups = `${table.tableArn}/backup/*`;
  const recoveryPoints = `arn:${partition}:backup:${region}:${account}:recovery-point:*`;
  allow(
    'BackUp',
    [
      'dynamodb:CreateBackup',
      'dynamodb:DescribeTable',
      'dynamodb:ListTagsOfResource',
      'dynamodb:StartAwsBackupJob',
    ],
    [table.tableArn],
  );
  allow(
    'Backups',
    ['dynamodb:DeleteBackup', 'dynamodb:DescribeBackup', 'dynamodb:RestoreTableFromBackup'],
    [backups],
  );
  allow('Vault', ['backup:DescribeBackupVault'], [vault.backupVaultArn]);
  allow('Tags', ['backup:TagResource'], [recoveryPoints]);
  allow('RestoreIntoNewTable', FILL_ACTIONS, [anyTable]);
  allow('NeverIntoThisOne', WRITE_ACTIONS, [table.tableArn], { effect: iam.Effect.DENY });
  if (key !== undefined) allowKey(role, key, region);
  acknowledge(role, [
    [`Resource::${shown(table)}/backup/*`, 'Backups get their names when they are made.'],
    [`Resource::${recoveryPoints}`, 'Recovery points get their names when they are made.'],
    [
      `Resource::${anyTable}`,
      'The table that is restored has a name that the operator chooses; the one in use is denied.',
    ],
  ]);
  return role;
}

/** Of the table and of the vault, through their services only. */
function allowKey(role: iam.Role, key: kms.IKey, region: string): void {
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: 'Key',
      actions: [
        'kms:Decrypt',
        'kms:DescribeKey',
        'kms:Encrypt',
        'kms:GenerateDataKey',
        'kms:GenerateDataKeyWithoutPlaintext',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
      ],
      resources: [key.keyArn],
      conditions: {
        StringEquals: {
          'kms:ViaService': [`backup.${region}.amazonaws.com`, `dynamodb.${region}.amazonaws.com`],
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

/** As cdk-nag writes the ARN of a table; one that was restored is no resource of the stack. */
function shown(table: dynamodb.ITable): string {
  const { defaultChild } = table.node;
  if (defaultChild === undefined) return table.tableArn;
  return `<${Stack.of(table).getLogicalId(defaultChild as CfnElement)}.Arn>`;
}

function acknowledge(
  role: iam.Role,
  findings: readonly (readonly [finding: string, reason: string])[],
): void {
  for (const [finding, reason] of findings)
    Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[${finding}]`, reason });
}
