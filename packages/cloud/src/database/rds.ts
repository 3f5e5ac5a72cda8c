/**
 * One instance of Amazon RDS for PostgreSQL. With `multiZone` a standby in another zone has every commit before it is
 * answered, and takes over under the same name.
 *
 * It has no read replica: RDS makes none of an instance whose password it manages ("Password management with Amazon RDS
 * and AWS Secrets Manager", limitations). Aurora has readers.
 */
import { aws_rds as rds, Stack, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Database } from '../parts.ts';
import type { DatabasePlace, EntryDatabaseProps } from './database-place.ts';
import { acknowledgePort, BACKUP_HOURS, LOG_EXPORTS, MAINTENANCE_HOURS } from './database-place.ts';
import { DATABASE, DATABASE_PORT, DATABASE_USER } from './names.ts';
import { PARAMETERS, parameterFamily } from './parameters.ts';
import { isKept, keepOrRemove } from './removal.ts';

export interface RdsProps extends EntryDatabaseProps {
  readonly database: Extract<EntryDatabaseProps['database'], { kind: 'rds' }>;
  readonly place: DatabasePlace;
}

export function createRds(scope: Construct, { database, place, key, removalPolicy }: RdsProps): Database {
  const { identifier, group, subnetGroup, logGroups } = place;
  const parameters = new rds.CfnDBParameterGroup(scope, 'Parameters', {
    description: 'Daybook: durable commits, TLS only',
    family: parameterFamily('rds', database.version),
    parameters: { ...PARAMETERS },
  });
  const instance = new rds.CfnDBInstance(scope, 'Instance', {
    dbInstanceIdentifier: identifier,
    engine: 'postgres',
    engineVersion: database.version,
    autoMinorVersionUpgrade: true,
    dbInstanceClass: database.instanceType,
    multiAz: database.multiZone,
    allocatedStorage: `${database.storageGb}`,
    maxAllocatedStorage: database.maxStorageGb,
    storageType: 'gp3',
    storageEncrypted: true,
    ...(key && { kmsKeyId: key.keyArn }),
    dbName: DATABASE,
    port: `${DATABASE_PORT}`,
    masterUsername: DATABASE_USER,
    manageMasterUserPassword: true,
    ...(key && { masterUserSecret: { kmsKeyId: key.keyArn } }),
    caCertificateIdentifier: 'rds-ca-rsa2048-g1',
    dbSubnetGroupName: subnetGroup.ref,
    vpcSecurityGroups: [group.securityGroupId],
    publiclyAccessible: false,
    dbParameterGroupName: parameters.ref,
    backupRetentionPeriod: database.recoveryDays,
    preferredBackupWindow: BACKUP_HOURS,
    preferredMaintenanceWindow: MAINTENANCE_HOURS,
    copyTagsToSnapshot: true,
    deleteAutomatedBackups: !isKept(removalPolicy),
    deletionProtection: isKept(removalPolicy),
    enableCloudwatchLogsExports: LOG_EXPORTS,
    enablePerformanceInsights: true,
    ...(key && { performanceInsightsKmsKeyId: key.keyArn }),
  });
  keepOrRemove(instance, removalPolicy);
  instance.node.addDependency(...logGroups);
  acknowledgePort(instance);
  if (!database.multiZone)
    Validations.of(instance).acknowledge({
      id: 'AwsSolutions-RDS3',
      reason:
        'database.multiZone is off in this environment: the queue keeps entries while the database is away.',
    });
  if (!isKept(removalPolicy))
    Validations.of(instance).acknowledge({
      id: 'AwsSolutions-RDS10',
      reason: 'onDestroy is delete in this environment: what is in it goes with the stack.',
    });
  const { account, partition, region } = Stack.of(scope);
  return {
    kind: 'rds',
    identifier,
    arn: `arn:${partition}:rds:${region}:${account}:db:${identifier}`,
    instances: [identifier],
    host: instance.attrEndpointAddress,
    secretArn: instance.attrMasterUserSecretSecretArn,
    group,
  };
}
