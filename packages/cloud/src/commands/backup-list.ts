/**
 * `backup list`: all that the table or the database can be restored from, in the order of time, each with the command that
 * restores it. What is listed is what AWS has now, for what is deployed now; nothing is remembered anywhere else.
 */
import { backupVaultOf } from '../aws/backup-place.ts';
import { databaseSnapshots, databaseWindow } from '../aws/database-backups.ts';
import { ownDatabase } from '../aws/databases.ts';
import { findParts, TABLE_TYPES } from '../aws/deployed-parts.ts';
import type { KeptBackup } from '../aws/kept-backup.ts';
import { vaultBackups } from '../aws/kept-backup.ts';
import { tableBackups, tableWindow } from '../aws/table-backups.ts';
import { CommandError } from '../failure.ts';
import { printable, toTable } from '../terminal.ts';
import type { Cloud } from './cloud.ts';
import { DEFAULT_FILE } from './cloud.ts';
import { findTable } from './place.ts';

/** @param regions one that is away can be left out, so that what the others have is still found. */
export async function listBackups(cloud: Cloud, regions: readonly string[]): Promise<void> {
  const { terminal, json, dryRun } = cloud;
  const find = cloud.deployment.database === undefined ? ofTable : ofDatabase;
  const found: KeptBackup[] = [];
  for (const region of regions) found.push(...(await find(cloud, region)));
  if (dryRun) return;
  const backups = distinct(found).toSorted((a, b) => timeOf(a) - timeOf(b));
  if (json) terminal.line(JSON.stringify(backups.map((one) => toJson(cloud, one))));
  else if (backups.length === 0)
    terminal.note(`no backups in ${regions.join(', ')}, and no recovery to a point in time`);
  else for (const text of toTexts(cloud, backups)) terminal.line(text);
}

async function ofTable(cloud: Cloud, region: string): Promise<KeptBackup[]> {
  const { calls } = cloud;
  const { parts, table } = await findTable(cloud, region);
  const vault = backupVaultOf(parts);
  // After a restore the one that the stack made is not in use, and its backups are still there.
  const tables = new Set([table, ...parts.ofType(...TABLE_TYPES).map(({ physicalId }) => physicalId)]);
  const found = vault === undefined ? [] : await vaultBackups(calls, region, vault);
  for (const name of tables) found.push(...(await tableBackups(calls, region, name)));
  return [...found, ...(await tableWindow(calls, region, table))];
}

async function ofDatabase(cloud: Cloud, region: string): Promise<KeptBackup[]> {
  const { calls, deployment, label } = cloud;
  const stacks = (await cloud.stacks()).filter((stack) => stack.region === region);
  const parts = await findParts(calls, stacks);
  const own = ownDatabase(parts);
  if (own === undefined)
    throw new CommandError(`${label} in ${region}: expected a deployed database, found none`);
  const inUse = deployment.database?.restored?.identifier ?? own.identifier;
  const vault = backupVaultOf(parts);
  return [
    ...(vault === undefined ? [] : await vaultBackups(calls, region, vault)),
    ...(await databaseSnapshots(calls, region, own.kind, [...new Set([inUse, own.identifier])])),
    ...(await databaseWindow(calls, region, own.kind, inUse)),
  ];
}

/** What AWS Backup keeps of RDS is a snapshot of RDS as well; what the vault says of it is more. */
function distinct(backups: readonly KeptBackup[]): KeptBackup[] {
  const names = backups.map(({ region, arn }, index) => (arn === undefined ? `${index}` : region + arn));
  return backups.filter((_, index) => names.indexOf(names[index] ?? '') === index);
}

/** What is being made has no time yet, and is the newest. */
function timeOf({ at }: KeptBackup): number {
  return at?.getTime() ?? Number.POSITIVE_INFINITY;
}

function toJson(cloud: Cloud, backup: KeptBackup) {
  const { region, kind, of, arn, status } = backup;
  return {
    region,
    kind,
    of,
    from: backup.from && second(backup.from, Math.ceil),
    at: backup.at && second(backup.at),
    until: backup.until && second(backup.until),
    arn,
    status,
    restore: restoreLine(cloud, backup),
  };
}

const KINDS: Readonly<Record<KeptBackup['kind'], string>> = {
  'recovery-point': 'recovery point of AWS Backup',
  snapshot: 'snapshot of RDS',
  backup: 'backup of DynamoDB',
  'point-in-time': 'any second',
};

/** A row for each, with its command below. */
function toTexts(cloud: Cloud, backups: readonly KeptBackup[]): string[] {
  const rows = toTable(backups.map((one) => toRow(cloud, one))).split('\n');
  return backups.map((one, index) => {
    const line = restoreLine(cloud, one) ?? `restore does not take it: ${one.arn ?? ''}`;
    return `${rows[index]}\n    ${cloud.terminal.paint('dim', printable(line))}`;
  });
}

function toRow({ deployment }: Cloud, { region, kind, of, from, at, status, until }: KeptBackup): string[] {
  return [
    at === undefined ? '-' : second(at),
    ...(deployment.regions.length > 1 ? [region] : []),
    from === undefined ? KINDS[kind] : `${KINDS[kind]} from ${second(from, Math.ceil)}`,
    printable(of),
    printable(status),
    until === undefined ? '' : `until ${second(until)}`,
  ];
}

/** As `--to` takes it. @param round a first second is rounded up, so that it can be restored to. */
function second(at: Date, round: (seconds: number) => number = Math.floor): string {
  return new Date(round(at.getTime() / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');
}

/** Into a name of its time, which nothing has yet. @returns undefined where `restore` does not take it. */
function restoreLine(cloud: Cloud, { region, at, arn, isRestorable }: KeptBackup): string | undefined {
  const { deployment, configFile, profile, label } = cloud;
  if (!isRestorable || at === undefined) return undefined;
  const name = `${label}-${second(at).slice(0, 16).replaceAll(/[-:]/g, '').replace('T', '-')}`;
  const words = [
    'npm run cloud -- restore',
    ...(configFile === DEFAULT_FILE ? [] : ['-c', quoted(configFile)]),
    '-e',
    deployment.environment,
    ...(profile === undefined ? [] : ['--profile', quoted(profile)]),
    ...(deployment.regions.length > 1 ? ['--region', region] : []),
    ...(arn === undefined ? ['--to', 'latest'] : ['--backup', quoted(arn)]),
    deployment.database === undefined ? '--table' : '--database',
    name,
  ];
  return words.join(' ');
}

/** For a shell of POSIX. */
function quoted(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
