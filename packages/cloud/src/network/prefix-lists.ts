/**
 * The ids of AWS's own prefix lists for DynamoDB and S3 in a region. CloudFormation gives them of no resource (its public
 * road map, issue 453), and a table of them in here would be a guess for regions to come; so they are asked for during
 * the deployment.
 */
import type { aws_kms as kms, RemovalPolicy } from 'aws-cdk-lib';
import {
  aws_iam as iam,
  aws_logs as logs,
  custom_resources as custom,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';

export interface PrefixListIdsProps {
  readonly lists: readonly PrefixList[];
  readonly flowLogDays: logs.RetentionDays;
  readonly key?: kms.IKey | undefined;
  readonly removalPolicy: RemovalPolicy;
}

const ACTION = 'DescribeManagedPrefixLists';
const ID = 'PrefixLists.0.PrefixListId';

/** What the lists of a network are for: functions reach DynamoDB and S3; services S3, and CloudFront their balancer. */
export type PrefixList = 'dynamodb' | 's3' | 'cloudfront';

export class PrefixListIds extends Construct {
  readonly #ids = new Map<PrefixList, string>();

  constructor(scope: Construct, id: string, { lists, flowLogDays, key, removalPolicy }: PrefixListIdsProps) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: flowLogDays,
      removalPolicy,
      ...(key && { encryptionKey: key }),
    });
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: 'Daybook: may ask for the ids of prefix lists',
    });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    // "Actions defined by Amazon EC2": it knows no resources.
    role.addToPolicy(new iam.PolicyStatement({ actions: [`ec2:${ACTION}`], resources: ['*'] }));
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: `ec2:${ACTION} knows no resources; it reads what AWS publishes.`,
    });
    const ask = (service: PrefixList): string => {
      const name = nameOf(service, Stack.of(this).region);
      const asked = new custom.AwsCustomResource(this, service, {
        onUpdate: {
          service: 'EC2',
          action: ACTION,
          parameters: { Filters: [{ Name: 'prefix-list-name', Values: [name] }] },
          physicalResourceId: custom.PhysicalResourceId.of(name),
          outputPaths: [ID],
        },
        installLatestAwsSdk: false,
        logGroup,
        role,
      });
      return asked.getResponseField(ID);
    };
    for (const list of lists) this.#ids.set(list, ask(list));
  }

  of(list: PrefixList): string {
    const id = this.#ids.get(list);
    if (id === undefined) throw new Error(`the network does not ask for the prefix list of ${list}`);
    return id;
  }
}

/** "AWS-managed prefix lists", Amazon VPC User Guide. */
function nameOf(list: PrefixList, region: string): string {
  return list === 'cloudfront'
    ? 'com.amazonaws.global.cloudfront.origin-facing'
    : `com.amazonaws.${region}.${list}`;
}
