/**
 * The archive: a function that follows the tail of every register into a bucket, once an hour, and a table and a
 * workgroup with which Athena queries it. The table of entries stays what answers reads; this is for years and for SQL.
 */
import type { aws_lambda as lambda } from 'aws-cdk-lib';
import {
  aws_athena as athena,
  aws_events as events,
  aws_events_targets as targets,
  Duration,
  RemovalPolicy,
  Stack,
} from 'aws-cdk-lib';
import type { CfnElement } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { DYNAMODB_READ_ACTIONS, isArchived, S3_BUCKET_ACTIONS, S3_CREATE_ACTIONS } from 'daybook/deployment';

import { daybookConfigOf, parseDaybookConfig } from '../config/daybook-config.ts';
import type { Deployment } from '../config/schema.ts';
import { functionCode } from '../functions/code.ts';
import { DaybookFunction } from '../functions/daybook-function.ts';
import { commonVariables, objectsVariables, storeVariables } from '../functions/environment.ts';
import type { Parts } from '../parts.ts';
import { removalPolicyOf } from '../stacks/removal-policy.ts';
import { RESULTS, SEGMENTS } from './archive-bucket.ts';
import { ArchiveTable } from './archive-table.ts';

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
/** Of one query; what an archive of ten million small entries has. "Data usage controls", Amazon Athena User Guide. */
const SCAN_LIMIT_BYTES = 10 * 1024 ** 3;

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
    this.workGroup = this.#workGroup(props);
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
    made.allow(S3_CREATE_ACTIONS, [bucket.arnForObjects(`${SEGMENTS}*`)]);
    made.allow(S3_BUCKET_ACTIONS, [bucket.bucketArn], {
      StringLike: { 's3:prefix': `${SEGMENTS}*` },
    });
    const bucketId = Stack.of(bucket).getLogicalId(bucket.node.defaultChild as CfnElement);
    made.because(`Resource::<${bucketId}.Arn>/${SEGMENTS}*`, 'Segments are called by what they hold.');
    if (key !== undefined) {
      const { region } = Stack.of(this);
      const via = (services: readonly string[]) => ({
        StringEquals: { 'kms:ViaService': services.map((service) => `${service}.${region}.amazonaws.com`) },
      });
      made.allow(['kms:Decrypt', 'kms:DescribeKey'], [key.keyArn], via(['dynamodb']));
      made.allow(['kms:Decrypt', 'kms:GenerateDataKey'], [key.keyArn], via(['s3']));
    }
    return made.function;
  }

  /** Its settings hold whatever a client says: where answers go, how they are encrypted, how much a query may read. */
  #workGroup({ deployment, key, bucket }: ArchiveProps): athena.CfnWorkGroup {
    const { account, stackName } = Stack.of(this);
    const group = new athena.CfnWorkGroup(this, 'WorkGroup', {
      // Has to have a name; that of the stack is unique in its account and region.
      name: stackName,
      description: `Daybook: the archive of ${deployment.name} ${deployment.environment}`,
      recursiveDeleteOption: deployment.onDestroy === 'delete',
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: SCAN_LIMIT_BYTES,
        resultConfiguration: {
          outputLocation: bucket.s3UrlForObject(RESULTS),
          expectedBucketOwner: account,
          encryptionConfiguration: key
            ? { encryptionOption: 'SSE_KMS', kmsKey: key.keyArn }
            : { encryptionOption: 'SSE_S3' },
        },
      },
    });
    // Queries are no data, and neither is the history of them.
    group.applyRemovalPolicy(RemovalPolicy.DESTROY);
    return group;
  }
}
