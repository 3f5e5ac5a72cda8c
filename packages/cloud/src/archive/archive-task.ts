/**
 * The archive where there are servers: a task of the same image that follows the tail of every register into a bucket, once
 * an hour, and ends; and the table and the workgroup with which Athena queries it. It reads the database as the tiers do,
 * from the replica where reads go there, and creates segments and no other object.
 */
import type { aws_athena as athena, CfnElement } from 'aws-cdk-lib';
import {
  aws_ecs as ecs,
  aws_events as events,
  aws_events_targets as targets,
  aws_iam as iam,
  Duration,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { isArchived, SECRET_ACTIONS } from 'daybook/deployment';

import { parseDaybookConfig } from '../config/daybook-config.ts';
import type { Deployment } from '../config/schema.ts';
import { allowKey, allowSegments } from '../functions/grants.ts';
import { RoleHolder } from '../functions/role-holder.ts';
import { TIER_SUBNETS } from '../network/tier-subnets.ts';
import type { Database, ServiceParts } from '../parts.ts';
import { archiveVariables } from '../services/environment.ts';
import type { TierPlace } from '../services/tier-place.ts';
import { createTierTask, ofTasks } from '../services/tier-task.ts';
import { ArchiveTable } from './archive-table.ts';
import { createWorkGroup } from './work-group.ts';

export interface ArchiveTaskProps extends Pick<ServiceParts, 'key' | 'cluster'> {
  readonly deployment: Deployment;
  readonly services: NonNullable<Deployment['services']>;
  readonly database: Database;
  readonly place: TierPlace;
  readonly bucket: NonNullable<ServiceParts['buckets']['archive']>;
}

/** A segment of 8 MiB, a page, and what is compressed of it. */
const SIZE = { cpu: 512, memoryMb: 1_024 } as const;
const EVERY = Duration.hours(1);
/** So that one has ended when the next begins; what it does not get done the next one does. */
const MINUTES = 55;

export class ArchiveTask extends RoleHolder {
  readonly task: ecs.FargateTaskDefinition;
  readonly table: ArchiveTable;
  readonly workGroup: athena.CfnWorkGroup;
  readonly schedule: events.Rule;

  constructor(scope: Construct, id: string, props: ArchiveTaskProps) {
    super(scope, id, {
      assumedBy: ofTasks(scope),
      description: 'Daybook: what the archiver may do',
    });
    const { deployment, services, database, place, bucket, key } = props;
    this.allow(SECRET_ACTIONS, [database.secretArn]);
    allowKey(this, key, 'secretsmanager', ['kms:Decrypt']);
    allowSegments(this, bucket, key);
    this.task = createTierTask(this, {
      name: 'archive',
      services,
      size: SIZE,
      environment: archiveVariables(this, { deployment, database, bucket }),
      role: this.role,
      logGroup: place.logGroup,
      directories: {},
      container: { command: ['archive', '--minutes', `${MINUTES}`] },
    });
    this.schedule = this.#schedule(props);
    const { registers } = parseDaybookConfig(deployment);
    this.table = new ArchiveTable(this, 'Table', {
      bucketName: bucket.bucketName,
      registers: registers.filter(isArchived).map(({ name }) => name),
    });
    this.workGroup = createWorkGroup(this, props);
  }

  #schedule({ cluster, place }: ArchiveTaskProps): events.Rule {
    return new events.Rule(this, 'Schedule', {
      description: 'Daybook: the archive, every hour',
      schedule: events.Schedule.rate(EVERY),
      targets: [
        new targets.EcsTask({
          cluster,
          // Its class declares as `| undefined` what the interface declares as optional.
          taskDefinition: this.task as ecs.ITaskDefinition,
          subnetSelection: { subnetGroupName: TIER_SUBNETS.services },
          securityGroups: [place.group],
          assignPublicIp: false,
          platformVersion: ecs.FargatePlatformVersion.VERSION1_4,
          // A budget counts what is tagged.
          propagateTags: ecs.PropagatedTagSource.TASK_DEFINITION,
          role: this.#starter(cluster),
          // What a run does not get done the next one does.
          retryAttempts: 0,
          maxEventAge: EVERY,
        }),
      ],
    });
  }

  /** Of EventBridge: it starts this task, as the roles of this task, and tags it. */
  #starter(cluster: ecs.ICluster): iam.Role {
    const { account, partition, region } = Stack.of(this);
    const role = new iam.Role(this, 'Starter', {
      assumedBy: new iam.ServicePrincipal('events.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
      description: 'Daybook: what starts the archiver every hour',
    });
    const clusterId = Stack.of(cluster).getLogicalId(cluster.node.defaultChild as CfnElement);
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::arn:${partition}:ecs:${region}:*:task/<${clusterId}>/*]`,
      reason: 'It tags a task while it starts it (ecs:CreateAction), and none has an id before.',
    });
    return role;
  }
}
