/**
 * What a vault of AWS Backup holds, of whatever kind.
 */
import type { RecoveryPointByBackupVault } from '@aws-sdk/client-backup';

import type { AwsCalls } from './aws-calls.ts';

/** All of them, page by page. */
export async function recoveryPointsOf(
  calls: AwsCalls,
  region: string,
  vault: string,
): Promise<RecoveryPointByBackupVault[]> {
  const points: RecoveryPointByBackupVault[] = [];
  let next: string | undefined;
  do {
    const { RecoveryPoints = [], NextToken } = await calls.send(
      'backup:ListRecoveryPointsByBackupVault',
      region,
      { BackupVaultName: vault, ...(next !== undefined && { NextToken: next }) },
    );
    points.push(...RecoveryPoints);
    next = NextToken;
  } while (next !== undefined);
  return points;
}
