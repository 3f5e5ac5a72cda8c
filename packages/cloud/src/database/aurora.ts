/**
 * A cluster of Amazon Aurora PostgreSQL: a writer and a reader in another zone over storage in three, so that a takeover
 * loses nothing. The reader stands by in any case; with `replica` it also answers reads.
 */
import { aws_rds as rds, Stack, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Database } from '../parts.ts';
import type { DatabasePlace, EntryDatabaseProps } from './database-place.ts';
import { acknowledgePort, BACKUP_HOURS, LOG_EXPORTS, MAINTENANCE_HOURS } from './database-place.ts';
import { DATABASE, DATABASE_PORT, DATABASE_USER } from './names.ts';
import { PARAMETERS, parameterFamily } from './parameters.ts';
import { isKept, keepOrRemove } from './removal.ts';

export interface AuroraProps extends EntryDatabaseProps {
  readonly database: Extract<EntryDatabaseProps['database'], { kind: 'aurora' }>;
  readonly place: DatabasePlace;
}

const ENGINE = 'aurora-postgresql';
const INSTANCES = ['Writer', 'Reader'] as const;

export function createAurora(
  scope: Construct,
  { database, place, key, removalPolicy }: AuroraProps,
): Database {
  const { identifier, group, subnetGroup, logGroups } = place;
  const parameters = new rds.CfnDBClusterParameterGroup(scope, 'Parameters', {
    description: 'Daybook: durable commits, TLS only',
    family: parameterFamily('aurora', database.version),
    parameters: PARAMETERS,
  });
  const cluster = new rds.CfnDBCluster(scope, 'Cluster', {
    dbClusterIdentifier: identifier,
    engine: ENGINE,
    engineVersion: database.version,
    storageEncrypted: true,
    ...(key && { kmsKeyId: key.keyArn }),
    databaseName: DATABASE,
    port: DATABASE_PORT,
    masterUsername: DATABASE_USER,
    manageMasterUserPassword: true,
    ...(key && { masterUserSecret: { kmsKeyId: key.keyArn } }),
    dbSubnetGroupName: subnetGroup.ref,
    vpcSecurityGroupIds: [group.securityGroupId],
    dbClusterParameterGroupName: parameters.ref,
    backupRetentionPeriod: database.recoveryDays,
    preferredBackupWindow: BACKUP_HOURS,
    preferredMaintenanceWindow: MAINTENANCE_HOURS,
    copyTagsToSnapshot: true,
    deleteAutomatedBackups: !isKept(removalPolicy),
    deletionProtection: isKept(removalPolicy),
    enableCloudwatchLogsExports: LOG_EXPORTS,
  });
  keepOrRemove(cluster, removalPolicy);
  cluster.node.addDependency(...logGroups);
  acknowledgePort(cluster);
  Validations.of(cluster).acknowledge({
    id: 'AwsSolutions-RDS6',
    reason: 'Amazon RDS rotates the password in AWS Secrets Manager, and IAM says who reads it there.',
  });
  if (!isKept(removalPolicy))
    Validations.of(cluster).acknowledge({
      id: 'AwsSolutions-RDS10',
      reason: 'onDestroy is delete in this environment: what is in it goes with the stack.',
    });
  const instances = INSTANCES.map((name, at) => {
    const instance = new rds.CfnDBInstance(scope, name, {
      dbInstanceIdentifier: `${identifier}-${at + 1}`,
      dbClusterIdentifier: cluster.ref,
      engine: ENGINE,
      dbInstanceClass: database.instanceType,
      autoMinorVersionUpgrade: true,
      caCertificateIdentifier: 'rds-ca-rsa2048-g1',
      publiclyAccessible: false,
      preferredMaintenanceWindow: MAINTENANCE_HOURS,
      enablePerformanceInsights: true,
      ...(key && { performanceInsightsKmsKeyId: key.keyArn }),
    });
    keepOrRemove(instance, removalPolicy);
    return instance;
  });
  const { account, partition, region } = Stack.of(scope);
  return {
    kind: 'aurora',
    identifier,
    arn: `arn:${partition}:rds:${region}:${account}:cluster:${identifier}`,
    instances: instances.map((_, at) => `${identifier}-${at + 1}`),
    host: cluster.attrEndpointAddress,
    ...(database.replica && { readerHost: cluster.attrReadEndpointAddress }),
    secretArn: cluster.attrMasterUserSecretSecretArn,
    group,
  };
}
