/**
 * The bucket of the archive: segments, which are only ever created and grow cheaper with age, and beside them for some
 * days what queries found.
 */
import { aws_s3 as s3, Duration, Validations } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { PrivateBucketProps } from '../objects/private-bucket.ts';
import { privateBucket } from '../objects/private-bucket.ts';

/** The folders of the bucket: segments, and answers of Athena. */
export const SEGMENTS = 'entries/';
export const RESULTS = 'results/';

/** "Lifecycle transition: general considerations", Amazon S3: 30 days at least in Standard, 90 pay for Glacier IR. */
const INFREQUENT_AFTER = Duration.days(30);
const GLACIER_AFTER = Duration.days(90);
const RESULTS_KEPT = Duration.days(7);
const NONCURRENT = Duration.days(35);
const UNFINISHED_UPLOAD = Duration.days(7);

export class ArchiveBucket extends Construct {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, props: PrivateBucketProps) {
    super(scope, id);
    this.bucket = new s3.Bucket(this, 'Bucket', {
      ...privateBucket(props),
      lifecycleRules: [
        {
          id: 'segments',
          prefix: SEGMENTS,
          transitions: [
            { storageClass: s3.StorageClass.INFREQUENT_ACCESS, transitionAfter: INFREQUENT_AFTER },
            { storageClass: s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: GLACIER_AFTER },
          ],
        },
        { id: 'results', prefix: RESULTS, expiration: RESULTS_KEPT },
        {
          id: 'remains',
          noncurrentVersionExpiration: NONCURRENT,
          abortIncompleteMultipartUploadAfter: UNFINISHED_UPLOAD,
        },
      ],
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Segments are written by one function, whose log names each; whoever queries is in the history of Athena.',
    });
  }
}
