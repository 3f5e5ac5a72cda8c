/**
 * What functions in the network can reach, and nothing else: DynamoDB and S3 through gateways that let pass this table
 * and these buckets only, SQS and SNS through endpoints of their own where there is a queue. They belong to the
 * application, because their policies name what it owns. Where there is a way out (`way-out.ts`), a group beside theirs
 * lets out whoever verifies tokens.
 */
import { aws_ec2 as ec2, aws_iam as iam } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import {
  DYNAMODB_ACTIONS,
  S3_BUCKET_ACTIONS,
  S3_CREATE_ACTIONS,
  S3_OBJECT_ACTIONS,
  SNS_ASK_ACTIONS,
  SNS_SEND_ACTIONS,
  SQS_RECEIVE_ACTIONS,
  SQS_SEND_ACTIONS,
} from 'daybook/deployment';

import type { NetworkPlaces, Parts } from '../parts.ts';
import type { Network } from './network.ts';
import type { WayOut } from './way-out.ts';

export interface DoorsProps extends Pick<Parts, 'table' | 'queues' | 'buckets'> {
  readonly network: Network;
}

const HTTPS = 443;
const PRIVATE = { subnetType: ec2.SubnetType.PRIVATE_ISOLATED };

export class Doors extends Construct implements NetworkPlaces {
  readonly vpc: ec2.IVpc;
  readonly functions: ec2.SecurityGroup;
  readonly letOut?: ec2.SecurityGroup;

  constructor(scope: Construct, id: string, { network, table, queues, buckets }: DoorsProps) {
    super(scope, id);
    this.vpc = network.vpc;
    this.functions = new ec2.SecurityGroup(this, 'Functions', {
      vpc: this.vpc,
      description: 'Functions of Daybook: out to the endpoints on 443, in from nowhere',
      allowAllOutbound: false,
    });
    this.#allowOut(network.prefixLists);
    if (network.wayOut !== undefined) this.letOut = this.#letOut(network.wayOut);
    this.#gateway('DynamoDb', ec2.GatewayVpcEndpointAwsService.DYNAMODB, [
      statement(DYNAMODB_ACTIONS, [table.tableArn]),
    ]);
    this.#gateway('S3', ec2.GatewayVpcEndpointAwsService.S3, [
      statement(S3_OBJECT_ACTIONS, [buckets.objects.arnForObjects('*')]),
      statement(S3_BUCKET_ACTIONS, [buckets.objects.bucketArn]),
      ...(buckets.archive === undefined
        ? []
        : [
            statement(S3_CREATE_ACTIONS, [buckets.archive.arnForObjects('*')]),
            statement(S3_BUCKET_ACTIONS, [buckets.archive.bucketArn]),
          ]),
    ]);
    if (queues === undefined) return;
    this.#endpoint('Sqs', ec2.InterfaceVpcEndpointAwsService.SQS, [
      statement(
        [...SQS_SEND_ACTIONS, ...SQS_RECEIVE_ACTIONS],
        [queues.main.queueArn, queues.crashed.queueArn],
      ),
    ]);
    if (queues.topic !== undefined)
      this.#endpoint('Sns', ec2.InterfaceVpcEndpointAwsService.SNS, [
        statement([...SNS_ASK_ACTIONS, ...SNS_SEND_ACTIONS], [queues.topic.topicArn]),
      ]);
  }

  /**
   * With the group itself and not as rules beside it: a group that is made without any rule lets everything out
   * ("AWS::EC2::SecurityGroup", SecurityGroupEgress).
   */
  #allowOut(lists: Network['prefixLists']): void {
    const group = this.functions.node.defaultChild as ec2.CfnSecurityGroup;
    group.securityGroupEgress = [
      { name: 'DynamoDB', destinationPrefixListId: lists.of('dynamodb') },
      { name: 'S3', destinationPrefixListId: lists.of('s3') },
    ].map(({ name, destinationPrefixListId }) => ({
      description: `to the gateway of ${name}`,
      ipProtocol: 'tcp',
      fromPort: HTTPS,
      toPort: HTTPS,
      destinationPrefixListId,
    }));
  }

  /** A group of its own: what one function is let out to is no business of the others. */
  #letOut(wayOut: WayOut): ec2.SecurityGroup {
    const group = new ec2.SecurityGroup(this, 'LetOut', {
      vpc: this.vpc,
      description: 'Functions of Daybook that verify tokens: out on 443, in from nowhere',
      allowAllOutbound: false,
    });
    wayOut.letOut(group, 'to the keys of issuers');
    return group;
  }

  #gateway(
    id: string,
    service: ec2.IGatewayVpcEndpointService,
    statements: readonly iam.PolicyStatement[],
  ): ec2.CfnVPCEndpoint {
    return new ec2.CfnVPCEndpoint(this, id, {
      vpcId: this.vpc.vpcId,
      vpcEndpointType: ec2.VpcEndpointType.GATEWAY,
      serviceName: service.name,
      routeTableIds: this.vpc.isolatedSubnets.map(({ routeTable }) => routeTable.routeTableId),
      policyDocument: new iam.PolicyDocument({ statements: [...statements] }),
    });
  }

  #endpoint(
    id: string,
    service: ec2.InterfaceVpcEndpointAwsService,
    statements: readonly iam.PolicyStatement[],
  ): void {
    const group = new ec2.SecurityGroup(this, `${id}Group`, {
      vpc: this.vpc,
      description: `The endpoint of ${id}: in from the functions of Daybook on 443`,
      allowAllOutbound: false,
    });
    group.addIngressRule(this.functions, ec2.Port.tcp(HTTPS), 'from the functions');
    this.functions.addEgressRule(group, ec2.Port.tcp(HTTPS), `to the endpoint of ${id}`);
    const endpoint = new ec2.InterfaceVpcEndpoint(this, id, {
      vpc: this.vpc,
      service,
      subnets: PRIVATE,
      securityGroups: [group],
      open: false,
      privateDnsEnabled: true,
    });
    for (const one of statements) endpoint.addToPolicy(one);
  }
}

/** An endpoint's policy needs a principal; this account's are the only ones that own what it names. */
function statement(actions: readonly string[], resources: readonly string[]): iam.PolicyStatement {
  return new iam.PolicyStatement({
    principals: [new iam.StarPrincipal()],
    actions: [...actions],
    resources: [...resources],
  });
}
