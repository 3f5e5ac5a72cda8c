/**
 * The port to AWS: every call that the commands make, by the name that IAM has for it. The commands know this and nothing
 * of the SDK, so that a dry run can show each call and send none.
 */
import type {
  RegisterScalableTargetCommandInput,
  RegisterScalableTargetCommandOutput,
} from '@aws-sdk/client-application-auto-scaling';
import type {
  DeleteRecoveryPointCommandInput,
  DeleteRecoveryPointCommandOutput,
  DescribeBackupJobCommandInput,
  DescribeBackupJobCommandOutput,
  DescribeRestoreJobCommandInput,
  DescribeRestoreJobCommandOutput,
  GetRecoveryPointRestoreMetadataCommandInput,
  GetRecoveryPointRestoreMetadataCommandOutput,
  ListRecoveryPointsByBackupVaultCommandInput,
  ListRecoveryPointsByBackupVaultCommandOutput,
  StartBackupJobCommandInput,
  StartBackupJobCommandOutput,
  StartRestoreJobCommandInput,
  StartRestoreJobCommandOutput,
} from '@aws-sdk/client-backup';
import type {
  DescribeStacksCommandInput,
  DescribeStacksCommandOutput,
  GetTemplateCommandInput,
  GetTemplateCommandOutput,
  ListStackResourcesCommandInput,
  ListStackResourcesCommandOutput,
  UpdateTerminationProtectionCommandInput,
  UpdateTerminationProtectionCommandOutput,
} from '@aws-sdk/client-cloudformation';
import type {
  DescribeAlarmsCommandInput,
  DescribeAlarmsCommandOutput,
  GetMetricDataCommandInput,
  GetMetricDataCommandOutput,
} from '@aws-sdk/client-cloudwatch';
import type {
  CreateLogGroupCommandInput,
  CreateLogGroupCommandOutput,
  FilterLogEventsCommandInput,
  FilterLogEventsCommandOutput,
  PutRetentionPolicyCommandInput,
  PutRetentionPolicyCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import type {
  CreateBackupCommandInput,
  CreateBackupCommandOutput,
  DescribeBackupCommandInput,
  DescribeBackupCommandOutput,
  DescribeContinuousBackupsCommandInput,
  DescribeContinuousBackupsCommandOutput,
  DescribeTableCommandInput,
  DescribeTableCommandOutput,
  ListBackupsCommandInput,
  ListBackupsCommandOutput,
  ListTagsOfResourceCommandInput,
  ListTagsOfResourceCommandOutput,
  RestoreTableFromBackupCommandInput,
  RestoreTableFromBackupCommandOutput,
  RestoreTableToPointInTimeCommandInput,
  RestoreTableToPointInTimeCommandOutput,
  TagResourceCommandInput,
  TagResourceCommandOutput,
  UpdateContinuousBackupsCommandInput,
  UpdateContinuousBackupsCommandOutput,
  UpdateTableCommandInput,
  UpdateTableCommandOutput,
} from '@aws-sdk/client-dynamodb';
import type {
  DescribeServicesCommandInput,
  DescribeServicesCommandOutput,
  DescribeTasksCommandInput,
  DescribeTasksCommandOutput,
  RunTaskCommandInput,
  RunTaskCommandOutput,
  UpdateServiceCommandInput,
  UpdateServiceCommandOutput,
} from '@aws-sdk/client-ecs';
import type {
  CreateDBInstanceCommandInput,
  CreateDBInstanceCommandOutput,
  DescribeDBClusterSnapshotsCommandInput,
  DescribeDBClusterSnapshotsCommandOutput,
  DescribeDBClustersCommandInput,
  DescribeDBClustersCommandOutput,
  DescribeDBInstanceAutomatedBackupsCommandInput,
  DescribeDBInstanceAutomatedBackupsCommandOutput,
  DescribeDBInstancesCommandInput,
  DescribeDBInstancesCommandOutput,
  DescribeDBSnapshotsCommandInput,
  DescribeDBSnapshotsCommandOutput,
  ModifyDBClusterCommandInput,
  ModifyDBClusterCommandOutput,
  ModifyDBInstanceCommandInput,
  ModifyDBInstanceCommandOutput,
  RestoreDBClusterFromSnapshotCommandInput,
  RestoreDBClusterFromSnapshotCommandOutput,
  RestoreDBClusterToPointInTimeCommandInput,
  RestoreDBClusterToPointInTimeCommandOutput,
  RestoreDBInstanceFromDBSnapshotCommandInput,
  RestoreDBInstanceFromDBSnapshotCommandOutput,
  RestoreDBInstanceToPointInTimeCommandInput,
  RestoreDBInstanceToPointInTimeCommandOutput,
} from '@aws-sdk/client-rds';
import type { GetQueueAttributesCommandInput, GetQueueAttributesCommandOutput } from '@aws-sdk/client-sqs';
import type { GetCallerIdentityCommandInput, GetCallerIdentityCommandOutput } from '@aws-sdk/client-sts';

/** What is asked and answered. The answers' `$metadata` is the SDK's affair. */
interface Call<Input, Output> {
  readonly input: Input;
  readonly answer: Omit<Output, '$metadata'>;
}

export interface Calls {
  'application-autoscaling:RegisterScalableTarget': Call<
    RegisterScalableTargetCommandInput,
    RegisterScalableTargetCommandOutput
  >;
  'backup:DeleteRecoveryPoint': Call<DeleteRecoveryPointCommandInput, DeleteRecoveryPointCommandOutput>;
  'backup:DescribeBackupJob': Call<DescribeBackupJobCommandInput, DescribeBackupJobCommandOutput>;
  'backup:DescribeRestoreJob': Call<DescribeRestoreJobCommandInput, DescribeRestoreJobCommandOutput>;
  'backup:GetRecoveryPointRestoreMetadata': Call<
    GetRecoveryPointRestoreMetadataCommandInput,
    GetRecoveryPointRestoreMetadataCommandOutput
  >;
  'backup:ListRecoveryPointsByBackupVault': Call<
    ListRecoveryPointsByBackupVaultCommandInput,
    ListRecoveryPointsByBackupVaultCommandOutput
  >;
  'backup:StartBackupJob': Call<StartBackupJobCommandInput, StartBackupJobCommandOutput>;
  'backup:StartRestoreJob': Call<StartRestoreJobCommandInput, StartRestoreJobCommandOutput>;
  'cloudformation:DescribeStacks': Call<DescribeStacksCommandInput, DescribeStacksCommandOutput>;
  'cloudformation:GetTemplate': Call<GetTemplateCommandInput, GetTemplateCommandOutput>;
  'cloudformation:ListStackResources': Call<ListStackResourcesCommandInput, ListStackResourcesCommandOutput>;
  'cloudformation:UpdateTerminationProtection': Call<
    UpdateTerminationProtectionCommandInput,
    UpdateTerminationProtectionCommandOutput
  >;
  'cloudwatch:DescribeAlarms': Call<DescribeAlarmsCommandInput, DescribeAlarmsCommandOutput>;
  'cloudwatch:GetMetricData': Call<GetMetricDataCommandInput, GetMetricDataCommandOutput>;
  'dynamodb:CreateBackup': Call<CreateBackupCommandInput, CreateBackupCommandOutput>;
  'dynamodb:DescribeBackup': Call<DescribeBackupCommandInput, DescribeBackupCommandOutput>;
  'dynamodb:DescribeContinuousBackups': Call<
    DescribeContinuousBackupsCommandInput,
    DescribeContinuousBackupsCommandOutput
  >;
  'dynamodb:DescribeTable': Call<DescribeTableCommandInput, DescribeTableCommandOutput>;
  'dynamodb:ListBackups': Call<ListBackupsCommandInput, ListBackupsCommandOutput>;
  'dynamodb:ListTagsOfResource': Call<ListTagsOfResourceCommandInput, ListTagsOfResourceCommandOutput>;
  'dynamodb:RestoreTableFromBackup': Call<
    RestoreTableFromBackupCommandInput,
    RestoreTableFromBackupCommandOutput
  >;
  'dynamodb:RestoreTableToPointInTime': Call<
    RestoreTableToPointInTimeCommandInput,
    RestoreTableToPointInTimeCommandOutput
  >;
  'dynamodb:TagResource': Call<TagResourceCommandInput, TagResourceCommandOutput>;
  'dynamodb:UpdateContinuousBackups': Call<
    UpdateContinuousBackupsCommandInput,
    UpdateContinuousBackupsCommandOutput
  >;
  'dynamodb:UpdateTable': Call<UpdateTableCommandInput, UpdateTableCommandOutput>;
  'ecs:DescribeServices': Call<DescribeServicesCommandInput, DescribeServicesCommandOutput>;
  'ecs:DescribeTasks': Call<DescribeTasksCommandInput, DescribeTasksCommandOutput>;
  'ecs:RunTask': Call<RunTaskCommandInput, RunTaskCommandOutput>;
  'ecs:UpdateService': Call<UpdateServiceCommandInput, UpdateServiceCommandOutput>;
  'logs:CreateLogGroup': Call<CreateLogGroupCommandInput, CreateLogGroupCommandOutput>;
  'logs:FilterLogEvents': Call<FilterLogEventsCommandInput, FilterLogEventsCommandOutput>;
  'logs:PutRetentionPolicy': Call<PutRetentionPolicyCommandInput, PutRetentionPolicyCommandOutput>;
  'rds:CreateDBInstance': Call<CreateDBInstanceCommandInput, CreateDBInstanceCommandOutput>;
  'rds:DescribeDBClusterSnapshots': Call<
    DescribeDBClusterSnapshotsCommandInput,
    DescribeDBClusterSnapshotsCommandOutput
  >;
  'rds:DescribeDBClusters': Call<DescribeDBClustersCommandInput, DescribeDBClustersCommandOutput>;
  'rds:DescribeDBInstanceAutomatedBackups': Call<
    DescribeDBInstanceAutomatedBackupsCommandInput,
    DescribeDBInstanceAutomatedBackupsCommandOutput
  >;
  'rds:DescribeDBInstances': Call<DescribeDBInstancesCommandInput, DescribeDBInstancesCommandOutput>;
  'rds:DescribeDBSnapshots': Call<DescribeDBSnapshotsCommandInput, DescribeDBSnapshotsCommandOutput>;
  'rds:ModifyDBCluster': Call<ModifyDBClusterCommandInput, ModifyDBClusterCommandOutput>;
  'rds:ModifyDBInstance': Call<ModifyDBInstanceCommandInput, ModifyDBInstanceCommandOutput>;
  'rds:RestoreDBClusterFromSnapshot': Call<
    RestoreDBClusterFromSnapshotCommandInput,
    RestoreDBClusterFromSnapshotCommandOutput
  >;
  'rds:RestoreDBClusterToPointInTime': Call<
    RestoreDBClusterToPointInTimeCommandInput,
    RestoreDBClusterToPointInTimeCommandOutput
  >;
  'rds:RestoreDBInstanceFromDBSnapshot': Call<
    RestoreDBInstanceFromDBSnapshotCommandInput,
    RestoreDBInstanceFromDBSnapshotCommandOutput
  >;
  'rds:RestoreDBInstanceToPointInTime': Call<
    RestoreDBInstanceToPointInTimeCommandInput,
    RestoreDBInstanceToPointInTimeCommandOutput
  >;
  'sqs:GetQueueAttributes': Call<GetQueueAttributesCommandInput, GetQueueAttributesCommandOutput>;
  'sts:GetCallerIdentity': Call<GetCallerIdentityCommandInput, GetCallerIdentityCommandOutput>;
}

export type CallName = keyof Calls;
export type Input<Name extends CallName> = Calls[Name]['input'];
export type Answer<Name extends CallName> = Calls[Name]['answer'];

export interface AwsCalls {
  /** @throws {AwsError} */
  send<Name extends CallName>(name: Name, region: string, input: Input<Name>): Promise<Answer<Name>>;
}

/** A call that failed, in words for people: what was asked, what AWS said, what to do. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  /** AWS's own name for it, such as `ResourceNotFoundException`; empty where AWS was not reached. */
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
