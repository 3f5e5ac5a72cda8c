/**
 * The workgroup with which Athena queries the archive. Its settings hold whatever a client says: where answers go, how they
 * are encrypted, how much a query may read.
 */
import type { aws_kms as kms, aws_s3 as s3 } from 'aws-cdk-lib';
import { aws_athena as athena, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { RESULTS } from './archive-bucket.ts';

export interface WorkGroupProps {
  readonly deployment: Deployment;
  readonly key?: kms.IKey | undefined;
  /** Of the archive. */
  readonly bucket: s3.Bucket;
}

/** Of one query; what an archive of ten million small entries has. "Data usage controls", Amazon Athena User Guide. */
const SCAN_LIMIT_BYTES = 10 * 1024 ** 3;

export function createWorkGroup(
  scope: Construct,
  { deployment, key, bucket }: WorkGroupProps,
): athena.CfnWorkGroup {
  const { account, stackName } = Stack.of(scope);
  const group = new athena.CfnWorkGroup(scope, 'WorkGroup', {
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
