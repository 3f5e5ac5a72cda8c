/**
 * The bucket of the archive: segments, which are only ever created and grow cheaper with age, and beside them for some
 * days what queries found.
 */
import type { aws_kms as kms } from 'aws-cdk-lib';
import { aws_s3 as s3, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Construct } from 'constructs';

export interface ArchiveBucketProps {
  readonly key?: kms.IKey | undefined;
  /** With `DESTROY` what is in it goes with it. */
  readonly removalPolicy: RemovalPolicy;
}

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

  constructor(scope: Construct, id: string, { key, removalPolicy }: ArchiveBucketProps) {
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
      removalPolicy,
      autoDeleteObjects: removalPolicy === RemovalPolicy.DESTROY,
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Segments are written by one function, whose log names each; whoever queries is in the history of Athena.',
    });
  }
}
