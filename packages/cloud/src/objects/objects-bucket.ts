/**
 * The bucket of dead letters. An object stays until its entry was replayed or discarded; what was overwritten or removed
 * can be taken back for a while.
 */
import { aws_s3 as s3, Duration, Validations } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { PrivateBucketProps } from './private-bucket.ts';
import { privateBucket } from './private-bucket.ts';

/** As long as the table can be restored to a second before. */
const NONCURRENT = Duration.days(35);
const UNFINISHED_UPLOAD = Duration.days(7);

export class ObjectsBucket extends Construct {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, props: PrivateBucketProps) {
    super(scope, id);
    this.bucket = new s3.Bucket(this, 'Bucket', {
      ...privateBucket(props),
      lifecycleRules: [
        {
          noncurrentVersionExpiration: NONCURRENT,
          abortIncompleteMultipartUploadAfter: UNFINISHED_UPLOAD,
          expiredObjectDeleteMarker: true,
        },
      ],
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Only the functions reach it, and each dead letter that they write or remove is in their log.',
    });
  }
}
