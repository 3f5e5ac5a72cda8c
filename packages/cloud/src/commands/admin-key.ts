/**
 * `admin-key`: puts an API key with the role admin straight into the store. It is the first key of a deployment, which has no
 * data directory that lasts and so no admin key of its own; further ones are made by "daybook keys". It is shown once, on
 * standard output, alone, when it is on record.
 *
 * A table is written with the operator's own credentials. A database is reached from inside of the network only: the key is
 * made here, and a task that ends by itself is given its hash and writes it down. The key itself goes nowhere.
 */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { createOperatorKey, makeRecordedKey } from 'daybook/deployment';

import { assertAccount } from '../aws/account.ts';
import { CommandError, UsageError } from '../failure.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import { runOneOff } from './one-off-task.ts';
import type { RegionFlags } from './place.ts';
import { findTable, regionOf } from './place.ts';
import { findTiers } from './tiers.ts';

interface AdminKeyFlags extends GlobalFlags, RegionFlags {
  readonly name: string;
  readonly expires: string;
}

interface KeyRequest {
  readonly name: string;
  readonly by: string;
  /** Unix microseconds. */
  readonly expiresAt: number;
}

interface ShownKey {
  readonly keyId: string;
  readonly key: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

const DAY_MICROS = 86_400_000_000;

export function addAdminKey(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'admin-key',
    summary: 'Make an API key with the role admin. It is shown once, on standard output, alone.',
    examples: [
      ['admin-key -e dev', 'valid for 90 days'],
      ['admin-key -e prd --name ana --expires 8d > admin.key', 'into a file; umask 077 keeps it to yourself'],
    ],
  })
    .option('--name <name>', 'whose key it is; it is the owner of what it posts', 'admin')
    .option('--expires <days>', 'days such as 90d', '90d')
    .option('--region <region>', 'where there are several')
    .action(action(run, adminKey));
}

async function adminKey(cloud: Cloud, flags: AdminKeyFlags): Promise<void> {
  const { terminal, json } = cloud;
  const { name } = flags;
  const [, days] = /^([1-9]\d{0,3})d$/.exec(flags.expires) ?? [];
  if (days === undefined)
    throw new UsageError(`--expires: expected days such as 90d, given ${flags.expires}`);
  const region = regionOf(cloud, flags);
  const expiresAt = cloud.nowMs() * 1_000 + Number(days) * DAY_MICROS;
  const request = { name, by: `operator:${userInfo().username}`, expiresAt };
  const isInDatabase = cloud.deployment.database !== undefined;
  const made = await (isInDatabase
    ? putByTask(cloud, region, request)
    : putIntoTable(cloud, region, request));
  if (made === undefined) return;
  if (json) {
    terminal.line(JSON.stringify(made));
    return;
  }
  terminal.note(
    `key ${made.keyId} (${name}): admin; until ${made.expiresAt}; revoke it with "daybook keys revoke"`,
  );
  terminal.note('It is not shown again: put it where its user keeps secrets.');
  terminal.line(made.key);
}

/** @returns undefined in a dry run. */
async function putIntoTable(
  cloud: Cloud,
  region: string,
  { expiresAt, ...request }: KeyRequest,
): Promise<ShownKey | undefined> {
  await assertAccount(cloud.calls, cloud.deployment);
  const { table } = await findTable(cloud, region);
  if (!cloud.dryRun) return createOperatorKey({ table, region, ...request, expiresAt });
  const input = { table, region, ...request };
  cloud.show({ service: 'daybook', operation: 'createOperatorKey', region, input });
  return undefined;
}

async function putByTask(cloud: Cloud, region: string, request: KeyRequest): Promise<ShownKey | undefined> {
  const { keyId, text, expiresAt, record } = makeRecordedKey(request, cloud.nowMs() * 1_000);
  const tier = (await findTiers(cloud, ['api'])).find((one) => one.region === region);
  if (tier === undefined)
    throw new CommandError(`${cloud.label} in ${region}: expected a deployed tier api, found none`);
  await runOneOff(cloud, tier, ['keys', 'import', record]);
  return cloud.dryRun ? undefined : { keyId, key: text, expiresAt };
}
