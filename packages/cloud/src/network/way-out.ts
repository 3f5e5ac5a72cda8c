/**
 * The way out: a NAT gateway in each zone, so that a zone that is lost takes no other along, and the routes of the tiers to
 * it. Nothing comes in by it. Who takes it is said by security groups: a tier that is not let out has the route and no use
 * of it.
 */
import { aws_ec2 as ec2 } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { TIER_SUBNETS } from './tier-subnets.ts';

export interface WayOutProps {
  readonly vpc: ec2.Vpc;
  /** Of the internet, and attached. */
  readonly gateway: ec2.CfnVPCGatewayAttachment;
}

const HTTPS = 443;

export class WayOut extends Construct {
  constructor(scope: Construct, id: string, { vpc, gateway }: WayOutProps) {
    super(scope, id);
    const subnetsOf = (subnetGroupName: string) => vpc.selectSubnets({ subnetGroupName }).subnets;
    const gateways = new Map<string, string>();
    for (const subnet of subnetsOf(TIER_SUBNETS.out) as ec2.PublicSubnet[]) {
      subnet.addDefaultInternetRoute(gateway.internetGatewayId ?? '', gateway);
      gateways.set(subnet.availabilityZone, subnet.addNatGateway().ref);
    }
    for (const subnet of subnetsOf(TIER_SUBNETS.services) as ec2.PrivateSubnet[])
      subnet.addDefaultNatRoute(gateways.get(subnet.availabilityZone) ?? '');
  }

  /** Lets a tier out, to any address on 443: those of issuers are many and change. Beside its group, whose own rules are fixed. */
  letOut(tier: ec2.SecurityGroup, description: string): ec2.CfnSecurityGroupEgress {
    return new ec2.CfnSecurityGroupEgress(tier, 'WayOut', {
      groupId: tier.securityGroupId,
      description,
      ipProtocol: 'tcp',
      fromPort: HTTPS,
      toPort: HTTPS,
      cidrIp: '0.0.0.0/0',
    });
  }
}
