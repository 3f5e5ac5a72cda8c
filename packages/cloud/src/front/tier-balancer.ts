/**
 * The balancer of the tiers: in private places, without an address of the internet's, and let in is CloudFront alone. A
 * second door is for the tier `web`, which asks the API through it like any caller.
 *
 * By path: what the pages are made of goes to `web`, everything else to `api`, so that unknown paths get Daybook's 404
 * and not a page of the balancer's. By name: all of `api.` goes to the API.
 */
import { Annotations, aws_ec2 as ec2, aws_elasticloadbalancingv2 as elbv2, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { HEALTH_PATHS, WEB_PATHS } from 'daybook/deployment';

import { parseDaybookConfig } from '../config/daybook-config.ts';
import type { Deployment } from '../config/schema.ts';
import { TIER_SUBNETS } from '../network/tier-subnets.ts';
import type { Tiers } from '../parts.ts';
import { deliverAccessLogs } from './access-log-delivery.ts';
import { apiName } from './cdn-names.ts';
import type { Domain } from './domain.ts';
import { createServiceTarget } from './service-target.ts';

export interface TierBalancerProps {
  readonly deployment: Deployment;
  readonly vpc: ec2.IVpc;
  /** Of the addresses that CloudFront calls from. */
  readonly cloudFrontAddresses: string;
  /** Of the tier `web`. */
  readonly web: ec2.SecurityGroup;
  /** Default: CloudFront speaks plain HTTP with the balancer, inside of AWS's network and this one. */
  readonly domain?: Domain | undefined;
}

/** Less than Daybook keeps idle connections (75 s), so that it is never the one who hangs up; more than CloudFront waits. */
export const IDLE_SECONDS = 65;
/**
 * One rule for both, of which one is listened to. The list counts as 55 of the 60 rules that a group may have ("AWS-managed
 * prefix list weight", Amazon VPC User Guide), so that a rule for the other would not fit beside it while a domain is added.
 */
const HTTP = 80;
const HTTPS = 443;
const INSIDE_PORT = 8080;
/** A rule that lets nothing through; those that do are beside it. */
const NOWHERE = {
  description: 'to nowhere, but for the rules beside this one',
  ipProtocol: 'icmp',
  fromPort: 252,
  toPort: 86,
  cidrIp: '255.255.255.255/32',
};
/** What is told after a request was sent to a task that leaves: the answer on the way back. */
const ANSWER_SECONDS = 5;

export class TierBalancer extends Construct {
  readonly balancer: elbv2.ApplicationLoadBalancer;
  readonly web: elbv2.ApplicationTargetGroup;
  readonly api: elbv2.ApplicationTargetGroup;
  /** Where the tier `web` finds the tier `api`. */
  readonly apiUrl: string;
  readonly encrypted: boolean;

  constructor(scope: Construct, id: string, props: TierBalancerProps) {
    super(scope, id);
    const { deployment, vpc, domain, web } = props;
    this.encrypted = domain !== undefined;
    const group = new ec2.SecurityGroup(this, 'Callers', {
      vpc,
      description: 'In from CloudFront and from the tier web, out to the tiers',
      allowAllOutbound: false,
    });
    // With the group itself: one that is made without any rule lets everything out ("AWS::EC2::SecurityGroup").
    (group.node.defaultChild as ec2.CfnSecurityGroup).securityGroupEgress = [NOWHERE];
    group.addIngressRule(
      ec2.Peer.prefixList(props.cloudFrontAddresses),
      ec2.Port.tcpRange(HTTP, HTTPS),
      'from CloudFront, to whichever of the two listens',
    );
    group.addIngressRule(web, ec2.Port.tcp(INSIDE_PORT), 'from the tier web');
    web.addEgressRule(group, ec2.Port.tcp(INSIDE_PORT), 'to the API, through the balancer');
    this.balancer = new elbv2.ApplicationLoadBalancer(this, 'Balancer', {
      vpc,
      vpcSubnets: { subnetGroupName: TIER_SUBNETS.front },
      internetFacing: false,
      securityGroup: group,
      idleTimeout: Duration.seconds(IDLE_SECONDS),
      dropInvalidHeaderFields: true,
      deletionProtection: deployment.onDestroy === 'retain',
    });
    deliverAccessLogs(this, this.balancer, deployment);
    const longestRequestSeconds = longestSecondsOf(deployment);
    // A page needs nothing but its process; the API is well when it can accept durably.
    this.web = createServiceTarget(this, 'Web', {
      vpc,
      checkPath: HEALTH_PATHS.alive,
      longestRequestSeconds,
    });
    this.api = createServiceTarget(this, 'Api', {
      vpc,
      checkPath: HEALTH_PATHS.ready,
      longestRequestSeconds,
    });
    this.#listen(domain);
    this.apiUrl = `http://${this.balancer.loadBalancerDnsName}:${INSIDE_PORT}`;
  }

  /** Once the tiers are there: a target group is CloudFormation's to fill through ECS. */
  lead({ web, api }: Tiers): void {
    web.service.attachToApplicationTargetGroup(this.web);
    api.service.attachToApplicationTargetGroup(this.api);
  }

  #listen(domain: Domain | undefined): void {
    const listener = domain === undefined ? this.#plain() : this.#encrypted(domain);
    if (domain !== undefined)
      listener.addAction('ApiName', {
        priority: 1,
        conditions: [elbv2.ListenerCondition.hostHeaders([apiName(domain.name)])],
        action: elbv2.ListenerAction.forward([this.api]),
      });
    listener.addAction('Pages', {
      priority: 2,
      conditions: [elbv2.ListenerCondition.pathPatterns([...WEB_PATHS])],
      action: elbv2.ListenerAction.forward([this.web]),
    });
    this.balancer.addListener('Inside', {
      port: INSIDE_PORT,
      protocol: elbv2.ApplicationProtocol.HTTP,
      open: false,
      defaultTargetGroups: [this.api],
    });
  }

  #plain(): elbv2.ApplicationListener {
    Annotations.of(this).addWarningV2(
      'daybook:plain-origin',
      'CloudFront speaks plain HTTP with the balancer, because a certificate needs a domain: inside of AWS, and callers speak HTTPS with CloudFront; but entries say http of their way. Give a domain for anything but a trial.',
    );
    return this.balancer.addListener('Http', {
      port: HTTP,
      protocol: elbv2.ApplicationProtocol.HTTP,
      open: false,
      defaultTargetGroups: [this.api],
    });
  }

  #encrypted({ certificate }: Domain): elbv2.ApplicationListener {
    return this.balancer.addListener('Https', {
      port: HTTPS,
      protocol: elbv2.ApplicationProtocol.HTTPS,
      open: false,
      certificates: [certificate],
      sslPolicy: elbv2.SslPolicy.TLS13_12_RES_PQ,
      defaultTargetGroups: [this.api],
    });
  }
}

/** A batch of entries is what may take longest. */
function longestSecondsOf(deployment: Deployment): number {
  const { requestTimeoutMs, batchTimeoutMs } = parseDaybookConfig(deployment).limits;
  return Math.ceil(Math.max(requestTimeoutMs, batchTimeoutMs) / 1000) + ANSWER_SECONDS;
}
