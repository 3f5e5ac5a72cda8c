/**
 * Something that a table or a database can be restored from, whoever keeps it: a recovery point of a vault, a snapshot of
 * RDS, a backup of DynamoDB's own, or the days of recovery to any second.
 */
import type { AwsCalls } from './aws-calls.ts';
import { recoveryPointsOf } from './recovery-points.ts';

export interface KeptBackup {
  readonly region: string;
  readonly kind: 'recovery-point' | 'snapshot' | 'backup' | 'point-in-time';
  /** The name of what it is of: a table, a database, a bucket. */
  readonly of: string;
  /** When it was made; of recovery to any second the last one. Undefined while it is being made. */
  readonly at?: Date | undefined;
  /** Of recovery to any second the first one. */
  readonly from?: Date | undefined;
  /** By which it is restored; of recovery to any second there is none. */
  readonly arn?: string | undefined;
  /** As AWS says it, in lower case. */
  readonly status: string;
  /** When AWS removes it; undefined: never, or with what it is of. */
  readonly until?: Date | undefined;
  /** Whether `restore` takes it, as it is now. */
  readonly isRestorable: boolean;
}

/** What `restore` takes of a vault, by AWS Backup's name for the kind. Objects are restored by AWS Backup itself. */
const RESTORABLE: Readonly<Record<string, RegExp>> = {
  DynamoDB: /^arn:/,
  // Not one of recovery to any second ("continuous:"), which is no snapshot.
  RDS: /:snapshot:/,
  Aurora: /:cluster-snapshot:/,
};

/** All that is in the vault: also what it has of a table or a database that is no longer in use. */
export async function vaultBackups(calls: AwsCalls, region: string, vault: string): Promise<KeptBackup[]> {
  const points = await recoveryPointsOf(calls, region, vault);
  return points.map((point) => {
    const { RecoveryPointArn: arn = '', ResourceArn = '', ResourceType = '', Status = 'CREATING' } = point;
    return {
      region,
      kind: 'recovery-point',
      // …:table/<name>, …:db:<name>, …:cluster:<name>, arn:aws:s3:::<name>
      of: ResourceArn.split(/[:/]/).at(-1) ?? '',
      at: point.CreationDate,
      arn,
      status: Status.toLowerCase(),
      until: point.CalculatedLifecycle?.DeleteAt,
      isRestorable:
        (Status === 'COMPLETED' || Status === 'AVAILABLE') && RESTORABLE[ResourceType]?.test(arn) === true,
    };
  });
}
