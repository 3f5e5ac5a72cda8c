/**
 * What RDS itself keeps of a database, an instance or a cluster: the days of recovery to any second, and snapshots, those
 * that it makes and those that somebody made. Found by a filter and not by the identifier: that has to be of a database
 * that exists, and what is kept is wanted most when it does not ("DescribeDBSnapshots", Amazon RDS API Reference).
 */
import type { AwsCalls } from './aws-calls.ts';
import { describeOrNone } from './databases.ts';
import type { DatabaseKind } from './databases.ts';
import type { KeptBackup } from './kept-backup.ts';

/** @returns none where recovery is off, or the database is not there. */
export async function databaseWindow(
  calls: AwsCalls,
  region: string,
  kind: DatabaseKind,
  identifier: string,
): Promise<KeptBackup[]> {
  const { from, at } = await (kind === 'rds' ? ofInstance : ofCluster)(calls, region, identifier);
  if (from === undefined || at === undefined) return [];
  return [
    { region, kind: 'point-in-time', of: identifier, at, from, status: 'available', isRestorable: true },
  ];
}

type Window = Pick<KeptBackup, 'from' | 'at'>;

/** An instance tells its last second only; its automated backup tells both. */
async function ofInstance(calls: AwsCalls, region: string, identifier: string): Promise<Window> {
  const { DBInstanceAutomatedBackups: found = [] } = await calls.send(
    'rds:DescribeDBInstanceAutomatedBackups',
    region,
    // Of one that was deleted and came again there may be another, which is kept.
    { Filters: [filter('db-instance-id', [identifier]), filter('status', ['active'])] },
  );
  const { EarliestTime, LatestTime } = found[0]?.RestoreWindow ?? {};
  return { from: EarliestTime, at: LatestTime };
}

async function ofCluster(calls: AwsCalls, region: string, identifier: string): Promise<Window> {
  const answer = await describeOrNone(
    calls.send('rds:DescribeDBClusters', region, { DBClusterIdentifier: identifier }),
  );
  const [found] = answer?.DBClusters ?? [];
  return { from: found?.EarliestRestorableTime, at: found?.LatestRestorableTime };
}

/** Automatic ones and those that somebody made, without those in vaults of AWS Backup where RDS tells them apart. */
export async function databaseSnapshots(
  calls: AwsCalls,
  region: string,
  kind: DatabaseKind,
  identifiers: readonly string[],
): Promise<KeptBackup[]> {
  const found: KeptBackup[] = [];
  let marker: string | undefined;
  do {
    const page = await (kind === 'rds' ? instancePage : clusterPage)(calls, region, identifiers, marker);
    found.push(
      ...page.snapshots.map(({ of = '', at, arn, status = 'creating' }) => {
        const isRestorable = status === 'available';
        return { region, kind: 'snapshot', of, at, arn, status, isRestorable } as const;
      }),
    );
    marker = page.next;
  } while (marker !== undefined);
  return found;
}

interface Page {
  readonly snapshots: readonly {
    readonly of?: string | undefined;
    readonly at?: Date | undefined;
    readonly arn?: string | undefined;
    readonly status?: string | undefined;
  }[];
  readonly next: string | undefined;
}

async function instancePage(
  calls: AwsCalls,
  region: string,
  identifiers: readonly string[],
  Marker: string | undefined,
): Promise<Page> {
  const page = await calls.send('rds:DescribeDBSnapshots', region, {
    Filters: [filter('db-instance-id', identifiers)],
    ...(Marker !== undefined && { Marker }),
  });
  const snapshots = (page.DBSnapshots ?? []).map((one) => ({
    of: one.DBInstanceIdentifier,
    at: one.SnapshotCreateTime,
    arn: one.DBSnapshotArn,
    status: one.Status,
  }));
  return { snapshots, next: page.Marker };
}

async function clusterPage(
  calls: AwsCalls,
  region: string,
  identifiers: readonly string[],
  Marker: string | undefined,
): Promise<Page> {
  const page = await calls.send('rds:DescribeDBClusterSnapshots', region, {
    Filters: [filter('db-cluster-id', identifiers)],
    ...(Marker !== undefined && { Marker }),
  });
  const snapshots = (page.DBClusterSnapshots ?? []).map((one) => ({
    of: one.DBClusterIdentifier,
    at: one.SnapshotCreateTime,
    arn: one.DBClusterSnapshotArn,
    status: one.Status,
  }));
  return { snapshots, next: page.Marker };
}

function filter(Name: string, values: readonly string[]) {
  return { Name, Values: [...values] };
}
