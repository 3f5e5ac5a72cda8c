/**
 * The network: public places for a balancer and nothing else, and private ones, from which no route leads to the internet.
 * With tiers there are no public ones: the balancer, what runs and the database have private places of their own. What
 * is reached are the doors that the application opens (`doors.ts`, `tier-doors.ts`), and, where it is asked for, a way out
 * (`way-out.ts`), which has public places for nothing else.
 */
import type { aws_kms as kms, RemovalPolicy } from 'aws-cdk-lib';
import { aws_ec2 as ec2, aws_iam as iam, aws_logs as logs } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { restrictPorts, restrictTiers, restrictWayOut } from './access-lists.ts';
import { FUNCTION_SUBNETS } from './function-subnets.ts';
import { PrefixListIds } from './prefix-lists.ts';
import { TIER_SUBNETS } from './tier-subnets.ts';
import { OUT_SUBNETS, WayOut } from './way-out.ts';

export interface NetworkProps {
  readonly network: NonNullable<Deployment['network']>;
  /** Whether a balancer stands in public places. */
  readonly hasPublicPlaces: boolean;
  /** Whether balancer, services and database each have places of their own; default false. */
  readonly hasTiers?: boolean;
  readonly flowLogDays: logs.RetentionDays;
  readonly key?: kms.IKey | undefined;
  readonly removalPolicy: RemovalPolicy;
}

/** 16 addresses, of which AWS keeps 5: a balancer wants 8 in each zone ("Application Load Balancers", subnets). */
const PUBLIC_MASK = 27;
/** Functions of one zone share a few network interfaces, so 27 addresses are plenty. */
const PRIVATE_MASK = 27;
/** Each task has an interface of its own, and during a deployment there are twice as many; endpoints have some too. */
const SERVICES_MASK = 25;
/** A NAT gateway has one address; AWS takes no smaller subnet. */
const OUT_MASK = 28;

const TIERS: readonly ec2.SubnetConfiguration[] = [
  isolated(TIER_SUBNETS.front, PUBLIC_MASK),
  isolated(TIER_SUBNETS.services, SERVICES_MASK),
  isolated(TIER_SUBNETS.data, PRIVATE_MASK),
];

export class Network extends Construct {
  readonly vpc: ec2.IVpc;
  /** Of the addresses that gateway endpoints lead to. */
  readonly prefixLists: PrefixListIds;
  /** Where it is asked for. */
  readonly wayOut?: WayOut;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { network, hasPublicPlaces, hasTiers = false } = props;
    const vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(network.cidr),
      maxAzs: network.zones,
      natGateways: 0,
      subnetConfiguration: [
        ...(hasTiers ? TIERS : functionsBehind(hasPublicPlaces)),
        // The last, so that the others keep their addresses when it comes or goes.
        ...(network.egress === 'nat' ? [open(OUT_SUBNETS, OUT_MASK)] : []),
      ],
      // With tiers there is one already, whether anything leads to it or not.
      createInternetGateway: !hasTiers,
      restrictDefaultSecurityGroup: true,
    });
    // Its class declares as `| undefined` what the interface declares as optional.
    this.vpc = vpc as ec2.IVpc;
    const gateway = hasTiers ? this.#markForCloudFront() : undefined;
    if (hasTiers) restrictTiers(this, this.vpc, network.cidr);
    else restrictPorts(this, this.vpc, { cidr: network.cidr, hasPublicPlaces });
    if (network.egress === 'nat') {
      const from = hasTiers ? TIER_SUBNETS.services : FUNCTION_SUBNETS.functions;
      this.wayOut = new WayOut(this, 'WayOut', { vpc, from, gateway });
      restrictWayOut(this, this.vpc, network.cidr);
    }
    this.#recordFlows(props);
    this.prefixLists = new PrefixListIds(this, 'PrefixLists', {
      ...props,
      lists: hasTiers ? ['s3', 'cloudfront'] : ['dynamodb', 's3'],
    });
  }

  /** "Restrict access with VPC origins", prerequisites: there has to be a gateway; by itself no route leads to it. */
  #markForCloudFront(): ec2.CfnVPCGatewayAttachment {
    const gateway = new ec2.CfnInternetGateway(this, 'Gateway');
    return new ec2.CfnVPCGatewayAttachment(this, 'GatewayAttachment', {
      vpcId: this.vpc.vpcId,
      internetGatewayId: gateway.attrInternetGatewayId,
    });
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

function functionsBehind(hasPublicPlaces: boolean): ec2.SubnetConfiguration[] {
  const inside = isolated(FUNCTION_SUBNETS.functions, PRIVATE_MASK);
  if (!hasPublicPlaces) return [inside];
  return [open(FUNCTION_SUBNETS.balancer, PUBLIC_MASK), inside];
}

function open(name: string, cidrMask: number): ec2.SubnetConfiguration {
  return { name, subnetType: ec2.SubnetType.PUBLIC, cidrMask, mapPublicIpOnLaunch: false };
}

function isolated(name: string, cidrMask: number): ec2.SubnetConfiguration {
  return { name, subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask };
}
