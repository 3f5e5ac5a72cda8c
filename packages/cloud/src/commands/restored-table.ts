/**
 * What a restored table still needs: the settings of its source, a look whether it has them, a new epoch, and, where there are
 * several regions, a replica in each other one: last, so that they never have the old epoch.
 */
import { renewEpochs } from 'daybook/deployment';

import { applySetting, describeTable, differences, readSettings } from '../aws/table-settings.ts';
import { CommandError } from '../failure.ts';
import { printable, toTable } from '../terminal.ts';
import type { Cloud } from './cloud.ts';
import { addReplicas } from './replicas.ts';

export interface RestorePlan {
  readonly region: string;
  readonly source: string;
  readonly target: string;
}

const EVERY_MS = 5_000;

/** Can be repeated after any failure. @throws {CommandError} when a setting is not as that of the source afterwards. */
export async function finishRestored(cloud: Cloud, plan: RestorePlan): Promise<void> {
  const { calls, terminal, json, dryRun } = cloud;
  const { region, source, target } = plan;
  const startedMs = cloud.nowMs();
  await untilActive(cloud, plan, startedMs);
  const wanted = await readSettings(calls, region, source);
  const changes = differences(wanted, dryRun ? NOT_CARRIED : await readSettings(calls, region, target));
  for (const change of changes) {
    await applySetting(calls, region, { name: target, arn: await arnOf(cloud, plan) }, change);
    await untilActive(cloud, plan, startedMs);
  }
  if (dryRun) {
    cloud.show({ service: 'daybook', operation: 'renewEpochs', region, input: { table: target } });
    await addReplicas(cloud, { region, table: target, source });
    return;
  }
  const left = differences(wanted, await readSettings(calls, region, target));
  if (left.length > 0) {
    const names = left.map(({ setting }) => setting).join(', ');
    throw new CommandError(`${target}: expected the settings of ${source}, found others: ${names}`);
  }
  const lanes = await renewEpochs({ table: target, region });
  const replicas = await addReplicas(cloud, { region, table: target, source });
  if (json) {
    terminal.line(JSON.stringify({ region, source, table: target, changes, lanes, replicas }));
    return;
  }
  const rows = changes.map(({ setting, from, to }) => [setting, show(from), '→', show(to)]);
  if (rows.length > 0) terminal.line(toTable(rows));
  const where = [region, ...replicas].join(', ');
  terminal.line(`${target} is restored, in ${where}, with the settings of ${source} and a new epoch`);
  terminal.note(
    `To switch: set store.table to ${JSON.stringify(target)} for ${cloud.deployment.environment} in the configuration and apply it${replicas.length > 0 ? ', to all regions at once' : ''}; ${source} stays as it is.`,
  );
}

/** What a restore leaves every table with. */
const NOT_CARRIED = {
  arn: '',
  recoveryDays: 'off',
  deletionProtection: false,
  tags: {},
  key: 'default',
} as const;

async function untilActive(cloud: Cloud, { region, target }: RestorePlan, startedMs: number): Promise<void> {
  for (;;) {
    const table = await describeTable(cloud.calls, region, target);
    const state = table?.TableStatus ?? 'not there yet';
    if (state === 'ACTIVE' && table?.SSEDescription?.Status !== 'UPDATING') return;
    const seconds = Math.round((cloud.nowMs() - startedMs) / 1_000);
    cloud.terminal.progress(`${target}: ${state} for ${seconds} s; a restore takes from minutes to hours`);
    await cloud.sleep(EVERY_MS);
  }
}

async function arnOf({ calls }: Cloud, { region, target }: RestorePlan): Promise<string> {
  return (await describeTable(calls, region, target))?.TableArn ?? '';
}

function show(value: unknown): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}
