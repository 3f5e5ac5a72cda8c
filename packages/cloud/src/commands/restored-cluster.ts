/**
 * A restored cluster of Aurora: its storage, then its instances, which a restore does not make
 * ("RestoreDBClusterToPointInTime", Amazon RDS API Reference).
 */
import type { Cloud } from './cloud.ts';
import type { DatabaseRestorePlan } from './database-restore-plan.ts';
import { untilReady } from './database-restore-plan.ts';

/** Writer and reader, by the names that the deployment expects (`database/entry-database.ts`). */
const INSTANCES = [1, 2];

export async function restoreCluster(cloud: Cloud, plan: DatabaseRestorePlan): Promise<void> {
  const { calls } = cloud;
  const { region, source, target, from } = plan;
  const common = {
    DBSubnetGroupName: source.subnetGroup,
    VpcSecurityGroupIds: [...source.groups],
    DBClusterParameterGroupName: source.parameterGroup,
    CopyTagsToSnapshot: true,
    DeletionProtection: source.deletionProtection,
    EnableCloudwatchLogsExports: ['postgresql'],
    ...(source.keyArn !== undefined && { KmsKeyId: source.keyArn }),
    Tags: [...source.tags],
  };
  if ('snapshot' in from)
    await calls.send('rds:RestoreDBClusterFromSnapshot', region, {
      DBClusterIdentifier: target,
      SnapshotIdentifier: from.snapshot,
      Engine: source.engine,
      EngineVersion: source.engineVersion,
      ...common,
    });
  else
    await calls.send('rds:RestoreDBClusterToPointInTime', region, {
      SourceDBClusterIdentifier: source.identifier,
      DBClusterIdentifier: target,
      ...(from.at === 'latest' ? { UseLatestRestorableTime: true } : { RestoreToTime: from.at }),
      ...common,
    });
  await untilReady(cloud, plan, { hasSecret: false });
  for (const number of INSTANCES)
    await calls.send('rds:CreateDBInstance', region, {
      DBInstanceIdentifier: `${target}-${number}`,
      DBClusterIdentifier: target,
      DBInstanceClass: source.instanceClass,
      Engine: source.engine,
      PubliclyAccessible: false,
      AutoMinorVersionUpgrade: true,
      EnablePerformanceInsights: true,
      Tags: [...source.tags],
    });
  // A restore knows the password of its source at that time, which nobody knows any more.
  await calls.send('rds:ModifyDBCluster', region, {
    DBClusterIdentifier: target,
    ManageMasterUserPassword: true,
    ...(source.secretKeyArn !== undefined && { MasterUserSecretKmsKeyId: source.secretKeyArn }),
    BackupRetentionPeriod: source.recoveryDays,
    ApplyImmediately: true,
  });
}
