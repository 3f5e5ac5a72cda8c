/**
 * `status`: the stacks, alarms that are ringing, what waits in the queues, and whether it answers; with several regions each
 * by itself, with its share of the callers, and by the name of all. Exit code 1 when a stack is broken, one is not ready, or
 * an alarm rings.
 */
import type { Command } from 'commander';

import { assertAccount } from '../aws/account.ts';
import { ringingAlarms } from '../aws/alarms.ts';
import type { QueueDepth } from '../aws/queues.ts';
import { readQueues } from '../aws/queues.ts';
import type { DeployedResource, DeployedStack } from '../aws/stacks.ts';
import { findStack, listResources } from '../aws/stacks.ts';
import type { Weight } from '../aws/weights.ts';
import { readWeights } from '../aws/weights.ts';
import { EXIT_FAILURE, EXIT_OK, errorOf } from '../failure.ts';
import { printable, toTable } from '../terminal.ts';
import type { Cloud, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import type { StackOutputs } from './outputs.ts';
import { commonUrlOf, urlsOf } from './outputs.ts';

const REQUEST_MS = 30_000;
const HEALTHY = /^(?:CREATE|UPDATE|IMPORT)_COMPLETE$/;

interface Answered {
  readonly url: string;
  /** Undefined: whichever region is well. */
  readonly region?: string;
  /** Of the callers of the common name, where there is one. */
  readonly weight?: Weight;
  /** The status code, or why there is none. */
  readonly ready: string;
  /** What `/api/status` says: ok, degraded, drained, unavailable. */
  readonly status: string;
}

export function addStatus(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'status',
    summary: 'Show how the deployment is; exit code 1 when something of it is wrong.',
    examples: [
      ['status -e prd', ''],
      ['status -e prd --json', 'for scripts'],
    ],
  }).action(action(run, status));
}

async function status(cloud: Cloud): Promise<number> {
  const { calls, terminal, json, dryRun } = cloud;
  await assertAccount(calls, cloud.deployment);
  const stacks: DeployedStack[] = [];
  const resources: { region: string; resource: DeployedResource }[] = [];
  for (const { name, region } of await cloud.stacks()) {
    const found = await findStack(calls, { name, region });
    stacks.push(found ?? missing(name, region));
    if (found === undefined) continue;
    for (const resource of await listResources(calls, found)) resources.push({ region, resource });
  }
  const alarms = await ringingAlarms(calls, resources);
  const queues = await readQueues(calls, resources, cloud.nowMs());
  const outputs = stacks.map(({ name, region, outputs }) => ({ stack: name, region, outputs }));
  const answers = await askAll(cloud, outputs);

  if (json) terminal.line(JSON.stringify({ stacks, alarms, queues, answers }));
  else if (!dryRun) {
    terminal.line(toTable(stacks.map((stack) => [stack.name, stack.region, paintStack(cloud, stack)])));
    if (alarms.length === 0) terminal.line('alarms: none');
    for (const { name, reason } of alarms)
      terminal.line(`${terminal.paint('red', 'ALARM')}  ${printable(name)}: ${printable(reason)}`);
    if (queues.length > 0) terminal.line(toTable(queues.map(toRow)));
    for (const { url, weight, ready, status: said } of answers) {
      const share = weight === undefined ? '' : `weight ${weight.weight} of ${weight.of}  `;
      terminal.line(`${url}  ${share}/readyz ${ready}  status ${printable(said)}`);
    }
  }
  const isWell =
    stacks.every((stack) => HEALTHY.test(stack.status)) &&
    alarms.length === 0 &&
    answers.every(({ ready }) => ready === '200');
  return isWell || dryRun ? EXIT_OK : EXIT_FAILURE;
}

async function askAll(cloud: Cloud, outputs: readonly StackOutputs[]): Promise<Answered[]> {
  const weights = await readWeights(cloud.calls, await cloud.stacks());
  const common = commonUrlOf(outputs);
  return Promise.all([
    ...urlsOf(outputs).map(async ({ region, url }) => {
      const weight = weights.get(region);
      return { region, ...(weight && { weight }), ...(await ask(cloud, url)) };
    }),
    ...(common === undefined ? [] : [ask(cloud, common)]),
  ]);
}

async function ask(cloud: Cloud, url: string): Promise<Answered> {
  const get = async (path: string): Promise<Response | Error> => {
    if (cloud.dryRun) {
      cloud.show({ service: 'http', operation: 'GET', input: { url: `${url}${path}` } });
      return Response.json({ status: 'ok' });
    }
    const headers = cloud.apiKey === undefined ? {} : { authorization: `Bearer ${cloud.apiKey}` };
    return cloud
      .fetch(`${url}${path}`, { headers, signal: AbortSignal.timeout(REQUEST_MS) })
      .catch((thrown: unknown) => errorOf(thrown));
  };
  const ready = await get('/readyz');
  const state = await get('/api/status');
  const body = state instanceof Response ? await state.json().catch(() => ({})) : {};
  const said = (body as { status?: unknown }).status;
  return {
    url,
    ready: ready instanceof Response ? String(ready.status) : ready.message,
    status: typeof said === 'string' ? said : 'unknown',
  };
}

function missing(name: string, region: string): DeployedStack {
  return { name, region, status: 'NOT DEPLOYED', outputs: {}, isProtected: false };
}

function paintStack({ terminal }: Cloud, { status: state, reason }: DeployedStack): string {
  if (HEALTHY.test(state)) return terminal.paint('green', state);
  return `${terminal.paint('red', state)} ${printable(reason ?? '')}`.trim();
}

function toRow({ name, waiting, inFlight, oldestSeconds }: QueueDepth): string[] {
  const age = oldestSeconds === undefined ? '' : `the oldest for ${Math.round(oldestSeconds)} s`;
  return [`queue ${name}`, `${waiting} waiting`, `${inFlight} in flight`, age];
}
