/**
 * What a template says of its tiers: how each one's tasks are started, asked how they are, replaced, ended, and how many
 * there are ("Amazon ECS resource type reference" and "Application Auto Scaling", AWS CloudFormation).
 */
import type { TierName } from '../../../src/config/service-schema.ts';
import { TIERS } from '../../../src/config/service-schema.ts';
import type { ResolvedResource, ResolvedStack } from '../../local/template/resolve-template.ts';

export interface TierPlan {
  readonly tier: TierName;
  /** In place of the image's own; none: the image's. */
  readonly command: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly health: { readonly command: readonly string[]; readonly timeoutSeconds: number };
  /** From SIGTERM to SIGKILL. */
  readonly stopSeconds: number;
  readonly deployment: {
    readonly minimumHealthyPercent: number;
    readonly maximumPercent: number;
    /** Whether one that does not become well is taken back. */
    readonly rollback: boolean;
  };
  readonly tasks: { readonly min: number; readonly max: number };
  readonly scaling: ScalingPlan;
  /** Of the target group that the tasks join; none: nobody calls them. */
  readonly groupArn: string | undefined;
}

/** A policy of target tracking. */
export interface ScalingPlan {
  /** As the policy names what it reads: a predefined metric, or an expression. */
  readonly metric: string;
  readonly target: number;
  readonly outCooldownSeconds: number;
  readonly inCooldownSeconds: number;
  readonly scalesIn: boolean;
}

interface TaskDefinition {
  readonly ContainerDefinitions: readonly {
    readonly EntryPoint?: readonly string[];
    readonly Command?: readonly string[];
    readonly Environment: readonly { readonly Name: string; readonly Value: string }[];
    readonly Secrets?: readonly unknown[];
    readonly HealthCheck: { readonly Command: readonly string[]; readonly Timeout: number };
    readonly StopTimeout: number;
  }[];
}

interface Service {
  readonly TaskDefinition: string;
  readonly LoadBalancers?: readonly { readonly TargetGroupArn: string }[];
  readonly DeploymentConfiguration: {
    readonly MinimumHealthyPercent: number;
    readonly MaximumPercent: number;
    readonly DeploymentCircuitBreaker: { readonly Enable: boolean; readonly Rollback: boolean };
  };
}

interface Policy {
  readonly ScalingTargetId: string;
  readonly TargetTrackingScalingPolicyConfiguration: {
    readonly TargetValue: number;
    readonly ScaleOutCooldown: number;
    readonly ScaleInCooldown: number;
    readonly DisableScaleIn: boolean;
    readonly PredefinedMetricSpecification?: { readonly PredefinedMetricType: string };
    readonly CustomizedMetricSpecification?: {
      readonly Metrics: readonly { readonly Expression?: string; readonly ReturnData: boolean }[];
    };
  };
}

/** @throws {Error} for what is not modelled here: secrets that ECS puts into variables, several containers in a task. */
export function readTiers(stack: ResolvedStack): Readonly<Record<TierName, TierPlan>> {
  const plans = stack
    .resources('AWS::ECS::Service')
    .map((service) => readTier(stack, service))
    .map((plan) => [plan.tier, plan] as const);
  const found = plans.map(([tier]) => tier).toSorted();
  if (found.join() !== [...TIERS].toSorted().join())
    throw new Error(`expected ${TIERS.join()}, given ${found.join()}`);
  return Object.fromEntries(plans) as Record<TierName, TierPlan>;
}

function readTier(stack: ResolvedStack, resource: ResolvedResource): TierPlan {
  const service = resource.properties() as unknown as Service;
  const task = stack
    .resources('AWS::ECS::TaskDefinition')
    .find(({ ref }) => ref === service.TaskDefinition)
    ?.properties() as unknown as TaskDefinition;
  const [container, ...more] = task.ContainerDefinitions;
  if (container === undefined || more.length > 0 || container.Secrets !== undefined)
    throw new Error(`${resource.logicalId}: expected one container without secrets, given another task`);
  const variables = Object.fromEntries(container.Environment.map(({ Name, Value }) => [Name, Value]));
  const { MinimumHealthyPercent, MaximumPercent, DeploymentCircuitBreaker } = service.DeploymentConfiguration;
  return {
    tier: variables['DAYBOOK_ROLES'] as TierName,
    command: [...(container.EntryPoint ?? []), ...(container.Command ?? [])],
    variables,
    health: { command: container.HealthCheck.Command, timeoutSeconds: container.HealthCheck.Timeout },
    stopSeconds: container.StopTimeout,
    deployment: {
      minimumHealthyPercent: MinimumHealthyPercent,
      maximumPercent: MaximumPercent,
      rollback: DeploymentCircuitBreaker.Enable && DeploymentCircuitBreaker.Rollback,
    },
    ...readScaling(stack, resource),
    groupArn: service.LoadBalancers?.[0]?.TargetGroupArn,
  };
}

function readScaling(stack: ResolvedStack, service: ResolvedResource): Pick<TierPlan, 'tasks' | 'scaling'> {
  const name = `/${service.attribute('Name')}`;
  const target = stack
    .resources('AWS::ApplicationAutoScaling::ScalableTarget')
    .find((one) => String(one.properties()['ResourceId']).endsWith(name));
  const policies = stack
    .resources('AWS::ApplicationAutoScaling::ScalingPolicy')
    .map((one) => one.properties() as unknown as Policy)
    .filter(({ ScalingTargetId }) => ScalingTargetId === target?.ref);
  const [policy, ...more] = policies;
  if (target === undefined || policy === undefined || more.length > 0)
    throw new Error(`${service.logicalId}: expected one policy, given ${policies.length}`);
  const { MinCapacity, MaxCapacity } = target.properties();
  const settings = policy.TargetTrackingScalingPolicyConfiguration;
  const { PredefinedMetricSpecification: predefined, CustomizedMetricSpecification: customized } = settings;
  const metric =
    predefined?.PredefinedMetricType ??
    customized?.Metrics.find(({ ReturnData }) => ReturnData)?.Expression ??
    '';
  return {
    tasks: { min: Number(MinCapacity), max: Number(MaxCapacity) },
    scaling: {
      metric,
      target: settings.TargetValue,
      outCooldownSeconds: settings.ScaleOutCooldown,
      inCooldownSeconds: settings.ScaleInCooldown,
      scalesIn: !settings.DisableScaleIn,
    },
  };
}
