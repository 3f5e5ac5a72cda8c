/**
 * What is in a vault that goes with its stack: AWS Backup removes no vault that has a recovery point in it, and CloudFormation
 * would find that out at the end.
 */
import { recoveryPointsOf } from '../aws/recovery-points.ts';
import { listResources } from '../aws/stacks.ts';
import { CommandError } from '../failure.ts';
import type { Cloud } from './cloud.ts';
import type { StackFates } from './plan-destroy.ts';

const VAULT = 'AWS::Backup::BackupVault';
const EVERY_MS = 5_000;

/** Resolves when the vaults of the stack that go are empty; those that are kept are not touched. @throws {CommandError} */
export async function emptyVaults(cloud: Cloud, { stack, region, fates }: StackFates): Promise<void> {
  const going = fates.filter(({ type, fate }) => type === VAULT && fate === 'goes');
  if (going.length === 0) return;
  const resources = await listResources(cloud.calls, { name: stack, region });
  for (const { logicalId } of going) {
    const vault = resources.find((resource) => resource.logicalId === logicalId)?.physicalId;
    if (vault !== undefined) await emptyVault(cloud, region, vault);
  }
}

async function emptyVault({ calls, terminal, sleep }: Cloud, region: string, vault: string): Promise<void> {
  const asked = new Set<string>();
  for (;;) {
    const points = await recoveryPointsOf(calls, region, vault);
    if (points.length === 0) return;
    for (const { RecoveryPointArn = '', Status, StatusMessage } of points) {
      // "DeleteRecoveryPoint", AWS Backup API Reference: answered as if it were done where the role of the backup lacks a right.
      if (asked.has(RecoveryPointArn) && Status === 'EXPIRED')
        throw new CommandError(
          `${RecoveryPointArn}: expected AWS Backup to delete it, found it expired: ${StatusMessage ?? 'no reason given'}`,
        );
      if (asked.has(RecoveryPointArn) || Status === 'DELETING') continue;
      await calls.send('backup:DeleteRecoveryPoint', region, { BackupVaultName: vault, RecoveryPointArn });
      asked.add(RecoveryPointArn);
    }
    terminal.progress(`vault ${vault}: ${points.length} backups go`);
    await sleep(EVERY_MS);
  }
}
