/**
 * The ids of AWS's own prefix lists for DynamoDB and S3 in a region. CloudFormation gives them of no resource (its public
 * road map, issue 453), and a table of them in here would be a guess for regions to come; so they are asked for during
 * the deployment.
 */
import type { aws_kms as kms, aws_logs as logs, RemovalPolicy } from 'aws-cdk-lib';
import { aws_iam as iam, aws_logs, custom_resources as custom, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

export interface PrefixListIdsProps {
  readonly flowLogDays: logs.RetentionDays;
  readonly key?: kms.IKey | undefined;
  readonly removalPolicy: RemovalPolicy;
}

export class PrefixListIds extends Construct {
  readonly dynamodb: string;
  readonly s3: string;

  constructor(scope: Construct, id: string, { flowLogDays, key, removalPolicy }: PrefixListIdsProps) {
    super(scope, id);
    const logGroup = new aws_logs.LogGroup(this, 'Logs', {
      retention: flowLogDays,
      removalPolicy,
      ...(key && { encryptionKey: key }),
    });
    this.dynamodb = this.#ask('dynamodb', logGroup);
    this.s3 = this.#ask('s3', logGroup);
  }

  #ask(service: string, logGroup: aws_logs.LogGroup): string {
    const name = `com.amazonaws.${Stack.of(this).region}.${service}`;
    const call: custom.AwsSdkCall = {
      service: 'EC2',
      action: 'DescribeManagedPrefixLists',
      parameters: { Filters: [{ Name: 'prefix-list-name', Values: [name] }] },
      physicalResourceId: custom.PhysicalResourceId.of(name),
      outputPaths: [ID],
    };
    const resource = new custom.AwsCustomResource(this, service, {
      onUpdate: call,
      installLatestAwsSdk: false,
      logGroup,
      policy: custom.AwsCustomResourcePolicy.fromStatements([
        new iam.PolicyStatement({
          actions: ['ec2:DescribeManagedPrefixLists'],
          // "Actions defined by Amazon EC2": it names no resource.
          resources: ['*'],
        }),
      ]),
    });
    return resource.getResponseField(ID);
  }
}

const ID = 'PrefixLists.0.PrefixListId';
