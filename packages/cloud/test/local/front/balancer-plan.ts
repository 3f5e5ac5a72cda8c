/**
 * What a template says of its Application Load Balancer: listeners with their rules, and target groups of one function
 * each ("Elastic Load Balancing V2 resource type reference", AWS CloudFormation).
 */
import type { ResolvedStack } from '../template/resolve-template.ts';

export interface TargetGroupPlan {
  readonly arn: string;
  readonly functionArn: string;
  /** `lambda.multi_value_headers.enabled` */
  readonly multiValue: boolean;
  readonly health:
    | {
        readonly path: string;
        readonly intervalSeconds: number;
        readonly timeoutSeconds: number;
        /** Statuses, such as `200` or `200-299`. */
        readonly matcher: string;
      }
    | undefined;
}

export type ListenerAction =
  | { readonly type: 'forward'; readonly group: TargetGroupPlan }
  | { readonly type: 'redirect'; readonly status: number; readonly protocol: string; readonly port: string }
  | {
      readonly type: 'fixed-response';
      readonly status: number;
      readonly contentType: string;
      readonly body: string;
    };

export interface ListenerPlan {
  readonly protocol: 'http' | 'https';
  readonly port: number;
  /** In the order of their priority; the default action comes last and has no patterns. */
  readonly rules: readonly {
    readonly paths: readonly string[] | undefined;
    readonly action: ListenerAction;
  }[];
}

export interface BalancerPlan {
  readonly listeners: readonly ListenerPlan[];
  readonly groups: readonly TargetGroupPlan[];
}

interface ActionProperties {
  readonly Type: string;
  readonly TargetGroupArn?: string;
  readonly ForwardConfig?: { readonly TargetGroups: readonly { readonly TargetGroupArn: string }[] };
  readonly RedirectConfig?: {
    readonly StatusCode: string;
    readonly Protocol?: string;
    readonly Port?: string;
  };
  readonly FixedResponseConfig?: {
    readonly StatusCode: string;
    readonly ContentType?: string;
    readonly MessageBody?: string;
  };
}

export function readBalancerPlan(stack: ResolvedStack): BalancerPlan {
  const groups = stack
    .resources('AWS::ElasticLoadBalancingV2::TargetGroup')
    .map((resource): TargetGroupPlan => {
      const group = resource.properties() as {
        readonly TargetType: string;
        readonly Targets?: readonly { readonly Id: string }[];
        readonly TargetGroupAttributes?: readonly { readonly Key: string; readonly Value: string }[];
        readonly HealthCheckEnabled?: boolean;
        readonly HealthCheckPath?: string;
        readonly HealthCheckIntervalSeconds?: number;
        readonly HealthCheckTimeoutSeconds?: number;
        readonly Matcher?: { readonly HttpCode?: string };
      };
      const [target] = group.Targets ?? [];
      if (group.TargetType !== 'lambda' || target === undefined) {
        throw new Error(`${resource.logicalId}: expected a Lambda target, given ${group.TargetType}`);
      }
      const attributes = new Map((group.TargetGroupAttributes ?? []).map(({ Key, Value }) => [Key, Value]));
      return {
        arn: resource.ref,
        functionArn: target.Id,
        multiValue: attributes.get('lambda.multi_value_headers.enabled') === 'true',
        health:
          group.HealthCheckEnabled === true
            ? {
                path: group.HealthCheckPath ?? '/',
                intervalSeconds: group.HealthCheckIntervalSeconds ?? 35,
                timeoutSeconds: group.HealthCheckTimeoutSeconds ?? 30,
                matcher: group.Matcher?.HttpCode ?? '200',
              }
            : undefined,
      };
    });
  const listeners = stack.resources('AWS::ElasticLoadBalancingV2::Listener').map((resource): ListenerPlan => {
    const { Port, Protocol, DefaultActions } = resource.properties() as {
      readonly Port: number;
      readonly Protocol: string;
      readonly DefaultActions: readonly ActionProperties[];
    };
    const rules = stack
      .resources('AWS::ElasticLoadBalancingV2::ListenerRule')
      .map(
        (rule) =>
          rule.properties() as {
            readonly ListenerArn: string;
            readonly Priority: number;
            readonly Conditions: readonly ConditionProperties[];
            readonly Actions: readonly ActionProperties[];
          },
      )
      .filter(({ ListenerArn }) => ListenerArn === resource.ref)
      .toSorted((one, other) => one.Priority - other.Priority)
      .map(({ Conditions, Actions }) => ({
        paths: pathsOf(Conditions),
        action: readAction(Actions, groups),
      }));
    return {
      protocol: Protocol === 'HTTPS' ? 'https' : 'http',
      port: Port,
      rules: [...rules, { paths: undefined, action: readAction(DefaultActions, groups) }],
    };
  });
  return { listeners, groups };
}

interface ConditionProperties {
  readonly Field?: string;
  readonly Values?: readonly string[];
  readonly PathPatternConfig?: { readonly Values: readonly string[] };
}

function pathsOf(conditions: readonly ConditionProperties[]): readonly string[] {
  const [condition, ...more] = conditions;
  const values = condition?.PathPatternConfig?.Values ?? condition?.Values;
  if (condition?.Field !== 'path-pattern' || values === undefined || more.length > 0) {
    throw new Error(`expected a rule by path alone, given ${JSON.stringify(conditions)}`);
  }
  return values;
}

function readAction(
  actions: readonly ActionProperties[],
  groups: readonly TargetGroupPlan[],
): ListenerAction {
  const [action, ...more] = actions;
  const { RedirectConfig: redirect, FixedResponseConfig: fixed } = action ?? {};
  if (action?.Type === 'forward' && more.length === 0) {
    const arn = action.TargetGroupArn ?? action.ForwardConfig?.TargetGroups[0]?.TargetGroupArn;
    const group = groups.find((one) => one.arn === arn);
    if (group !== undefined) return { type: 'forward', group };
  }
  if (action?.Type === 'redirect' && redirect !== undefined) {
    const status = redirect.StatusCode === 'HTTP_302' ? 302 : 301;
    return {
      type: 'redirect',
      status,
      protocol: redirect.Protocol ?? '#{protocol}',
      port: redirect.Port ?? '#{port}',
    };
  }
  if (action?.Type === 'fixed-response' && fixed !== undefined) {
    const { StatusCode, ContentType = 'text/plain', MessageBody = '' } = fixed;
    return {
      type: 'fixed-response',
      status: Number(StatusCode),
      contentType: ContentType,
      body: MessageBody,
    };
  }
  throw new Error(`expected one action that is known here, given ${JSON.stringify(actions)}`);
}
