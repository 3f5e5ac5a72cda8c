/**
 * `backup list`: what there is (`backup-list.ts`). `backup`: a backup of the table or the database now, beside those that are made every day. By AWS Backup into the deployment's vault, or
 * by DynamoDB itself where the deployment has none. Ends when the backup can be restored.
 */
import type { Command } from 'commander';

import { assertAccount } from '../aws/account.ts';
import type { BackupPlace } from '../aws/backup-place.ts';
import { backupPlaceOf } from '../aws/backup-place.ts';
import { findDatabase } from '../aws/databases.ts';
import { findParts, partitionOf } from '../aws/deployed-parts.ts';
import { CommandError, UsageError } from '../failure.ts';
import { listBackups } from './backup-list.ts';
import type { Cloud, GlobalFlags, Run } from './cloud.ts';
import { action, defineCommand } from './cloud.ts';
import type { RegionFlags } from './place.ts';
import { findTable, regionOf } from './place.ts';

type BackupFlags = GlobalFlags & RegionFlags;

const EVERY_MS = 5_000;
/** "StartBackupJob", AWS Backup API Reference: the least that it takes. Later it is cancelled instead of begun. */
const START_WITHIN_MINUTES = 60;
const KEPT_DAYS = 35;

export function addBackup(program: Command, run: Run): void {
  defineCommand(program, {
    usage: 'backup [verb]',
    summary:
      'Back the table or the database up now, and wait until that is done. Shows the name by which it is restored. Or list what there is, with the command that restores each.',
    examples: [
      ['backup -e prd', ''],
      ['backup list -e prd', 'all that there are, the newest last, and how far back any second is'],
      ['restore -e prd --backup "$ARN" --table daybook-restored', 'what it is for'],
    ],
  })
    .option('--region <region>', 'where there are several')
    .action(action(run, backup));
}

async function backup(cloud: Cloud, flags: BackupFlags, verb?: string): Promise<void> {
  // A word that is meant otherwise must not begin a backup.
  if (verb !== undefined && verb !== 'list')
    throw new UsageError(`backup: expected list, or nothing to make one; given ${verb}`);
  if (verb === 'list') {
    const regions = flags.region === undefined ? cloud.deployment.regions : [regionOf(cloud, flags)];
    await assertAccount(cloud.calls, cloud.deployment);
    await listBackups(cloud, regions);
    return;
  }
  const region = regionOf(cloud, flags);
  const { account } = cloud.deployment;
  await assertAccount(cloud.calls, cloud.deployment);
  if (cloud.deployment.database !== undefined) return backupDatabase(cloud, region);
  const { parts, table } = await findTable(cloud, region);
  const place = backupPlaceOf(parts, account);
  const arn = `arn:${partitionOf(region)}:dynamodb:${region}:${account}:table/${table}`;
  const made =
    place === undefined ? await byDynamoDb(cloud, region, arn) : await byVault(cloud, region, arn, place);
  if (cloud.dryRun) return;
  if (cloud.json) cloud.terminal.line(JSON.stringify({ region, table, backup: made }));
  else cloud.terminal.line(made);
}

/** Only into the vault: a snapshot beside it would be kept by nobody's plan. */
async function backupDatabase(cloud: Cloud, region: string): Promise<void> {
  const { calls, deployment } = cloud;
  const stacks = (await cloud.stacks()).filter((stack) => stack.region === region);
  const parts = await findParts(calls, stacks);
  const database = await findDatabase(calls, parts, region, deployment.database?.restored?.identifier);
  const place = backupPlaceOf(parts, deployment.account);
  if (database === undefined || place === undefined)
    throw new CommandError(
      `${cloud.label} in ${region}: expected a deployed database with a vault, found none; set store.backups and apply it first`,
    );
  const type = database.kind === 'rds' ? 'db' : 'cluster';
  const arn = `arn:${partitionOf(region)}:rds:${region}:${deployment.account}:${type}:${database.identifier}`;
  const made = await byVault(cloud, region, arn, place);
  if (cloud.dryRun) return;
  if (cloud.json)
    cloud.terminal.line(JSON.stringify({ region, database: database.identifier, backup: made }));
  else cloud.terminal.line(made);
}

/** @returns the ARN of the recovery point. */
async function byVault(
  { calls, terminal, sleep }: Cloud,
  region: string,
  table: string,
  { vault, roleArn }: BackupPlace,
): Promise<string> {
  const { BackupJobId } = await calls.send('backup:StartBackupJob', region, {
    BackupVaultName: vault,
    ResourceArn: table,
    IamRoleArn: roleArn,
    StartWindowMinutes: START_WITHIN_MINUTES,
    Lifecycle: { DeleteAfterDays: KEPT_DAYS },
  });
  for (;;) {
    const job = await calls.send('backup:DescribeBackupJob', region, { BackupJobId });
    const { State = 'CREATED', PercentDone, StatusMessage, RecoveryPointArn = '' } = job;
    if (State === 'COMPLETED') return RecoveryPointArn;
    if (['ABORTED', 'EXPIRED', 'FAILED', 'PARTIAL'].includes(State))
      throw new CommandError(`backup job ${BackupJobId}: ${State}: ${StatusMessage ?? 'no reason given'}`);
    terminal.progress(`backup job ${BackupJobId}: ${State} ${PercentDone ?? '0'} %`);
    await sleep(EVERY_MS);
  }
}

/** @returns the ARN of the backup. */
async function byDynamoDb(
  { calls, terminal, sleep, nowMs }: Cloud,
  region: string,
  table: string,
): Promise<string> {
  const at = new Date(nowMs()).toISOString().replaceAll(/[-:]|\..*$/g, '');
  const input = { TableName: table, BackupName: `on-demand-${at}` };
  const { BackupDetails } = await calls.send('dynamodb:CreateBackup', region, input);
  const { BackupArn = '' } = BackupDetails ?? {};
  for (;;) {
    const { BackupDescription } = await calls.send('dynamodb:DescribeBackup', region, { BackupArn });
    const state = BackupDescription?.BackupDetails?.BackupStatus ?? 'CREATING';
    if (state === 'AVAILABLE') return BackupArn;
    if (state === 'DELETED')
      throw new CommandError(`backup ${BackupArn}: expected AVAILABLE, given ${state}`);
    terminal.progress(`backup ${BackupArn}: ${state}`);
    await sleep(EVERY_MS);
  }
}
