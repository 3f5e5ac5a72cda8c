/**
 * What a database is made with and where it stands, whichever kind it is.
 */
import type {
  aws_ec2 as ec2,
  aws_kms as kms,
  aws_logs as logs,
  aws_rds as rds,
  RemovalPolicy,
} from 'aws-cdk-lib';
import { Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';

export interface EntryDatabaseProps {
  readonly database: NonNullable<Deployment['database']>;
  readonly vpc: ec2.IVpc;
  /** Default: the key of AWS's for RDS in this account. */
  readonly key?: kms.IKey | undefined;
  readonly logDays: logs.RetentionDays;
  readonly removalPolicy: RemovalPolicy;
}

/** What both kinds are made with. */
export interface DatabasePlace {
  readonly identifier: string;
  readonly group: ec2.SecurityGroup;
  readonly subnetGroup: rds.CfnDBSubnetGroup;
  /** Of RDS's log groups: made before the database, so that nothing is kept for ever. */
  readonly logGroups: Construct[];
}

/** What is written into CloudWatch Logs. */
export const LOG_EXPORTS = ['postgresql'];
/**
 * UTC. AWS Backup begins at 00:20 and refuses an hour before the hours of maintenance and four before those of RDS's own
 * backups ("Amazon RDS backups", AWS Backup Developer Guide).
 */
export const BACKUP_HOURS = '06:00-07:00';
export const MAINTENANCE_HOURS = 'sun:03:00-sun:04:00';

/** cdk-nag asks for another port than PostgreSQL's own. */
export function acknowledgePort(resource: Construct): void {
  Validations.of(resource).acknowledge({
    id: 'AwsSolutions-RDS11',
    reason:
      'Groups say who reaches it and no route leads in; another port would hide nothing from those who do.',
  });
}
