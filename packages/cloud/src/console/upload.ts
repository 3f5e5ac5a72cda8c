/**
 * Brings the console's files into their bucket while the stack is deployed, with CDK's own function for that, of which a
 * stack has one. What cdk-nag finds at that function has its reasons here.
 */
import type { aws_logs as logs } from 'aws-cdk-lib';
import {
  aws_s3 as s3,
  aws_s3_deployment as deployment,
  DefaultStackSynthesizer,
  Duration,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { ASSETS } from './page.ts';

export interface UploadProps {
  readonly bucket: s3.Bucket;
  /** As in the addresses of the files: nothing, or `/` and the name of a stage. */
  readonly basePath: string;
  readonly page: string;
  readonly logGroup: logs.ILogGroup;
}

/** As long as the application lets its own assets be kept. */
const CACHE = Duration.minutes(5);

/** @returns what the addresses of the files depend on. */
export function uploadConsole(
  scope: Construct,
  { bucket, basePath, page, logGroup }: UploadProps,
): deployment.BucketDeployment[] {
  const folder = basePath.slice(1);
  const common = {
    // The class declares as `| undefined` what its interface declares as optional.
    destinationBucket: bucket as s3.IBucket,
    cacheControl: [deployment.CacheControl.setPublic(), deployment.CacheControl.maxAge(CACHE)],
    logGroup,
  };
  const uploads = [
    new deployment.BucketDeployment(scope, 'Assets', {
      ...common,
      sources: [deployment.Source.asset(ASSETS)],
      destinationKeyPrefix: folder === '' ? 'assets' : `${folder}/assets`,
    }),
    new deployment.BucketDeployment(scope, 'Page', {
      ...common,
      sources: [deployment.Source.data('index.html', page)],
      ...(folder !== '' && { destinationKeyPrefix: folder }),
      // The assets are beside it.
      prune: false,
    }),
  ];
  acknowledge(bucket);
  return uploads;
}

const ACTIONS = ['Abort', 'DeleteObject', 'GetBucket', 'GetObject', 'List'];

function acknowledge(bucket: s3.Bucket): void {
  const stack = Stack.of(bucket);
  const { partition, account, region } = stack;
  const staged = `cdk-${DefaultStackSynthesizer.DEFAULT_QUALIFIER}-assets-${account}-${region}`;
  const files = stack.getLogicalId(bucket.node.defaultChild as s3.CfnBucket);
  const findings = [
    ...ACTIONS.map((action) => `Action::s3:${action}*`),
    `Resource::arn:${partition}:s3:::${staged}/*`,
    `Resource::<${files}.Arn>/*`,
  ];
  const copies =
    "CDK's own function: copies from the bucket of staged files into the console's, and no further.";
  for (const { node } of stack.node.children) {
    if (!node.id.startsWith('Custom::CDKBucketDeployment')) continue;
    Validations.of(stack.node.findChild(node.id)).acknowledge(
      because('L1', "CDK's own function, whose runtime comes with CDK."),
      because(
        'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
        "CDK's own function: writes its log.",
      ),
      ...findings.map((finding) => because(`IAM5[${finding}]`, copies)),
    );
  }
}

function because(id: string, reason: string): { readonly id: string; readonly reason: string } {
  return { id: `AwsSolutions-${id}`, reason };
}
