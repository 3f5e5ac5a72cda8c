/**
 * `restore` where entries are in PostgreSQL: the database as it was, in a new one beside it, with the same places, group,
 * parameters and protection. Nothing that runs is touched; switching to the new one is a deployment of its own.
 *
 *   checks ─▶ log group ─▶ restore ─▶ available ─▶ password managed by RDS ─▶ available ─▶ how to switch ─▶ `renew-epoch`
 *
 * A backup of AWS Backup is a snapshot of RDS, so both ways are calls of RDS with the operator's own credentials.
 */
import { assertAccount } from '../aws/account.ts';
import { describeDatabase, findDatabase } from '../aws/databases.ts';
import { findParts } from '../aws/deployed-parts.ts';
import { CommandError, UsageError } from '../failure.ts';
import type { Cloud } from './cloud.ts';
import type { DatabaseRestorePlan, RestoreFrom } from './database-restore-plan.ts';
import { untilReady } from './database-restore-plan.ts';
import { restoreCluster } from './restored-cluster.ts';
import { restoreInstance } from './restored-instance.ts';

const IDENTIFIER = /^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/;

export async function restoreDatabase(
  cloud: Cloud,
  region: string,
  target: string | undefined,
  from: RestoreFrom,
): Promise<void> {
  const { calls, deployment, terminal } = cloud;
  if (target === undefined || !IDENTIFIER.test(target))
    throw new UsageError(
      `--database: expected 2 to 63 lower-case letters, digits and single hyphens, a letter first; given ${target ?? 'none'}`,
    );
  await assertAccount(calls, deployment);
  const stacks = (await cloud.stacks()).filter((stack) => stack.region === region);
  const source = await findDatabase(
    calls,
    await findParts(calls, stacks),
    region,
    deployment.database?.restored?.identifier,
  );
  if (source === undefined)
    throw new CommandError(`${cloud.label} in ${region}: expected a deployed database, found none`);
  if (!cloud.dryRun && (await describeDatabase(calls, region, source.kind, target)) !== undefined)
    throw new UsageError(
      `--database: expected the identifier of a database that does not exist, given ${target}`,
    );
  const plan: DatabaseRestorePlan = { region, source, target, from };
  await makeLogGroup(cloud, plan);
  if (source.kind === 'aurora') await restoreCluster(cloud, plan);
  else await restoreInstance(cloud, plan);
  const made = await untilReady(cloud, plan, { hasSecret: true });
  const settings = {
    identifier: target,
    host: made.host,
    secretArn: made.secretArn,
    ...(made.readerHost !== undefined && { readerHost: made.readerHost }),
  };
  if (cloud.dryRun) return;
  if (cloud.json) {
    terminal.line(JSON.stringify({ region, source: source.identifier, restored: settings }));
    return;
  }
  terminal.line(`${target} is restored, in ${region}, with the settings of ${source.identifier}`);
  terminal.line(JSON.stringify(settings));
  terminal.note(
    `To switch: set database.restored to this for ${deployment.environment} in the configuration and apply it; ${source.identifier} stays as it is. Then give it a new epoch, because cursors from after that time would skip what comes: npm run cloud -- renew-epoch -e ${deployment.environment}`,
  );
}

/** With the retention of the others: RDS would make one that keeps for ever. */
async function makeLogGroup({ calls, deployment }: Cloud, plan: DatabaseRestorePlan): Promise<void> {
  const { region, target, source } = plan;
  const logGroupName = `/aws/rds/${source.kind === 'aurora' ? 'cluster' : 'instance'}/${target}/postgresql`;
  await calls.send('logs:CreateLogGroup', region, {
    logGroupName,
    ...(deployment.customerManagedKey && { kmsKeyId: source.keyArn }),
  });
  await calls.send('logs:PutRetentionPolicy', region, {
    logGroupName,
    retentionInDays: deployment.logs.retentionDays,
  });
}
