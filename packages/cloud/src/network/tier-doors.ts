/**
 * What the tiers can reach, and nothing else: S3 through a gateway that lets pass these objects and the layers of images,
 * the registry, queue and topic, secrets, logs and the shell through endpoints of their own. Whoever reaches more is let
 * out (`way-out.ts`).
 */
import type { aws_logs as logs } from 'aws-cdk-lib';
import { aws_ec2 as ec2, aws_iam as iam, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import {
  S3_BUCKET_ACTIONS,
  S3_CREATE_ACTIONS,
  S3_OBJECT_ACTIONS,
  SECRET_ACTIONS,
  SNS_ASK_ACTIONS,
  SNS_SEND_ACTIONS,
  SQS_RECEIVE_ACTIONS,
  SQS_SEND_ACTIONS,
} from 'daybook/deployment';

import { SEGMENTS } from '../archive/archive-bucket.ts';
import type { ServiceParts } from '../parts.ts';
import { IMAGE_ACTIONS, REGISTRY_ACTIONS, repositoryArn } from '../services/registry.ts';
import { SHELL_ACTIONS } from '../services/shell.ts';
import type { TierPlaces } from '../services/tier-place.ts';
import type { Network } from './network.ts';
import { TIER_SUBNETS } from './tier-subnets.ts';

export interface TierDoorsProps extends Pick<ServiceParts, 'key' | 'queues' | 'buckets'> {
  readonly network: Network;
  readonly places: TierPlaces;
  readonly image: string;
  readonly secretArn: string;
  /** Of what is done in shells, where there are any. */
  readonly shellLog?: logs.ILogGroup | undefined;
}

const HTTPS = ec2.Port.tcp(443);

export class TierDoors extends Construct {
  readonly #group: ec2.SecurityGroup;
  readonly #vpc: ec2.IVpc;

  constructor(scope: Construct, id: string, props: TierDoorsProps) {
    super(scope, id);
    const { network, places, queues, image, secretArn, shellLog, key } = props;
    const { vpc } = network;
    this.#vpc = vpc;
    this.#group = new ec2.SecurityGroup(this, 'Endpoints', {
      vpc,
      description: 'Endpoints: in from the tiers on 443, out to nowhere',
      allowAllOutbound: false,
    });
    for (const [name, { group }] of Object.entries(places)) {
      this.#group.addIngressRule(group, HTTPS, `from the tier ${name}`);
      group.addEgressRule(this.#group, HTTPS, 'to the endpoints');
    }
    this.#storage(props);
    const pull = [statement(REGISTRY_ACTIONS, ['*']), statement(IMAGE_ACTIONS, [repositoryArn(this, image)])];
    this.#endpoint('Registry', ec2.InterfaceVpcEndpointAwsService.ECR, pull);
    this.#endpoint('Images', ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER, pull);
    this.#endpoint('Sqs', ec2.InterfaceVpcEndpointAwsService.SQS, [
      statement([...SQS_SEND_ACTIONS, ...SQS_RECEIVE_ACTIONS], [queues.main.queueArn]),
      statement(SQS_RECEIVE_ACTIONS, [queues.crashed.queueArn]),
    ]);
    if (queues.topic !== undefined)
      this.#endpoint('Sns', ec2.InterfaceVpcEndpointAwsService.SNS, [
        statement([...SNS_ASK_ACTIONS, ...SNS_SEND_ACTIONS], [queues.topic.topicArn]),
      ]);
    this.#endpoint('Secrets', ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER, [
      statement(SECRET_ACTIONS, [secretArn]),
    ]);
    const logGroups = [
      ...Object.values(places).map(({ logGroup }) => logGroup),
      ...(shellLog ? [shellLog] : []),
    ];
    this.#endpoint('Logs', ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS, [
      statement(
        ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
        logGroups.map(({ logGroupArn }) => logGroupArn),
      ),
      ...(shellLog ? [statement(['logs:DescribeLogGroups'], ['*'])] : []),
    ]);
    if (shellLog === undefined) return;
    this.#endpoint('Shells', ec2.InterfaceVpcEndpointAwsService.SSM_MESSAGES, [
      statement(SHELL_ACTIONS, ['*']),
    ]);
    if (key !== undefined)
      this.#endpoint('Keys', ec2.InterfaceVpcEndpointAwsService.KMS, [
        statement(['kms:Decrypt'], [key.keyArn]),
      ]);
  }

  #storage({ network, buckets: { objects, archive } }: TierDoorsProps): ec2.CfnVPCEndpoint {
    const { region, partition } = Stack.of(this);
    return new ec2.CfnVPCEndpoint(this, 'S3', {
      vpcId: network.vpc.vpcId,
      vpcEndpointType: ec2.VpcEndpointType.GATEWAY,
      serviceName: ec2.GatewayVpcEndpointAwsService.S3.name,
      routeTableIds: this.#subnets().map(({ routeTable }) => routeTable.routeTableId),
      policyDocument: new iam.PolicyDocument({
        statements: [
          statement(S3_OBJECT_ACTIONS, [objects.arnForObjects('*')]),
          statement(S3_BUCKET_ACTIONS, [objects.bucketArn]),
          ...(archive
            ? [
                statement(S3_CREATE_ACTIONS, [archive.arnForObjects(`${SEGMENTS}*`)]),
                statement(S3_BUCKET_ACTIONS, [archive.bucketArn]),
              ]
            : []),
          // "Amazon ECR interface VPC endpoints", minimum Amazon S3 bucket permissions for Amazon ECR.
          statement(['s3:GetObject'], [`arn:${partition}:s3:::prod-${region}-starport-layer-bucket/*`]),
        ],
      }),
    });
  }

  #subnets(): ec2.ISubnet[] {
    return this.#vpc.selectSubnets({ subnetGroupName: TIER_SUBNETS.services }).subnets;
  }

  #endpoint(
    id: string,
    service: ec2.InterfaceVpcEndpointAwsService,
    statements: readonly iam.PolicyStatement[],
  ): void {
    const endpoint = new ec2.InterfaceVpcEndpoint(this, id, {
      vpc: this.#vpc,
      service,
      subnets: { subnetGroupName: TIER_SUBNETS.services },
      securityGroups: [this.#group],
      open: false,
      privateDnsEnabled: true,
    });
    for (const one of statements) endpoint.addToPolicy(one);
  }
}

/** An endpoint's policy needs a principal; this account's are the only ones that may do what it names. */
function statement(actions: readonly string[], resources: readonly string[]): iam.PolicyStatement {
  return new iam.PolicyStatement({
    principals: [new iam.StarPrincipal()],
    actions: [...actions],
    resources: [...resources],
  });
}
