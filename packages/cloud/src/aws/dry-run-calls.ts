/**
 * Calls that are shown and never sent. The commands go on as if everything were deployed as it was synthesised and went
 * well; what AWS would have named is shown as `<LogicalId>`.
 */
import type { Deployment } from '../config/schema.ts';
import { CONTAINER } from '../services/image.ts';
import type { Assembly, PlannedStack } from './assembly.ts';
import type { Answer, AwsCalls, CallName, Input } from './aws-calls.ts';

export interface DryRunOptions {
  readonly deployment: Pick<Deployment, 'account'>;
  /** Synthesised when the first answer needs it. */
  readonly assembly: () => Promise<Assembly>;
  readonly show: (call: ShownCall) => void;
}

/** One line of a dry run. */
export interface ShownCall {
  readonly service: string;
  readonly operation: string;
  readonly region?: string;
  readonly input: unknown;
}

type Answers = {
  [Name in CallName]: (input: Input<Name>, stacks: readonly PlannedStack[]) => Answer<Name>;
};

/** Newer than what any assembly asks for. */
const BOOTSTRAP_VERSION = '1000';
const AT = new Date('2026-01-01T00:00:00Z');

export function createDryRunCalls({ deployment, assembly, show }: DryRunOptions): AwsCalls {
  const answers = answersFor(deployment.account);
  return {
    async send<Name extends CallName>(name: Name, region: string, input: Input<Name>): Promise<Answer<Name>> {
      const [service = '', operation = ''] = name.split(':');
      show({ service, operation, region, input });
      const { stacks } = service === 'cloudformation' ? await assembly() : { stacks: [] };
      return answers[name](input, stacks);
    },
  };
}

