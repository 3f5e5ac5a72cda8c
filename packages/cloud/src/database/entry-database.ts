/**
 * PostgreSQL for the entries: in private places of its own, encrypted, in two zones, with a password that Amazon RDS
 * makes, keeps and rotates and that no template knows. It is reached by the groups that are let in, and by nobody else.
 *
 * It has a fixed identifier, against the rule for everything else: a change that would replace it fails, in place of
 * leaving an empty one where the entries were; and its log groups, which RDS names after it, can be made before it is.
 */
import { aws_ec2 as ec2, aws_logs as logs, aws_rds as rds, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { TIER_SUBNETS } from '../network/tier-subnets.ts';
import type { Database } from '../parts.ts';
import { createAurora } from './aurora.ts';
import type { DatabasePlace, EntryDatabaseProps } from './database-place.ts';
import { LOG_EXPORTS } from './database-place.ts';
import { DATABASE_PORT } from './names.ts';
import { createRds } from './rds.ts';

export class EntryDatabase extends Construct {
  /** The one that is used: the deployment's own, or a restored one in its place. */
  readonly database: Database;
  readonly #props: EntryDatabaseProps;

  constructor(scope: Construct, id: string, props: EntryDatabaseProps) {
    super(scope, id);
    this.#props = props;
    const { database } = props;
    const place = this.#place();
    const own =
      database.kind === 'rds'
        ? createRds(this, { ...props, database, place })
        : createAurora(this, { ...props, database, place });
    this.database = database.restored === undefined ? own : this.#restored(own, database.restored);
  }

  allowFrom(client: ec2.SecurityGroup, name: string): void {
    const port = ec2.Port.tcp(DATABASE_PORT);
    this.database.group.addIngressRule(client, port, `from the tier ${name}`);
    client.addEgressRule(this.database.group, port, 'to the database');
  }

  #place(): DatabasePlace {
    const { vpc, database, logDays, key, removalPolicy } = this.#props;
    const identifier = Stack.of(this).stackName;
    const kind = database.kind === 'rds' ? 'instance' : 'cluster';
    const group = new ec2.SecurityGroup(this, 'Group', {
      vpc,
      description: 'The database: in from the tiers that use it, out to nowhere',
      allowAllOutbound: false,
    });
    const subnetGroup = new rds.CfnDBSubnetGroup(this, 'Places', {
      dbSubnetGroupDescription: 'Daybook: places of the database',
      subnetIds: vpc.selectSubnets({ subnetGroupName: TIER_SUBNETS.data }).subnetIds,
    });
    const logGroups = LOG_EXPORTS.map(
      (name) =>
        new logs.LogGroup(this, `Logs-${name}`, {
          // "Publishing database logs to Amazon CloudWatch Logs": RDS writes to this name and to no other.
          logGroupName: `/aws/rds/${kind}/${identifier}/${name}`,
          retention: logDays,
          removalPolicy,
          ...(key && { encryptionKey: key }),
        }),
    );
    return { identifier, group, subnetGroup, logGroups };
  }

  /** In the same places and behind the same group, with its own name and password: as `restore` makes one. */
  #restored(
    own: Database,
    { identifier, host, secretArn, readerHost }: NonNullable<EntryDatabaseProps['database']['restored']>,
  ): Database {
    const { account, partition, region } = Stack.of(this);
    const type = own.kind === 'rds' ? 'db' : 'cluster';
    return {
      ...own,
      identifier,
      arn: `arn:${partition}:rds:${region}:${account}:${type}:${identifier}`,
      instances: own.kind === 'rds' ? [identifier] : own.instances.map((_, at) => `${identifier}-${at + 1}`),
      host,
      readerHost,
      secretArn,
    };
  }
}
