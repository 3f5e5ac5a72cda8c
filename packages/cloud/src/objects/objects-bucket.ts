/**
 * The bucket of dead letters. An object stays until its entry was replayed or discarded; what was overwritten or removed
 * can be taken back for a while.
 */
import type { aws_kms as kms } from 'aws-cdk-lib';
import { aws_s3 as s3, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Construct } from 'constructs';

export interface ObjectsBucketProps {
  readonly key?: kms.IKey | undefined;
  /** With `DESTROY` what is in it goes with it. */
  readonly removalPolicy: RemovalPolicy;
}

/** As long as the table can be restored to a second before. */
const NONCURRENT = Duration.days(35);
const UNFINISHED_UPLOAD = Duration.days(7);

export class ObjectsBucket extends Construct {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, { key, removalPolicy }: ObjectsBucketProps) {
    super(scope, id);
    this.bucket = new s3.Bucket(this, 'Bucket', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      encryption: key ? s3.BucketEncryption.KMS : s3.BucketEncryption.S3_MANAGED,
      ...(key && { encryptionKey: key, bucketKeyEnabled: true }),
      lifecycleRules: [
        {
          noncurrentVersionExpiration: NONCURRENT,
          abortIncompleteMultipartUploadAfter: UNFINISHED_UPLOAD,
          expiredObjectDeleteMarker: true,
        },
      ],
      removalPolicy,
      autoDeleteObjects: removalPolicy === RemovalPolicy.DESTROY,
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Only the functions reach it, and each dead letter that they write or remove is in their log.',
    });
  }
}
