/**
 * The services of the tiers, as ECS and Application Auto Scaling know them: found in the templates that are deployed.
 */
import type { TierName } from '../config/service-schema.ts';
import { TIERS } from '../config/service-schema.ts';
import type { AwsCalls } from './aws-calls.ts';
import type { DeployedPart, DeployedParts } from './deployed-parts.ts';

export interface DeployedTier {
  readonly tier: TierName;
  readonly region: string;
  readonly cluster: string;
  /** Its name in the cluster. */
  readonly service: string;
  readonly logGroup?: string | undefined;
}

interface ContainerDefinition {
  readonly Command?: readonly string[];
  readonly Environment?: readonly { readonly Name?: string; readonly Value?: unknown }[];
  readonly LogConfiguration?: { readonly Options?: Readonly<Record<string, unknown>> };
}

export interface DeployedJob {
  readonly job: 'archive';
  readonly region: string;
  readonly logGroup?: string | undefined;
}

/** Tasks that a schedule starts, which are of no service: by the command that they run. */
export function jobsOf(parts: DeployedParts): DeployedJob[] {
  return parts.ofType('AWS::ECS::TaskDefinition').flatMap((task): DeployedJob[] => {
    const [container] = containersOf(task);
    if (container?.Command?.[0] !== 'archive') return [];
    return [{ job: 'archive', region: task.region, logGroup: logGroupOf(parts, task) }];
  });
}

/** In the order of {@link TIERS}. */
export function tiersOf(parts: DeployedParts): DeployedTier[] {
  const found = parts.ofType('AWS::ECS::Service').flatMap((part): DeployedTier[] => {
    const properties = part.template.Properties ?? {};
    const task = parts.referred(part, properties['TaskDefinition']);
    const [container] = containersOf(task);
    const roles = container?.Environment?.find(({ Name }) => Name === 'DAYBOOK_ROLES')?.Value;
    const tier = TIERS.find((name) => name === roles);
    if (tier === undefined) return [];
    return [
      {
        tier,
        region: part.region,
        cluster: parts.referred(part, properties['Cluster'])?.physicalId ?? '',
        // The ARN: …:service/<cluster>/<service>.
        service: part.physicalId.split('/').at(-1) ?? '',
        logGroup: task && logGroupOf(parts, task),
      },
    ];
  });
  return found.toSorted((a, b) => TIERS.indexOf(a.tier) - TIERS.indexOf(b.tier));
}

function logGroupOf(parts: DeployedParts, task: DeployedPart): string | undefined {
  const [container] = containersOf(task);
  return parts.referred(task, container?.LogConfiguration?.Options?.['awslogs-group'])?.physicalId;
}

function containersOf(task: DeployedPart | undefined): readonly ContainerDefinition[] {
  return (task?.template.Properties?.['ContainerDefinitions'] ?? []) as readonly ContainerDefinition[];
}

/** Between the two bounds from now on, or as it is and nothing else. */
export async function setScaling(
  calls: AwsCalls,
  { region, cluster, service }: DeployedTier,
  { min, max, follows }: { readonly min: number; readonly max: number; readonly follows: boolean },
): Promise<void> {
  await calls.send('application-autoscaling:RegisterScalableTarget', region, {
    ServiceNamespace: 'ecs',
    ResourceId: `service/${cluster}/${service}`,
    ScalableDimension: 'ecs:service:DesiredCount',
    MinCapacity: min,
    MaxCapacity: max,
    SuspendedState: {
      DynamicScalingInSuspended: !follows,
      DynamicScalingOutSuspended: !follows,
      ScheduledScalingSuspended: !follows,
    },
  });
}

export async function setDesired(
  calls: AwsCalls,
  { region, cluster, service }: DeployedTier,
  desiredCount: number,
): Promise<void> {
  await calls.send('ecs:UpdateService', region, { cluster, service, desiredCount });
}

export async function runningTasks(
  calls: AwsCalls,
  { region, cluster, service }: DeployedTier,
): Promise<{ readonly running: number; readonly pending: number; readonly event?: string | undefined }> {
  const { services } = await calls.send('ecs:DescribeServices', region, { cluster, services: [service] });
  const [found] = services ?? [];
  return {
    running: found?.runningCount ?? 0,
    pending: found?.pendingCount ?? 0,
    event: found?.events?.[0]?.message,
  };
}
