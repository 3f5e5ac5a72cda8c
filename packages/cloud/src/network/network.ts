/**
 * The network: public places for a balancer and nothing else, and private ones for functions, from which no route leads
 * to the internet. What functions reach are the doors that the application opens (`doors.ts`).
 */
import type { aws_kms as kms, RemovalPolicy } from 'aws-cdk-lib';
import { aws_ec2 as ec2, aws_iam as iam, aws_logs as logs } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { restrictPorts } from './access-lists.ts';
import { PrefixListIds } from './prefix-lists.ts';

export interface NetworkProps {
  readonly network: NonNullable<Deployment['network']>;
  /** Whether a balancer stands in public places. */
  readonly hasPublicPlaces: boolean;
  readonly flowLogDays: logs.RetentionDays;
  readonly key?: kms.IKey | undefined;
  readonly removalPolicy: RemovalPolicy;
}

/** 16 addresses, of which AWS keeps 5: a balancer wants 8 in each zone ("Application Load Balancers", subnets). */
const PUBLIC_MASK = 27;
/** Functions of one zone share a few network interfaces, so 27 addresses are plenty. */
const PRIVATE_MASK = 27;

export class Network extends Construct {
  readonly vpc: ec2.IVpc;
  /** Of the addresses that gateway endpoints lead to. */
  readonly prefixLists: PrefixListIds;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { network, hasPublicPlaces } = props;
    const vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(network.cidr),
      maxAzs: network.zones,
      natGateways: 0,
      subnetConfiguration: [
        ...(hasPublicPlaces
          ? [
              {
                name: 'Public',
                subnetType: ec2.SubnetType.PUBLIC,
                cidrMask: PUBLIC_MASK,
                mapPublicIpOnLaunch: false,
              },
            ]
          : []),
        { name: 'Private', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: PRIVATE_MASK },
      ],
      restrictDefaultSecurityGroup: true,
    });
    // Its class declares as `| undefined` what the interface declares as optional.
    this.vpc = vpc as ec2.IVpc;
    restrictPorts(this, this.vpc, network.cidr);
    this.#recordFlows(props);
    this.prefixLists = new PrefixListIds(this, 'PrefixLists', props);
  }

  #recordFlows({ flowLogDays, key, removalPolicy }: NetworkProps): void {
    const logGroup = new logs.LogGroup(this, 'FlowLogs', {
      retention: flowLogDays,
      removalPolicy,
      ...(key && { encryptionKey: key }),
    });
    const role = new iam.Role(this, 'FlowLogsRole', {
      assumedBy: new iam.ServicePrincipal('vpc-flow-logs.amazonaws.com'),
    });
    this.vpc.addFlowLog('Flows', {
      destination: ec2.FlowLogDestination.toCloudWatchLogs(logGroup, role),
      trafficType: ec2.FlowLogTrafficType.ALL,
    });
  }
}
