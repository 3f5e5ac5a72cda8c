/**
 * A restored instance of RDS, with what its source has and a restore does not carry over: "RestoreDBInstanceToPointInTime"
 * (Amazon RDS API Reference) puts it into the default group with default parameters, and in one zone.
 */
import type { Cloud } from './cloud.ts';
import type { DatabaseRestorePlan } from './database-restore-plan.ts';
import { untilReady } from './database-restore-plan.ts';

export async function restoreInstance(cloud: Cloud, plan: DatabaseRestorePlan): Promise<void> {
  const { calls } = cloud;
  const { region, source, target, from } = plan;
  const common = {
    DBInstanceClass: source.instanceClass,
    DBSubnetGroupName: source.subnetGroup,
    VpcSecurityGroupIds: [...source.groups],
    DBParameterGroupName: source.parameterGroup,
    MultiAZ: source.multiZone,
    PubliclyAccessible: false,
    AutoMinorVersionUpgrade: true,
    CopyTagsToSnapshot: true,
    DeletionProtection: source.deletionProtection,
    EnableCloudwatchLogsExports: ['postgresql'],
    Tags: [...source.tags],
  };
  if ('snapshot' in from)
    await calls.send('rds:RestoreDBInstanceFromDBSnapshot', region, {
      DBInstanceIdentifier: target,
      DBSnapshotIdentifier: from.snapshot,
      ...common,
    });
  else
    await calls.send('rds:RestoreDBInstanceToPointInTime', region, {
      SourceDBInstanceIdentifier: source.identifier,
      TargetDBInstanceIdentifier: target,
      ...(from.at === 'latest' ? { UseLatestRestorableTime: true } : { RestoreTime: from.at }),
      ...common,
    });
  await untilReady(cloud, plan, { hasSecret: false });
  // A restore knows the password of its source at that time, which nobody knows any more.
  await calls.send('rds:ModifyDBInstance', region, {
    DBInstanceIdentifier: target,
    ManageMasterUserPassword: true,
    ...(source.secretKeyArn !== undefined && { MasterUserSecretKmsKeyId: source.secretKeyArn }),
    BackupRetentionPeriod: source.recoveryDays,
    ...(source.maxStorageGb !== undefined && { MaxAllocatedStorage: source.maxStorageGb }),
    EnablePerformanceInsights: true,
    ApplyImmediately: true,
  });
}
