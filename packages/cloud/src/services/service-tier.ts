/**
 * One tier: so many equal tasks on Fargate, spread over the zones. A deployment starts the new ones beside the old,
 * waits until they are well, and takes itself back when they do not become so; nothing is stopped before.
 *
 * What ends a task, in this order: the balancer sends it nothing new (deregistration, as long as the longest request may
 * take), then SIGTERM, then the grace of the configuration and what is flushed behind it, then the end.
 */
import type { aws_kms as kms, aws_logs as logs } from 'aws-cdk-lib';
import { aws_ecs as ecs, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { stopSecondsOf } from '../config/service-checks.ts';
import type { TierName } from '../config/service-schema.ts';
import type { Variables } from '../functions/environment.ts';
import { RoleHolder } from '../functions/role-holder.ts';
import { TIER_SUBNETS } from '../network/tier-subnets.ts';
import type { Tier } from '../parts.ts';
import { DATA_DIR, HEALTH_COMMAND, PORT } from './image.ts';
import { AGENT_DIRECTORIES, SHELL_ACTIONS } from './shell.ts';
import type { TierPlace } from './tier-place.ts';
import { createTierTask, ofTasks } from './tier-task.ts';

export interface ServiceTierProps {
  readonly name: TierName;
  readonly deployment: Deployment;
  readonly services: NonNullable<Deployment['services']>;
  readonly cluster: ecs.ICluster;
  readonly place: TierPlace;
  readonly environment: Variables;
  /** Of what is done in shells, where there are any. */
  readonly shellLog?: logs.ILogGroup | undefined;
  readonly key?: kms.IKey | undefined;
}

/** A task has so long to start before the balancer's opinion of it counts: image, process, first connection. */
const STARTING = Duration.seconds(120);
const DATA = 'data';

export class ServiceTier extends RoleHolder implements Tier {
  readonly name: TierName;
  readonly service: ecs.FargateService;
  readonly logGroup: Tier['logGroup'];

  constructor(scope: Construct, id: string, props: ServiceTierProps) {
    const { name, cluster, place } = props;
    super(scope, id, {
      assumedBy: ofTasks(scope),
      description: `Daybook: what the tier ${name} may do`,
    });
    this.name = name;
    this.logGroup = place.logGroup;
    this.service = new ecs.FargateService(this, 'Service', {
      cluster,
      taskDefinition: this.#task(props),
      // Without a desired count: what scaling has found stays through a deployment.
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      deploymentController: { type: ecs.DeploymentControllerType.ECS },
      availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.ENABLED,
      ...(name !== 'persister' && { healthCheckGracePeriod: STARTING }),
      platformVersion: ecs.FargatePlatformVersion.VERSION1_4,
      vpcSubnets: { subnetGroupName: TIER_SUBNETS.services },
      securityGroups: [place.group],
      assignPublicIp: false,
      propagateTags: ecs.PropagatedTagSource.SERVICE,
      enableECSManagedTags: true,
    });
    if (props.shellLog !== undefined) this.#openShells(props.shellLog, props.key);
  }

  /** "ECS Exec", task role permissions, with a log group and a key of one's own. */
  #openShells(shellLog: logs.ILogGroup, key: kms.IKey | undefined): void {
    (this.service.node.defaultChild as ecs.CfnService).enableExecuteCommand = true;
    this.allow([...SHELL_ACTIONS, 'logs:DescribeLogGroups'], ['*']);
    this.allow(
      ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
      [shellLog.logGroupArn],
    );
    if (key !== undefined) this.allow(['kms:Decrypt'], [key.keyArn]);
    this.because(
      'Resource::*',
      'Channels of a shell have no names before it is opened; who may open one is said by IAM (ecs:ExecuteCommand).',
    );
  }

  #task({ name, deployment, services, environment }: ServiceTierProps): ecs.FargateTaskDefinition {
    return createTierTask(this, {
      name,
      services,
      size: services[name],
      environment,
      role: this.role,
      logGroup: this.logGroup,
      // Pages are written nowhere.
      directories: {
        ...(name !== 'web' && { [DATA]: DATA_DIR }),
        ...(services.shell && AGENT_DIRECTORIES),
      },
      container: {
        portMappings: [{ containerPort: PORT }],
        stopTimeout: Duration.seconds(stopSecondsOf(deployment)),
        healthCheck: {
          command: [...HEALTH_COMMAND],
          interval: Duration.seconds(10),
          timeout: Duration.seconds(5),
          retries: 3,
          startPeriod: Duration.seconds(60),
        },
      },
    });
  }
}
