/**
 * A task of the one image, as every tier and every job runs it: as a user without rights, on a file system that is
 * read-only but for named directories, with a log of its own and a role that only it has.
 */
import type { aws_logs as logs } from 'aws-cdk-lib';
import { aws_ecs as ecs, aws_iam as iam, Size, Stack, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import type { TaskSize } from '../config/service-schema.ts';
import type { Variables } from '../functions/environment.ts';
import { CONTAINER, USER } from './image.ts';
import { IMAGE_ACTIONS, REGISTRY_ACTIONS, repositoryArn } from './registry.ts';

export interface TierTaskProps {
  /** Of the tier, or of the job. */
  readonly name: string;
  readonly services: NonNullable<Deployment['services']>;
  readonly size: TaskSize;
  readonly environment: Variables;
  readonly role: iam.IRole;
  readonly logGroup: logs.ILogGroup;
  /** What may be written to, by the names of their volumes. */
  readonly directories: Readonly<Record<string, string>>;
  /** Beside what all have. */
  readonly container: Pick<
    ecs.ContainerDefinitionOptions,
    'command' | 'healthCheck' | 'portMappings' | 'stopTimeout'
  >;
}

/** Lines that wait for CloudWatch; beyond it they are dropped, and the service goes on. */
const LOG_BUFFER = Size.mebibytes(25);

export function createTierTask(scope: Construct, props: TierTaskProps): ecs.FargateTaskDefinition {
  const { name, services, size, environment, role, logGroup, directories } = props;
  const architecture =
    services.architecture === 'arm64' ? ecs.CpuArchitecture.ARM64 : ecs.CpuArchitecture.X86_64;
  const task = new ecs.FargateTaskDefinition(scope, 'Task', {
    cpu: size.cpu,
    memoryLimitMiB: size.memoryMb,
    runtimePlatform: {
      cpuArchitecture: architecture,
      operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
    },
    taskRole: role,
    executionRole: createExecutionRole(scope, name, services.image),
    volumes: Object.keys(directories).map((volume) => ({ name: volume })),
  });
  const limits = new ecs.LinuxParameters(scope, 'Limits', { initProcessEnabled: true });
  limits.dropCapabilities(ecs.Capability.ALL);
  const container = task.addContainer(CONTAINER, {
    image: ecs.ContainerImage.fromRegistry(services.image),
    environment: { ...environment },
    user: USER,
    readonlyRootFilesystem: true,
    linuxParameters: limits,
    ...props.container,
    logging: ecs.LogDrivers.awsLogs({
      logGroup,
      streamPrefix: name,
      mode: ecs.AwsLogDriverMode.NON_BLOCKING,
      maxBufferSize: LOG_BUFFER,
    }),
  });
  container.addMountPoints(
    ...Object.entries(directories).map(([sourceVolume, containerPath]) => ({
      sourceVolume,
      containerPath,
      readOnly: false,
    })),
  );
  Validations.of(container).acknowledge({
    id: 'Annotation::@aws-cdk/aws-ecs:ecrImageRequiresPolicy',
    reason: 'The execution role may pull from this repository, and from no other.',
  });
  Validations.of(task).acknowledge({
    id: 'AwsSolutions-ECS2',
    reason: 'Addresses and settings only: the one secret is read at run time from AWS Secrets Manager.',
  });
  return task;
}

/** "Amazon ECS task IAM role": the account's own tasks and nobody else's. */
export function ofTasks(scope: Construct): iam.ServicePrincipal {
  const { account, partition, region } = Stack.of(scope);
  return new iam.ServicePrincipal('ecs-tasks.amazonaws.com', {
    conditions: {
      StringEquals: { 'aws:SourceAccount': account },
      ArnLike: { 'aws:SourceArn': `arn:${partition}:ecs:${region}:${account}:*` },
    },
  });
}

/** Of ECS itself: it pulls the image and opens the log. */
function createExecutionRole(scope: Construct, name: string, image: string): iam.Role {
  const role = new iam.Role(scope, 'ExecutionRole', {
    assumedBy: ofTasks(scope),
    description: `Daybook: what starts the tier ${name}`,
  });
  role.addToPolicy(new iam.PolicyStatement({ actions: [...REGISTRY_ACTIONS], resources: ['*'] }));
  role.addToPolicy(
    new iam.PolicyStatement({ actions: [...IMAGE_ACTIONS], resources: [repositoryArn(scope, image)] }),
  );
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: `${REGISTRY_ACTIONS.join()} knows no resources; what may be pulled is named.`,
  });
  return role;
}
