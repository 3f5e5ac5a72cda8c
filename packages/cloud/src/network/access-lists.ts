/**
 * Network access lists, by port: they know addresses and no groups, and remember nothing, so that answers need rules of
 * their own. What stands behind an address is the security groups' affair.
 */
import { aws_ec2 as ec2, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { FUNCTION_SUBNETS } from './function-subnets.ts';
import { TIER_SUBNETS } from './tier-subnets.ts';
import { OUT_SUBNETS } from './way-out.ts';

/** "Ephemeral ports", Amazon VPC User Guide: clients of the internet, balancers and Lambda together use all of these. */
const ANSWERS = ec2.AclTraffic.tcpPortRange(1024, 65_535);
const HTTP = ec2.AclTraffic.tcpPort(80);
const HTTPS = ec2.AclTraffic.tcpPort(443);
const ANYWHERE = ec2.AclCidr.anyIpv4();

/** From its first rule on a list denies everything else. */
export function restrictPorts(
  scope: Construct,
  vpc: ec2.IVpc,
  { cidr, hasPublicPlaces }: { readonly cidr: string; readonly hasPublicPlaces: boolean },
): void {
  const inside = ec2.AclCidr.ipv4(cidr);
  if (hasPublicPlaces) {
    const list = new ec2.NetworkAcl(scope, 'PublicPorts', {
      vpc,
      subnetSelection: { subnetGroupName: FUNCTION_SUBNETS.balancer },
    });
    allow(list, 'In', ec2.TrafficDirection.INGRESS, [
      [ANYWHERE, HTTP],
      [ANYWHERE, HTTPS],
    ]);
    allow(list, 'Out', ec2.TrafficDirection.EGRESS, [[ANYWHERE, ANSWERS]]);
  }
  const list = new ec2.NetworkAcl(scope, 'PrivatePorts', {
    vpc,
    subnetSelection: { subnetGroupName: FUNCTION_SUBNETS.functions },
  });
  // Interface endpoints are in these subnets too: their callers are inside.
  allow(list, 'In', ec2.TrafficDirection.INGRESS, [
    [inside, HTTPS],
    // From DynamoDB and S3, whose public addresses change, and from whoever is called through a way out.
    [ANYWHERE, ANSWERS],
  ]);
  allow(list, 'Out', ec2.TrafficDirection.EGRESS, [
    [ANYWHERE, HTTPS],
    [inside, ANSWERS],
  ]);
}

/** The balancer's subnets take CloudFront's calls, those of the database what speaks its protocol from inside. */
export function restrictTiers(scope: Construct, vpc: ec2.IVpc, cidr: string): void {
  const inside = ec2.AclCidr.ipv4(cidr);
  const listOf = (id: string, subnetGroupName: string): ec2.NetworkAcl =>
    new ec2.NetworkAcl(scope, id, { vpc, subnetSelection: { subnetGroupName } });
  const front = listOf('FrontPorts', TIER_SUBNETS.front);
  allow(front, 'In', ec2.TrafficDirection.INGRESS, [
    // No route leads in from outside: what comes is CloudFront's, through interfaces that it has here.
    [ANYWHERE, HTTP],
    [ANYWHERE, HTTPS],
    [inside, ANSWERS],
  ]);
  allow(front, 'Out', ec2.TrafficDirection.EGRESS, [[ANYWHERE, ANSWERS]]);
  const services = listOf('ServicePorts', TIER_SUBNETS.services);
  // Interface endpoints are in these subnets too: their callers are inside.
  allow(services, 'In', ec2.TrafficDirection.INGRESS, [
    [inside, HTTPS],
    // Calls of the balancer, and answers of S3, whose public addresses change.
    [ANYWHERE, ANSWERS],
  ]);
  allow(services, 'Out', ec2.TrafficDirection.EGRESS, [
    [ANYWHERE, HTTPS],
    [inside, ANSWERS],
  ]);
  const data = listOf('DataPorts', TIER_SUBNETS.data);
  // Between the instances of a cluster as well.
  allow(data, 'In', ec2.TrafficDirection.INGRESS, [[inside, ANSWERS]]);
  allow(data, 'Out', ec2.TrafficDirection.EGRESS, [[inside, ANSWERS]]);
}

/** The way out: whoever is inside calls out, and nobody in. */
export function restrictWayOut(scope: Construct, vpc: ec2.IVpc, cidr: string): void {
  const inside = ec2.AclCidr.ipv4(cidr);
  // "NAT gateway basics": it calls from the ports 1024 to 65535, and no security group can be put on it.
  const out = new ec2.NetworkAcl(scope, 'OutPorts', {
    vpc,
    subnetSelection: { subnetGroupName: OUT_SUBNETS },
  });
  allow(out, 'In', ec2.TrafficDirection.INGRESS, [
    [inside, HTTPS],
    [ANYWHERE, ANSWERS],
  ]);
  allow(out, 'Out', ec2.TrafficDirection.EGRESS, [
    [ANYWHERE, HTTPS],
    [inside, ANSWERS],
  ]);
}

type Rule = readonly [cidr: ec2.AclCidr, traffic: ec2.AclTraffic];

function allow(
  list: ec2.NetworkAcl,
  id: string,
  direction: ec2.TrafficDirection,
  rules: readonly Rule[],
): void {
  Validations.of(list).acknowledge({
    id: 'AwsSolutions-VPC3',
    reason: 'A second wall, by port, behind security groups that say who may speak to whom.',
  });
  for (const [index, [cidr, traffic]] of rules.entries())
    list.addEntry(`${id}${index}`, { ruleNumber: 100 + index, direction, cidr, traffic });
}
