/**
 * What DynamoDB itself keeps of a table: the days of recovery to any second, and backups that were asked for or that it made
 * when a table was deleted.
 */
import type { PointInTimeRecoveryDescription } from '@aws-sdk/client-dynamodb';

import type { AwsCalls } from './aws-calls.ts';
import { AwsError } from './aws-calls.ts';
import type { KeptBackup } from './kept-backup.ts';

/** @returns none where recovery is off, or the table is not there. */
export async function tableWindow(calls: AwsCalls, region: string, table: string): Promise<KeptBackup[]> {
  const recovery = await recoveryOf(calls, region, table);
  const { EarliestRestorableDateTime: from, LatestRestorableDateTime: at } = recovery;
  if (recovery.PointInTimeRecoveryStatus !== 'ENABLED' || from === undefined || at === undefined) return [];
  return [{ region, kind: 'point-in-time', of: table, at, from, status: 'available', isRestorable: true }];
}

async function recoveryOf(
  calls: AwsCalls,
  region: string,
  TableName: string,
): Promise<PointInTimeRecoveryDescription> {
  try {
    const answer = await calls.send('dynamodb:DescribeContinuousBackups', region, { TableName });
    return answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription ?? {};
  } catch (thrown) {
    // What is kept of a table outlives it, and is wanted most when it is gone.
    if (thrown instanceof AwsError && thrown.code === 'TableNotFoundException') return {};
    throw thrown;
  }
}

/** Without those in vaults of AWS Backup. */
export async function tableBackups(calls: AwsCalls, region: string, table: string): Promise<KeptBackup[]> {
  const found: KeptBackup[] = [];
  let last: string | undefined;
  do {
    const page = await calls.send('dynamodb:ListBackups', region, {
      TableName: table,
      BackupType: 'ALL',
      ...(last !== undefined && { ExclusiveStartBackupArn: last }),
    });
    for (const one of page.BackupSummaries ?? [])
      found.push({
        region,
        kind: 'backup',
        of: one.TableName ?? table,
        at: one.BackupCreationDateTime,
        arn: one.BackupArn,
        status: (one.BackupStatus ?? 'CREATING').toLowerCase(),
        until: one.BackupExpiryDateTime,
        isRestorable: one.BackupStatus === 'AVAILABLE',
      });
    last = page.LastEvaluatedBackupArn;
  } while (last !== undefined);
  return found;
}
