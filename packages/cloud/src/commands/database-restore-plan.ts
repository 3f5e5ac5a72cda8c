/**
 * What is restored into what, for either kind of database, and the wait until it is there.
 */
import type { DeployedDatabase } from '../aws/databases.ts';
import { describeDatabase } from '../aws/databases.ts';
import type { Cloud } from './cloud.ts';

/** What a restore starts from. */
export type RestoreFrom =
  | { readonly at: Date | 'latest' }
  /** The ARN of a snapshot. */
  | { readonly snapshot: string };

export interface DatabaseRestorePlan {
  readonly region: string;
  readonly source: DeployedDatabase;
  readonly target: string;
  readonly from: RestoreFrom;
}

const EVERY_MS = 10_000;

/** Resolves when it can be used, and RDS has its password where that is asked for. */
export async function untilReady(
  cloud: Cloud,
  { region, source, target }: Pick<DatabaseRestorePlan, 'region' | 'source' | 'target'>,
  { hasSecret }: { readonly hasSecret: boolean },
): Promise<DeployedDatabase> {
  const startedMs = cloud.nowMs();
  for (;;) {
    const found = await describeDatabase(cloud.calls, region, source.kind, target);
    const isReady = found?.status === 'available' && (!hasSecret || found.secretStatus === 'active');
    if (found !== undefined && (isReady || cloud.dryRun)) return found;
    const minutes = Math.round((cloud.nowMs() - startedMs) / 60_000);
    cloud.terminal.progress(
      `${target}: ${found?.status ?? 'not there yet'} for ${minutes} min; a restore takes from minutes to hours`,
    );
    await cloud.sleep(EVERY_MS);
  }
}
