/**
 * The front of S1: an internet-facing Application Load Balancer over two or more zones. Everything goes to the
 * application, so that unknown paths get its 404 and not a page of the balancer's; only the two paths of health have a
 * function of their own.
 */
import {
  Annotations,
  aws_ec2 as ec2,
  aws_elasticloadbalancingv2 as elbv2,
  aws_route53_targets as targets,
  Duration,
  Validations,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { HEALTH_PATHS } from 'daybook/deployment';

import type { Deployment } from '../config/schema.ts';
import { FUNCTION_SUBNETS } from '../network/function-subnets.ts';
import type { Functions, NetworkPlaces } from '../parts.ts';
import { deliverAccessLogs } from './access-log-delivery.ts';
import type { ServedName } from './common-domain.ts';
import type { Domain } from './domain.ts';
import { createFunctionTarget } from './function-target.ts';

export interface BalancerProps {
  readonly deployment: Deployment;
  readonly functions: Pick<Functions, 'api' | 'health'>;
  readonly network: Pick<NetworkPlaces, 'vpc'>;
  readonly domain?: Domain;
  /** With several regions, beside the domain. */
  readonly common?: ServedName;
}

/** Longer than the slowest answer (29 s), so that the balancer never hangs up on a caller whose entry is being stored. */
const IDLE_SECONDS = 60;

export class Balancer extends Construct {
  readonly balancer: elbv2.ApplicationLoadBalancer;
  readonly targets: readonly elbv2.ApplicationTargetGroup[];
  readonly url: string;

  constructor(scope: Construct, id: string, props: BalancerProps) {
    super(scope, id);
    const { deployment, functions, network, domain, common } = props;
    const { vpc } = network;
    this.balancer = new elbv2.ApplicationLoadBalancer(this, 'Balancer', {
      vpc,
      vpcSubnets: { subnetGroupName: FUNCTION_SUBNETS.balancer },
      internetFacing: true,
      securityGroup: this.#createSecurityGroup(vpc, deployment, domain !== undefined),
      idleTimeout: Duration.seconds(IDLE_SECONDS),
      dropInvalidHeaderFields: true,
      deletionProtection: deployment.onDestroy === 'retain',
    });
    deliverAccessLogs(this, this.balancer, deployment);

    const api = createFunctionTarget(this, 'Api', functions.api, { checkPath: HEALTH_PATHS.ready });
    const health = createFunctionTarget(this, 'Health', functions.health);
    this.targets = [api, health];
    const listener = this.#listen(api, domain, common);
    listener.addAction('HealthPaths', {
      priority: 1,
      conditions: [elbv2.ListenerCondition.pathPatterns(Object.values(HEALTH_PATHS))],
      action: elbv2.ListenerAction.forward([health]),
    });
    // Its subnets have IPv4 addresses only.
    for (const name of [domain, common])
      name?.leadTo(new targets.LoadBalancerTarget(this.balancer), { ipv6: false });
    this.url =
      domain === undefined ? `http://${this.balancer.loadBalancerDnsName}` : `https://${domain.name}`;
  }

  #createSecurityGroup(vpc: ec2.IVpc, { front }: Deployment, encrypted: boolean): ec2.SecurityGroup {
    const group = new ec2.SecurityGroup(this, 'Callers', {
      vpc,
      description: 'HTTP and HTTPS in. Nothing out: functions are invoked, not connected to',
      allowAllOutbound: false,
    });
    const sources = front.allowFrom.length === 0 ? ['0.0.0.0/0'] : front.allowFrom;
    for (const source of sources) {
      const peer = source.includes(':') ? ec2.Peer.ipv6(source) : ec2.Peer.ipv4(source);
      for (const port of encrypted ? [443, 80] : [80]) {
        group.addIngressRule(peer, ec2.Port.tcp(port), port === 443 ? 'HTTPS' : 'HTTP');
      }
    }
    if (front.allowFrom.length === 0) {
      Validations.of(group).acknowledge({
        id: 'AwsSolutions-EC23',
        reason: 'A public intake: anybody may call it on 80 and 443. front.allowFrom narrows it to networks.',
      });
    }
    return group;
  }

  #listen(
    api: elbv2.ApplicationTargetGroup,
    domain: Domain | undefined,
    common: ServedName | undefined,
  ): elbv2.ApplicationListener {
    if (domain === undefined) {
      Annotations.of(this).addWarningV2(
        'daybook:plain-http',
        'Callers speak plain HTTP with this balancer, because a certificate needs a domain. Credentials and entries can be read on the way; give a domain for anything but a trial.',
      );
      return this.balancer.addListener('Http', {
        port: 80,
        protocol: elbv2.ApplicationProtocol.HTTP,
        open: false,
        defaultTargetGroups: [api],
      });
    }
    // 308 is not to be had here: a POST over plain HTTP is told the address by 301 and has to be sent again.
    this.balancer.addListener('Http', {
      port: 80,
      protocol: elbv2.ApplicationProtocol.HTTP,
      open: false,
      defaultAction: elbv2.ListenerAction.redirect({ protocol: 'HTTPS', port: '443', permanent: true }),
    });
    return this.balancer.addListener('Https', {
      port: 443,
      protocol: elbv2.ApplicationProtocol.HTTPS,
      open: false,
      certificates: [domain.certificate, ...(common === undefined ? [] : [common.certificate])],
      sslPolicy: elbv2.SslPolicy.TLS13_12_RES_PQ,
      defaultTargetGroups: [api],
    });
  }
}
