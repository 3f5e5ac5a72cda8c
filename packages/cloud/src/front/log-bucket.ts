/**
 * A bucket that AWS delivers access logs to. SSE-S3 on purpose: a balancer can deliver to nothing else ("Enable access
 * logs for your Application Load Balancer", bucket requirements), and CloudFront could not use a key of ours without
 * being let into its policy.
 */
import { aws_s3 as s3, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { removalPolicyOf } from '../stacks/removal-policy.ts';

export interface LogBucketProps {
  readonly deployment: Deployment;
  /** CloudFront's standard logging hands its files over by ACL; everything else goes by policy. */
  readonly byAcl?: boolean;
}

const MULTIPART_DAYS = 1;

export class LogBucket extends Construct {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, { deployment, byAcl = false }: LogBucketProps) {
    super(scope, id);
    const removalPolicy = removalPolicyOf(deployment);
    this.bucket = new s3.Bucket(this, 'Bucket', {
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      objectOwnership: byAcl
        ? s3.ObjectOwnership.BUCKET_OWNER_PREFERRED
        : s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [
        {
          expiration: Duration.days(deployment.logs.retentionDays),
          abortIncompleteMultipartUploadAfter: Duration.days(MULTIPART_DAYS),
        },
      ],
      removalPolicy,
      autoDeleteObjects: removalPolicy === RemovalPolicy.DESTROY,
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'This bucket holds access logs itself; logging access to it into itself would never end.',
    });
  }
}
