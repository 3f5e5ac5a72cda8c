/**
 * A task: the image's command as a process, with the variables of the image and of the task definition. It is well once
 * the container's own health check says so; ECS asks that again and again, here it is asked until the first success, and
 * the end of the process is what counts afterwards.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { eventually } from '../../../../daybook/test/support/eventually.ts';
import type { StartedDaybook } from '../../../../daybook/test/support/start-daybook.ts';
import { startDaybook } from '../../../../daybook/test/support/start-daybook.ts';
import { hereOf, readImage } from './image.ts';
import type { Places } from './places.ts';
import { placedVariables } from './places.ts';
import type { TierPlan } from './tiers-plan.ts';

export interface Task {
  readonly server: StartedDaybook;
  readonly port: number;
}

const image = readImage();
const run = promisify(execFile);

/** @throws {Error} with what the process wrote, when it ends before it is well. */
export async function startTask(plan: TierPlan, places: Places): Promise<Task> {
  const [program, entry, ...rest] = hereOf(plan.command.length > 0 ? plan.command : image.command);
  if (program !== process.execPath || !entry?.endsWith('/bin/daybook.js') || rest.join() !== 'serve')
    throw new Error(`expected a command that serves, given ${plan.command.join(' ')}`);
  if (image.stopSignal !== 'SIGTERM') throw new Error(`expected SIGTERM, given ${image.stopSignal}`);
  const variables = placedVariables({ ...image.variables, ...plan.variables }, places);
  const server = await startDaybook({
    // What is started for tests has no limits of rate unless they are asked for.
    env: { DAYBOOK_RATE_LIMIT: 'on', ...variables },
    startTimeoutMs: 60_000,
    stopTimeoutMs: plan.stopSeconds * 1_000,
  });
  const port = Number(new URL(server.address).port);
  try {
    await becomeWell(plan, { ...variables, DAYBOOK_PORT: `${port}` });
  } catch (thrown) {
    await server.stop();
    throw thrown;
  }
  return { server, port };
}

async function becomeWell({ health }: TierPlan, env: Readonly<Record<string, string>>): Promise<void> {
  const [kind, ...command] = health.command;
  const [program = '', ...args] = hereOf(command);
  if (kind !== 'CMD') throw new Error(`expected a command without a shell, given ${kind}`);
  await eventually('the container is well', async () => {
    await run(program, args, { env, timeout: health.timeoutSeconds * 1_000 });
    return true;
  });
}