function answersFor(account: string): Answers {
  const arn = (service: string, rest: string): string => `arn:aws:${service}:<region>:${account}:${rest}`;
  return {
    'sts:GetCallerIdentity': () => ({ Account: account, Arn: `arn:aws:iam::${account}:user/<you>` }),
    'cloudformation:DescribeStacks': ({ StackName }, stacks) => ({
      Stacks: [
        {
          StackName,
          StackStatus: 'UPDATE_COMPLETE',
          CreationTime: AT,
          Outputs: [
            ...(named(stacks, StackName) === undefined
              ? [{ OutputKey: 'BootstrapVersion', OutputValue: BOOTSTRAP_VERSION }]
              : []),
            ...Object.entries(named(stacks, StackName)?.template.Outputs ?? {}).map(([key, { Value }]) => ({
              OutputKey: key,
              OutputValue: typeof Value === 'string' ? Value : `<${key}>`,
            })),
          ],
        },
      ],
    }),
    'cloudformation:GetTemplate': ({ StackName }, stacks) => ({
      TemplateBody: JSON.stringify(named(stacks, StackName)?.template ?? {}),
    }),
    'cloudformation:ListStackResources': ({ StackName }, stacks) => ({
      StackResourceSummaries: Object.entries(named(stacks, StackName)?.template.Resources ?? {}).map(
        ([id, { Type }]) => ({
          LogicalResourceId: id,
          ResourceType: Type,
          PhysicalResourceId: `<${id}>`,
          ResourceStatus: 'UPDATE_COMPLETE',
          LastUpdatedTimestamp: AT,
        }),
      ),
    }),
    'cloudformation:UpdateTerminationProtection': () => ({}),
    'cloudwatch:DescribeAlarms': () => ({}),
    'cloudwatch:GetMetricData': () => ({}),
    'sqs:GetQueueAttributes': () => ({
      Attributes: { ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: '0' },
    }),
    'logs:CreateLogGroup': () => ({}),
    'logs:PutRetentionPolicy': () => ({}),
    'logs:FilterLogEvents': () => ({ events: [] }),
    'application-autoscaling:RegisterScalableTarget': () => ({}),
    'ecs:UpdateService': () => ({}),
    'ecs:DescribeServices': ({ services = [] }) => ({
      services: services.map((serviceName) => ({
        serviceName,
        status: 'ACTIVE',
        taskDefinition: `<task definition of ${serviceName}>`,
        networkConfiguration: {
          awsvpcConfiguration: { subnets: ['<its subnets>'], securityGroups: ['<its group>'] },
        },
      })),
    }),
    'ecs:RunTask': () => ({ tasks: [{ taskArn: '<task>' }] }),
    'ecs:DescribeTasks': ({ tasks = [] }) => ({
      tasks: tasks.map((taskArn) => ({
        taskArn,
        lastStatus: 'STOPPED',
        containers: [{ name: CONTAINER, exitCode: 0 }],
      })),
    }),
    'rds:CreateDBInstance': () => ({}),
    'rds:DescribeDBClusterSnapshots': () => ({}),
    'rds:DescribeDBClusters': ({ DBClusterIdentifier = '' }) => ({
      DBClusters: [{ ...availableDatabase(DBClusterIdentifier), Status: 'available', DBClusterIdentifier }],
    }),
    'rds:DescribeDBInstanceAutomatedBackups': () => ({}),
    'rds:DescribeDBSnapshots': () => ({}),
    'rds:DescribeDBInstances': ({ DBInstanceIdentifier = '' }) => ({
      DBInstances: [
        {
          ...availableDatabase(DBInstanceIdentifier),
          DBInstanceIdentifier,
          DBInstanceStatus: 'available',
          Endpoint: { Address: `<host of ${DBInstanceIdentifier}>` },
        },
      ],
    }),
    'rds:ModifyDBCluster': () => ({}),
    'rds:ModifyDBInstance': () => ({}),
    'rds:RestoreDBClusterFromSnapshot': () => ({}),
    'rds:RestoreDBClusterToPointInTime': () => ({}),
    'rds:RestoreDBInstanceFromDBSnapshot': () => ({}),
    'rds:RestoreDBInstanceToPointInTime': () => ({}),
    'backup:DeleteRecoveryPoint': () => ({}),
    'backup:ListRecoveryPointsByBackupVault': () => ({}),
    'backup:StartBackupJob': () => ({ BackupJobId: '<backup job>' }),
    'backup:DescribeBackupJob': () => ({ State: 'COMPLETED', RecoveryPointArn: '<recovery point>' }),
    'backup:GetRecoveryPointRestoreMetadata': () => ({ RestoreMetadata: {} }),
    'backup:StartRestoreJob': () => ({ RestoreJobId: '<restore job>' }),
    'backup:DescribeRestoreJob': () => ({ Status: 'COMPLETED' }),
    'dynamodb:CreateBackup': () => ({
      BackupDetails: detailsOf(arn('dynamodb', 'table/<table>/backup/<backup>')),
    }),
    'dynamodb:DescribeBackup': ({ BackupArn = '' }) => ({
      BackupDescription: { BackupDetails: detailsOf(BackupArn) },
    }),
    'dynamodb:DescribeContinuousBackups': () => ({
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: 'ENABLED',
        PointInTimeRecoveryDescription: {
          PointInTimeRecoveryStatus: 'ENABLED',
          RecoveryPeriodInDays: 35,
        },
      },
    }),
    'dynamodb:DescribeTable': ({ TableName = '' }) => ({
      Table: {
        TableName,
        TableArn: arn('dynamodb', `table/${TableName}`),
        TableStatus: 'ACTIVE',
        DeletionProtectionEnabled: true,
      },
    }),
    'dynamodb:ListBackups': () => ({}),
    'dynamodb:ListTagsOfResource': () => ({ Tags: [{ Key: '<key>', Value: '<value>' }] }),
    'dynamodb:RestoreTableFromBackup': () => ({}),
    'dynamodb:RestoreTableToPointInTime': () => ({}),
    'dynamodb:TagResource': () => ({}),
    'dynamodb:UpdateContinuousBackups': () => ({}),
    'dynamodb:UpdateTable': () => ({}),
  };
}

function named(stacks: readonly PlannedStack[], name: string | undefined): PlannedStack | undefined {
  return stacks.find((stack) => stack.name === name);
}

/** Of an instance or a cluster. */
function availableDatabase(identifier: string) {
  return {
    MasterUserSecret: { SecretArn: `<secret of ${identifier}>`, SecretStatus: 'active' },
  };
}

function detailsOf(arn: string) {
  return {
    BackupArn: arn,
    BackupName: '<backup>',
    BackupStatus: 'AVAILABLE' as const,
    BackupType: 'USER' as const,
    BackupCreationDateTime: AT,
  };
}
