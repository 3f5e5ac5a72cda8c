/**
 * Where a deployment keeps its backups: its vault of AWS Backup and the role that AWS Backup takes, where it has them.
 */
import type { DeployedParts } from './deployed-parts.ts';
import { partitionOf } from './deployed-parts.ts';

export interface BackupPlace {
  readonly vault: string;
  readonly roleArn: string;
}

/** @returns undefined when the deployment has no vault: `store.backups` is off. */
export function backupPlaceOf(parts: DeployedParts, account: string): BackupPlace | undefined {
  const vault = backupVaultOf(parts);
  const [selection] = parts.ofType('AWS::Backup::BackupSelection');
  if (vault === undefined || selection === undefined) return undefined;
  const { BackupSelection = {} } = (selection.template.Properties ?? {}) as {
    readonly BackupSelection?: { readonly IamRoleArn?: unknown };
  };
  const role = parts.referred(selection, BackupSelection.IamRoleArn);
  if (role === undefined) return undefined;
  const roleArn = `arn:${partitionOf(role.region)}:iam::${account}:role/${role.physicalId}`;
  return { vault, roleArn };
}

/** Also without a role by which something could be backed up into it. */
export function backupVaultOf(parts: DeployedParts): string | undefined {
  return parts.ofType('AWS::Backup::BackupVault')[0]?.physicalId;
}
