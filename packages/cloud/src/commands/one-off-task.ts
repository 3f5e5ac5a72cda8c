/**
 * A command of `daybook` in a task that ends by itself: with the task definition of a tier, and in its places of the
 * network, where the database can be reached and nobody outside can. No task of the tier is touched, and none needs to run.
 *
 *   the service as it is ─▶ run ─▶ pulled, started, ended ─▶ exit code 0, or why not
 */
import type { DeployedTier } from '../aws/services.ts';
import { CommandError } from '../failure.ts';
import { CONTAINER } from '../services/image.ts';
import type { Cloud } from './cloud.ts';

const EVERY_MS = 3_000;
/** A task that ECS places and whose image is there takes about a minute. */
const WAIT_MS = 15 * 60_000;

/**
 * Resolves when the command has ended with 0. @param command what follows `daybook`; the API of ECS shows it to whoever may
 * describe tasks, so it must hold no secret. @throws {CommandError} with what ECS says of the end.
 */
export async function runOneOff(
  cloud: Cloud,
  { tier, region, cluster, service }: DeployedTier,
  command: readonly string[],
): Promise<void> {
  const { calls } = cloud;
  const { services } = await calls.send('ecs:DescribeServices', region, { cluster, services: [service] });
  const { taskDefinition, networkConfiguration, platformVersion } = services?.[0] ?? {};
  if (taskDefinition === undefined || networkConfiguration === undefined)
    throw new CommandError(`${tier} in ${region}: expected a service with a task definition, found none`);
  const { tasks, failures } = await calls.send('ecs:RunTask', region, {
    cluster,
    taskDefinition,
    networkConfiguration,
    launchType: 'FARGATE',
    ...(platformVersion !== undefined && { platformVersion }),
    count: 1,
    startedBy: 'daybook-cloud',
    propagateTags: 'TASK_DEFINITION',
    enableECSManagedTags: true,
    overrides: { containerOverrides: [{ name: CONTAINER, command: [...command] }] },
  });
  const task = tasks?.[0]?.taskArn;
  if (task === undefined) {
    const [failure] = failures ?? [];
    throw new CommandError(
      `${tier} in ${region}: expected a task to be started, found none; ${failure?.reason ?? 'ECS does not say why'}`,
    );
  }
  await untilEnded(cloud, { tier, region, cluster, task });
}

interface StartedTask extends Pick<DeployedTier, 'tier' | 'region' | 'cluster'> {
  /** Its ARN. */
  readonly task: string;
}

async function untilEnded(cloud: Cloud, { tier, region, cluster, task }: StartedTask): Promise<void> {
  const startedMs = cloud.nowMs();
  const logs = `npm run cloud -- logs --function ${tier} -e ${cloud.deployment.environment} --since 30m`;
  for (;;) {
    const { tasks } = await cloud.calls.send('ecs:DescribeTasks', region, { cluster, tasks: [task] });
    const { lastStatus = 'not there yet', stoppedReason, containers } = tasks?.[0] ?? {};
    if (lastStatus === 'STOPPED') {
      const { exitCode, reason } = containers?.find(({ name }) => name === CONTAINER) ?? {};
      if (exitCode === 0) return;
      const why = [reason, stoppedReason].filter((text) => text !== undefined && text !== '').join('; ');
      throw new CommandError(
        `${task}: expected exit code 0, found ${exitCode ?? 'none'}; ${why || 'ECS does not say why'}; what it wrote: ${logs}`,
      );
    }
    const waitedMs = cloud.nowMs() - startedMs;
    if (waitedMs > WAIT_MS)
      throw new CommandError(
        `${task}: expected an end within ${WAIT_MS / 60_000} minutes, found it ${lastStatus}; what it wrote: ${logs}`,
      );
    cloud.terminal.progress(
      `a task of ${tier}: ${lastStatus} after ${Math.round(waitedMs / 1_000)} s; it takes about a minute`,
    );
    await cloud.sleep(EVERY_MS);
  }
}
