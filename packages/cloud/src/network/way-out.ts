/**
 * The way out: a NAT gateway in each zone, so that a zone that is lost takes no other along, and the routes to it of those
 * who run in the network. Nothing comes in by it. Who takes it is said by security groups: a tier or a function that is not
 * let out has the route and no use of it.
 */
import { aws_ec2 as ec2 } from 'aws-cdk-lib';
import { Construct } from 'constructs';

export interface WayOutProps {
  readonly vpc: ec2.Vpc;
  /** The group of subnets that it leads from. */
  readonly from: string;
  /** Of the internet, and attached. Default: the network has led its public subnets to its own already. */
  readonly gateway?: ec2.CfnVPCGatewayAttachment | undefined;
}

/** The group of subnets that it stands in. */
export const OUT_SUBNETS = 'Out';
const HTTPS = 443;

export class WayOut extends Construct {
  constructor(scope: Construct, id: string, { vpc, from, gateway }: WayOutProps) {
    super(scope, id);
    const subnetsOf = (subnetGroupName: string) => vpc.selectSubnets({ subnetGroupName }).subnets;
    const gateways = new Map<string, string>();
    for (const subnet of subnetsOf(OUT_SUBNETS) as ec2.PublicSubnet[]) {
      if (gateway !== undefined) subnet.addDefaultInternetRoute(gateway.internetGatewayId ?? '', gateway);
      gateways.set(subnet.availabilityZone, subnet.addNatGateway().ref);
    }
    for (const subnet of subnetsOf(from) as ec2.PrivateSubnet[])
      subnet.addDefaultNatRoute(gateways.get(subnet.availabilityZone) ?? '');
  }

  /** Lets a group out, to any address on 443: those of issuers are many and change. Beside it, whose own rules are fixed. */
  letOut(group: ec2.SecurityGroup, description: string): ec2.CfnSecurityGroupEgress {
    return new ec2.CfnSecurityGroupEgress(group, 'WayOut', {
      groupId: group.securityGroupId,
      description,
      ipProtocol: 'tcp',
      fromPort: HTTPS,
      toPort: HTTPS,
      cidrIp: '0.0.0.0/0',
    });
  }
}
