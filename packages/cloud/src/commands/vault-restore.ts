/**
 * Restoring from a recovery point of AWS Backup. What it needs to know of the table it has kept itself; only the name is new.
 */
import type { BackupPlace } from '../aws/backup-place.ts';
import { CommandError } from '../failure.ts';
import type { Cloud } from './cloud.ts';
import type { RestorePlan } from './restored-table.ts';

const EVERY_MS = 5_000;

/** "Restore a DynamoDB table", AWS Backup Developer Guide: the name of the new table among the metadata. */
const NAME_KEY = 'targetTableName';

/** Resolves when the job is done. @throws {CommandError} */
export async function restoreFromVault(
  { calls, terminal, sleep }: Cloud,
  { region, target }: RestorePlan,
  recoveryPoint: string,
  place: BackupPlace | undefined,
): Promise<void> {
  if (place === undefined)
    throw new CommandError(
      '--backup: expected the deployment to have a vault and its role, found none; set store.backups and apply it first',
    );
  const { RestoreMetadata } = await calls.send('backup:GetRecoveryPointRestoreMetadata', region, {
    BackupVaultName: place.vault,
    RecoveryPointArn: recoveryPoint,
  });
  const { RestoreJobId } = await calls.send('backup:StartRestoreJob', region, {
    RecoveryPointArn: recoveryPoint,
    IamRoleArn: place.roleArn,
    ResourceType: 'DynamoDB',
    Metadata: { ...RestoreMetadata, [NAME_KEY]: target },
  });
  for (;;) {
    const job = await calls.send('backup:DescribeRestoreJob', region, { RestoreJobId });
    const { Status = 'PENDING', PercentDone, StatusMessage } = job;
    if (Status === 'COMPLETED') return;
    if (Status === 'ABORTED' || Status === 'FAILED')
      throw new CommandError(`restore job ${RestoreJobId}: ${Status}: ${StatusMessage ?? 'no reason given'}`);
    terminal.progress(`restore job ${RestoreJobId}: ${Status} ${PercentDone ?? '0'} %`);
    await sleep(EVERY_MS);
  }
}
