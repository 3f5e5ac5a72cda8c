/**
 * The replicas of a table that no stack made, such as a restored one: one in each other region of the deployment, under the
 * key there, protected as the replica that it takes the place of. DynamoDB takes over none of that from one to another.
 *
 *   stream ─▶ for each other region: created ─▶ ACTIVE ─▶ settings ─▶ looked at
 *
 * Can be repeated after any failure: what is there stays.
 */
import type { TableSettings } from '../aws/table-settings.ts';
import { applySetting, describeTable, differences, readSettings } from '../aws/table-settings.ts';
import { partitionOf } from '../aws/deployed-parts.ts';
import { keyAlias } from '../config/places.ts';
import { CommandError } from '../failure.ts';
import type { Cloud } from './cloud.ts';

export interface ReplicaPlan {
  /** Where the table is. */
  readonly region: string;
  readonly table: string;
  /** What it takes the place of, or itself: replicas get the settings of its own. */
  readonly source: string;
}

const EVERY_MS = 5_000;
/** What a replica that is made has of its own. */
const NEW_REPLICA: TableSettings = {
  arn: '',
  recoveryDays: 'off',
  deletionProtection: false,
  tags: {},
  key: 'default',
};

/** @returns the regions of the replicas. @throws {CommandError} */
export async function addReplicas(cloud: Cloud, plan: ReplicaPlan): Promise<readonly string[]> {
  const others = cloud.deployment.regions.filter((region) => region !== plan.region);
  if (others.length === 0) return [];
  await openStream(cloud, plan);
  // DynamoDB makes one at a time.
  for (const other of others) {
    const wanted = await wantedIn(cloud, plan, other);
    await createReplica(cloud, plan, other, wanted);
    await protect(cloud, plan, other, wanted);
  }
  return others;
}

/** "AWS::DynamoDB::GlobalTable StreamSpecification": a table with replicas has one; a restored table has none. */
async function openStream(cloud: Cloud, { region, table }: ReplicaPlan): Promise<void> {
  const found = await describeTable(cloud.calls, region, table);
  if (found?.StreamSpecification?.StreamEnabled === true) return;
  await cloud.calls.send('dynamodb:UpdateTable', region, {
    TableName: table,
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
  await until(cloud, `${table} in ${region}`, async () => {
    const status = (await describeTable(cloud.calls, region, table))?.TableStatus;
    return { isDone: status === 'ACTIVE', state: status ?? 'not there' };
  });
}

/** As the replica of the source there; without one, as the source itself, under the deployment's key there. */
async function wantedIn(
  { calls, deployment }: Cloud,
  plan: ReplicaPlan,
  other: string,
): Promise<TableSettings> {
  if (plan.source !== plan.table && (await describeTable(calls, other, plan.source)) !== undefined)
    return readSettings(calls, other, plan.source);
  const own = await readSettings(calls, plan.region, plan.source);
  const { account } = deployment;
  return { ...own, key: `arn:${partitionOf(other)}:kms:${other}:${account}:${keyAlias(deployment)}` };
}

async function createReplica(
  cloud: Cloud,
  { region, table }: ReplicaPlan,
  other: string,
  { key }: TableSettings,
): Promise<void> {
  const { calls, deployment } = cloud;
  const replicaOf = async () =>
    (await describeTable(calls, region, table))?.Replicas?.find(({ RegionName }) => RegionName === other);
  if (cloud.dryRun || (await replicaOf()) === undefined)
    await calls.send('dynamodb:UpdateTable', region, {
      TableName: table,
      ReplicaUpdates: [
        {
          Create: {
            RegionName: other,
            // "CreateReplicationGroupMemberAction": only where it is not AWS's own key for DynamoDB.
            ...(deployment.customerManagedKey && { KMSMasterKeyId: key }),
          },
        },
      ],
    });
  await until(cloud, `${table} in ${other}`, async () => {
    const replica = await replicaOf();
    const status = replica?.ReplicaStatus ?? 'CREATING';
    if (status === 'CREATION_FAILED' || status === 'INACCESSIBLE_ENCRYPTION_CREDENTIALS')
      throw new CommandError(
        `${table}: expected a replica in ${other}, found ${status}: ${replica?.ReplicaStatusDescription ?? 'no reason given'}`,
      );
    const percent = replica?.ReplicaStatusPercentProgress;
    return { isDone: status === 'ACTIVE', state: percent === undefined ? status : `${status} ${percent} %` };
  });
}

async function protect(cloud: Cloud, plan: ReplicaPlan, other: string, wanted: TableSettings): Promise<void> {
  const { calls, dryRun } = cloud;
  const { table: name } = plan;
  const has = dryRun ? NEW_REPLICA : await readSettings(calls, other, name);
  for (const change of missing(wanted, has)) await applySetting(calls, other, { name, arn: has.arn }, change);
  const left = dryRun ? [] : missing(wanted, await readSettings(calls, other, name));
  if (left.length === 0) return;
  const names = left.map(({ setting }) => setting).join(', ');
  throw new CommandError(
    `${name} in ${other}: expected the settings of ${plan.source}, found others: ${names}`,
  );
}

/** Its key is said when it is made, by an alias perhaps, and never again. */
function missing(wanted: TableSettings, has: TableSettings) {
  return differences({ ...wanted, key: has.key }, has);
}

async function until(
  { terminal, sleep, nowMs, dryRun }: Cloud,
  what: string,
  look: () => Promise<{ readonly isDone: boolean; readonly state: string }>,
): Promise<void> {
  const startedMs = nowMs();
  for (;;) {
    const { isDone, state } = await look();
    if (isDone || dryRun) return;
    const seconds = Math.round((nowMs() - startedMs) / 1_000);
    terminal.progress(`${what}: ${state} for ${seconds} s; a replica takes from minutes to hours`);
    await sleep(EVERY_MS);
  }
}
