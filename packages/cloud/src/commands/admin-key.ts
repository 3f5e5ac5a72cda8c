/**
 * `admin-key`: writes an API key with the role admin straight into the deployed table, with the operator's own credentials.
 * It is the first key of a deployment, which has no data directory and so no admin key of its own; further ones are made by
 * "daybook keys". It is shown once, on standard output, alone.
 */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { createOperatorKey } from 'daybook/deployment';

import { assertAccount } from '../aws/account.ts';
import { UsageError } from '../failure.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import type { RegionFlags } from './place.ts';
import { findTable, regionOf } from './place.ts';

interface AdminKeyFlags extends GlobalFlags, RegionFlags {
  readonly name: string;
  readonly expires: string;
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
  const { terminal, json, dryRun } = cloud;
  const [, days] = /^([1-9]\d{0,3})d$/.exec(flags.expires) ?? [];
  if (days === undefined)
    throw new UsageError(`--expires: expected days such as 90d, given ${flags.expires}`);
  const region = regionOf(cloud, flags);
  await assertAccount(cloud.calls, cloud.deployment);
  const { table } = await findTable(cloud, region);
  const request = {
    table,
    region,
    name: flags.name,
    by: `operator:${userInfo().username}`,
  };
  if (dryRun) {
    cloud.show({ service: 'daybook', operation: 'createOperatorKey', region, input: request });
    return;
  }
  const expiresAt = cloud.nowMs() * 1_000 + Number(days) * DAY_MICROS;
  const made = await createOperatorKey({ ...request, expiresAt });
  if (json) {
    terminal.line(JSON.stringify(made));
    return;
  }
  terminal.note(
    `key ${made.keyId} (${flags.name}): admin; until ${made.expiresAt}; revoke it with "daybook keys revoke"`,
  );
  terminal.note('It is not shown again: put it where its user keeps secrets.');
  terminal.line(made.key);
}
