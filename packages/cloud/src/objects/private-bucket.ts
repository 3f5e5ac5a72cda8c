/**
 * What every bucket of entries has in common: nobody but the functions reaches it, over TLS only, it is encrypted, and
 * what was overwritten or removed can be taken back for a while.
 */
import type { aws_kms as kms } from 'aws-cdk-lib';
import { aws_s3 as s3, RemovalPolicy } from 'aws-cdk-lib';

export interface PrivateBucketProps {
  readonly key?: kms.IKey | undefined;
  /** With `DESTROY` what is in it goes with it. */
  readonly removalPolicy: RemovalPolicy;
}

export function privateBucket({ key, removalPolicy }: PrivateBucketProps): s3.BucketProps {
  return {
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: true,
    encryption: key ? s3.BucketEncryption.KMS : s3.BucketEncryption.S3_MANAGED,
    ...(key && { encryptionKey: key, bucketKeyEnabled: true }),
    removalPolicy,
    autoDeleteObjects: removalPolicy === RemovalPolicy.DESTROY,
  };
}
