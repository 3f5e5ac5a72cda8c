/**
 * What a template says of the balancer of the tiers and of CloudFront before it: listeners with their rules, target groups
 * with their health checks ("Elastic Load Balancing V2" and "Amazon CloudFront resource type reference", AWS CloudFormation).
 */
import type { ResolvedStack } from '../../local/template/resolve-template.ts';

export interface GroupPlan {
  readonly arn: string;
  readonly path: string;
  readonly status: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyCount: number;
  readonly unhealthyCount: number;
  /** How long a target that leaves may go on with what it was sent. */
  readonly drainSeconds: number;
}

export interface RulePlan {
  /** None: of any host. May begin or end with `*`. */
  readonly hosts: readonly string[];
  /** None: any path. May begin or end with `*`. */
  readonly paths: readonly string[];
  readonly groupArn: string;
}

export interface ListenerPlan {
  readonly port: number;
  readonly encrypted: boolean;
  /** In the order of their priority; the last one is the default and takes everything. */
  readonly rules: readonly RulePlan[];
}

export interface BalancerPlan {
  readonly idleSeconds: number;
  readonly groups: readonly GroupPlan[];
  readonly listeners: readonly ListenerPlan[];
  /** CloudFront: what it calls the balancer by, and its own patience. */
  readonly cdn: {
    readonly originName: string;
    readonly encrypted: boolean;
    readonly readSeconds: number;
    readonly idleSeconds: number;
  };
}

interface Attribute {
  readonly Key: string;
  readonly Value: string;
}

interface Action {
  readonly Type: string;
  readonly TargetGroupArn?: string;
}

interface Rule {
  readonly ListenerArn: string;
  readonly Priority: number;
  readonly Actions: readonly Action[];
  readonly Conditions: readonly {
    readonly Field: string;
    readonly HostHeaderConfig?: { readonly Values: readonly string[] };
    readonly PathPatternConfig?: { readonly Values: readonly string[] };
  }[];
}

export function readBalancer(stack: ResolvedStack): BalancerPlan {
  const balancer = only(stack, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
  const attributes = balancer['LoadBalancerAttributes'] as readonly Attribute[];
  return {
    idleSeconds: numberOf(attributes, 'idle_timeout.timeout_seconds'),
    groups: readGroups(stack),
    listeners: readListeners(stack),
    cdn: readCdn(stack),
  };
}

function readGroups(stack: ResolvedStack): GroupPlan[] {
  return stack.resources('AWS::ElasticLoadBalancingV2::TargetGroup').map((resource) => {
    const group = resource.properties();
    if (group['TargetType'] !== 'ip') throw new Error(`${resource.logicalId}: expected targets by address`);
    return {
      arn: resource.ref,
      path: String(group['HealthCheckPath']),
      status: (group['Matcher'] as { readonly HttpCode: string }).HttpCode,
      intervalSeconds: Number(group['HealthCheckIntervalSeconds']),
      timeoutSeconds: Number(group['HealthCheckTimeoutSeconds']),
      healthyCount: Number(group['HealthyThresholdCount']),
      unhealthyCount: Number(group['UnhealthyThresholdCount']),
      drainSeconds: numberOf(
        group['TargetGroupAttributes'] as readonly Attribute[],
        'deregistration_delay.timeout_seconds',
      ),
    };
  });
}

function readListeners(stack: ResolvedStack): ListenerPlan[] {
  const all = stack
    .resources('AWS::ElasticLoadBalancingV2::ListenerRule')
    .map((resource) => resource.properties() as unknown as Rule)
    .toSorted((one, other) => one.Priority - other.Priority);
  return stack.resources('AWS::ElasticLoadBalancingV2::Listener').map((resource) => {
    const { Port, Protocol, DefaultActions } = resource.properties();
    const rules = all
      .filter(({ ListenerArn }) => ListenerArn === resource.ref)
      .map(({ Conditions, Actions }) => ({
        hosts: Conditions.flatMap(({ HostHeaderConfig }) => HostHeaderConfig?.Values ?? []),
        paths: Conditions.flatMap(({ PathPatternConfig }) => PathPatternConfig?.Values ?? []),
        groupArn: targetOf(Actions),
      }));
    const otherwise = { hosts: [], paths: [], groupArn: targetOf(DefaultActions as readonly Action[]) };
    return { port: Number(Port), encrypted: Protocol === 'HTTPS', rules: [...rules, otherwise] };
  });
}

function readCdn(stack: ResolvedStack): BalancerPlan['cdn'] {
  const { Origins } = only(stack, 'AWS::CloudFront::Distribution')['DistributionConfig'] as {
    readonly Origins: readonly {
      readonly DomainName: string;
      readonly VpcOriginConfig: {
        readonly OriginReadTimeout: number;
        readonly OriginKeepaliveTimeout: number;
      };
    }[];
  };
  const way = only(stack, 'AWS::CloudFront::VpcOrigin')['VpcOriginEndpointConfig'] as {
    readonly OriginProtocolPolicy: string;
  };
  const [origin, ...more] = Origins;
  if (origin === undefined || more.length > 0) throw new Error('expected one origin');
  return {
    originName: origin.DomainName,
    encrypted: way.OriginProtocolPolicy === 'https-only',
    readSeconds: origin.VpcOriginConfig.OriginReadTimeout,
    idleSeconds: origin.VpcOriginConfig.OriginKeepaliveTimeout,
  };
}

/** The properties of the one resource of its type. */
function only(stack: ResolvedStack, type: string): Readonly<Record<string, unknown>> {
  const [found, ...more] = stack.resources(type);
  if (found === undefined || more.length > 0) throw new Error(`expected one ${type}`);
  return found.properties();
}

function targetOf([action, ...more]: readonly Action[]): string {
  if (action?.Type !== 'forward' || action.TargetGroupArn === undefined || more.length > 0)
    throw new Error(`expected an action that forwards to one group, given ${JSON.stringify(action)}`);
  return action.TargetGroupArn;
}

function numberOf(attributes: readonly Attribute[], key: string): number {
  const value = Number(attributes.find(({ Key }) => Key === key)?.Value);
  if (Number.isNaN(value)) throw new Error(`expected a number in ${key}, given none`);
  return value;
}
