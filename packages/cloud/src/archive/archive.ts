/**
 * The archive: a function that follows the tail of every register into a bucket, once an hour, and a table and a
 * workgroup with which Athena queries it. The table of entries stays what answers reads; this is for years and for SQL.
 */
import type { aws_athena as athena, aws_lambda as lambda } from 'aws-cdk-lib';
import { aws_events as events, aws_events_targets as targets, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { DYNAMODB_READ_ACTIONS, isArchived } from 'daybook/deployment';

import { daybookConfigOf, parseDaybookConfig } from '../config/daybook-config.ts';
import type { Deployment } from '../config/schema.ts';
import { functionCode } from '../functions/code.ts';
import { DaybookFunction } from '../functions/daybook-function.ts';
import { allowKey, allowSegments } from '../functions/grants.ts';
import { commonVariables, objectsVariables, storeVariables } from '../functions/environment.ts';
import type { Parts } from '../parts.ts';
import { removalPolicyOf } from '../stacks/removal-policy.ts';
import { ArchiveTable } from './archive-table.ts';
import { createWorkGroup } from './work-group.ts';

export interface ArchiveProps extends Pick<Parts, 'key' | 'network' | 'table'> {
  readonly deployment: Deployment;
  readonly bucket: NonNullable<Parts['buckets']['archive']>;
  /** The directory of the bundle of its handler. */
  readonly bundle: string;
}

/** The longest that Lambda offers: a first run has everything to archive. */
const TIMEOUT_SECONDS = 900;
/** A segment of 8 MiB, a page, and what is compressed of it. */
const MEMORY_MB = 512;
const EVERY = Duration.hours(1);

export class Archive extends Construct {
  readonly function: lambda.IFunction;
  readonly table: ArchiveTable;
  readonly workGroup: athena.CfnWorkGroup;
  readonly schedule: events.Rule;

  constructor(scope: Construct, id: string, props: ArchiveProps) {
    super(scope, id);
    const { deployment, bucket } = props;
    const { registers } = parseDaybookConfig(deployment);
    this.function = this.#function(props);
    this.schedule = new events.Rule(this, 'Schedule', {
      description: 'Daybook: the archive, every hour',
      schedule: events.Schedule.rate(EVERY),
      // What a run does not get done the next one does.
      targets: [new targets.LambdaFunction(this.function, { retryAttempts: 0, maxEventAge: EVERY })],
    });
    this.table = new ArchiveTable(this, 'Table', {
      bucketName: bucket.bucketName,
      registers: registers.filter(isArchived).map(({ name }) => name),
    });
    this.workGroup = createWorkGroup(this, props);
  }

  #function({ deployment, bundle, key, network, table, bucket }: ArchiveProps): lambda.IFunction {
    const made = new DaybookFunction(this, 'Function', {
      handler: 'archive',
      code: functionCode(bundle, daybookConfigOf(deployment)),
      environment: {
        ...commonVariables(this),
        ...storeVariables(table),
        ...objectsVariables({ objects: bucket }),
      },
      memoryMb: MEMORY_MB,
      timeoutSeconds: TIMEOUT_SECONDS,
      logDays: deployment.logs.retentionDays,
      tracing: deployment.observe.tracing,
      key,
      network,
      removalPolicy: removalPolicyOf(deployment),
    });
    made.allow(DYNAMODB_READ_ACTIONS, [table.tableArn]);
    allowKey(made, key, 'dynamodb', ['kms:Decrypt', 'kms:DescribeKey']);
    allowSegments(made, bucket, key);
    return made.function;
  }
}
