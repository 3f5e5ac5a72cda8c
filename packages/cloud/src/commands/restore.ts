/**
 * `restore`: the table as it was, in a new table (or the database: `database-restore.ts`). Nothing that runs is touched; switching to the new table is a deployment
 * of its own, after somebody has looked at it.
 *
 *   checks ─▶ restore ─▶ ACTIVE ─▶ settings as the source has them ─▶ new epoch ─▶ how to switch
 *
 * A restored table has entries of its source, and goes on with positions of its own: cursors from before would skip what
 * comes, so it gets a new epoch, and such cursors are told apart.
 */
import type { Command } from 'commander';

import { assertAccount } from '../aws/account.ts';
import { backupPlaceOf } from '../aws/backup-place.ts';
import { describeTable } from '../aws/table-settings.ts';
import { CommandError, UsageError } from '../failure.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import { restoreDatabase } from './database-restore.ts';
import type { RegionFlags } from './place.ts';
import { findTable, regionOf } from './place.ts';
import type { RestorePlan } from './restored-table.ts';
import { finishRestored } from './restored-table.ts';
import { restoreFromVault } from './vault-restore.ts';

interface RestoreFlags extends GlobalFlags, RegionFlags {
  readonly to?: string;
  readonly backup?: string;
  readonly table?: string;
  readonly database?: string;
}

/** Scaling policies are not carried over, and capacity that nothing scales would throttle. */
const ON_DEMAND = { BillingModeOverride: 'PAY_PER_REQUEST' } as const;
const TABLE_NAME = /^[A-Za-z0-9_.-]{3,255}$/;

export function addRestore(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'restore',
    summary:
      'Restore the table or the database into a new one, with its settings, and wait until that is done.',
    examples: [
      ['restore -e prd --to 2026-11-21T07:55:43Z --table daybook-restored', 'as it was at that second'],
      ['restore -e prd --to latest --table daybook-restored', 'about five minutes ago'],
      ['restore -e prd --backup "$ARN" --table daybook-restored', 'from a backup'],
      ['restore -e prd --to latest --database daybook-restored', 'where entries are in PostgreSQL'],
    ],
  })
    .option('--to <time>', 'a second within the days of recovery, or latest')
    .option('--backup <arn>', 'a backup, as "backup" shows it')
    .option('--table <name>', 'of the new table')
    .option('--database <identifier>', 'of the new database, where entries are in PostgreSQL')
    .option('--region <region>', 'where there are several')
    .action(action(run, restore));
}

async function restore(cloud: Cloud, flags: RestoreFlags): Promise<void> {
  const { calls, deployment } = cloud;
  const { to, backup, table: target, database } = flags;
  if ((to === undefined) === (backup === undefined))
    throw new UsageError(`expected either --to or --backup; given ${to === undefined ? 'none' : 'both'}`);
  if (deployment.database !== undefined) {
    const from = to === undefined ? { snapshot: backup ?? '' } : { at: parseTime(to) };
    await restoreDatabase(cloud, regionOf(cloud, flags), database, from);
    return;
  }
  if (target === undefined || !TABLE_NAME.test(target)) {
    throw new UsageError(
      `--table: expected 3 to 255 letters, digits, dots, dashes or underscores; given ${target ?? 'none'}`,
    );
  }
  const at = to === undefined ? undefined : parseTime(to);
  const region = regionOf(cloud, flags);
  await assertAccount(calls, deployment);
  const { parts, table } = await findTable(cloud, region);
  const plan: RestorePlan = { region, source: table, target };
  if (!cloud.dryRun && (await describeTable(calls, region, target)) !== undefined)
    throw new UsageError(`--table: expected the name of a table that does not exist, given ${target}`);
  if (at !== undefined) await restoreToTime(cloud, plan, at);
  else if (backup?.split(':')[2] === 'backup')
    await restoreFromVault(cloud, plan, backup, backupPlaceOf(parts, deployment.account));
  else
    await calls.send('dynamodb:RestoreTableFromBackup', region, {
      BackupArn: backup,
      TargetTableName: target,
      ...ON_DEMAND,
    });
  await finishRestored(cloud, plan);
}

/** @throws {CommandError} when the table cannot be restored to that time, with the times that it can be restored to. */
async function restoreToTime(
  { calls, dryRun }: Cloud,
  { region, source, target }: RestorePlan,
  at: Date | 'latest',
): Promise<void> {
  const { ContinuousBackupsDescription } = await calls.send('dynamodb:DescribeContinuousBackups', region, {
    TableName: source,
  });
  const recovery = ContinuousBackupsDescription?.PointInTimeRecoveryDescription ?? {};
  const { EarliestRestorableDateTime: from, LatestRestorableDateTime: through } = recovery;
  if (
    !dryRun &&
    (recovery.PointInTimeRecoveryStatus !== 'ENABLED' || from === undefined || through === undefined)
  )
    throw new CommandError(`${source}: expected recovery to a point in time, found it off; use --backup`);
  const isWithin =
    at === 'latest' || dryRun || (from !== undefined && through !== undefined && at >= from && at <= through);
  if (!isWithin) {
    throw new UsageError(
      `--to: expected a time from ${from?.toISOString()} to ${through?.toISOString()}, given ${at.toISOString()}`,
    );
  }
  await calls.send('dynamodb:RestoreTableToPointInTime', region, {
    SourceTableName: source,
    TargetTableName: target,
    ...ON_DEMAND,
    ...(at === 'latest' ? { UseLatestRestorableTime: true } : { RestoreDateTime: at }),
  });
}

/** DynamoDB restores to whole seconds. */
function parseTime(text: string): Date | 'latest' {
  if (text === 'latest') return text;
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (!Number.isNaN(ms)) return new Date(ms);
  throw new UsageError(`--to: expected a second such as 2026-11-21T07:55:43Z, or latest; given ${text}`);
}
