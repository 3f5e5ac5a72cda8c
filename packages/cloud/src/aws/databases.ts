/**
 * The database of a deployment, as RDS has it: an instance, or a cluster with its instances.
 */
import type { AwsCalls } from './aws-calls.ts';
import { AwsError } from './aws-calls.ts';
import type { DeployedParts } from './deployed-parts.ts';

/** An instance, or a cluster with its instances. */
export type DatabaseKind = 'rds' | 'aurora';

export interface DeployedDatabase {
  readonly kind: DatabaseKind;
  readonly identifier: string;
  readonly arn: string;
  /** `available` when it can be used. */
  readonly status: string;
  readonly host: string;
  readonly readerHost?: string | undefined;
  readonly secretArn: string;
  /** `active` when RDS has a password in it. */
  readonly secretStatus: string;
  readonly secretKeyArn?: string | undefined;
  readonly keyArn?: string | undefined;
  readonly engine: string;
  readonly engineVersion: string;
  readonly instanceClass: string;
  readonly subnetGroup: string;
  readonly parameterGroup: string;
  readonly groups: readonly string[];
  readonly multiZone: boolean;
  readonly deletionProtection: boolean;
  readonly recoveryDays: number;
  readonly maxStorageGb?: number | undefined;
  /** Without those of AWS's own, which nobody can set. */
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
}

/** @param restored the one that is in use in place of the stack's own. */
export async function findDatabase(
  calls: AwsCalls,
  parts: DeployedParts,
  region: string,
  restored: string | undefined,
): Promise<DeployedDatabase | undefined> {
  const own = ownDatabase(parts);
  return own && describeDatabase(calls, region, own.kind, restored ?? own.identifier);
}

/** The one that the stack made, which need not be the one in use. */
export function ownDatabase(
  parts: DeployedParts,
): { readonly kind: DatabaseKind; readonly identifier: string } | undefined {
  const [cluster] = parts.ofType('AWS::RDS::DBCluster');
  if (cluster !== undefined) return { kind: 'aurora', identifier: cluster.physicalId };
  const [instance] = parts.ofType('AWS::RDS::DBInstance');
  return instance && { kind: 'rds', identifier: instance.physicalId };
}

/** @returns undefined when there is none of that identifier. */
export async function describeDatabase(
  calls: AwsCalls,
  region: string,
  kind: DatabaseKind,
  identifier: string,
): Promise<DeployedDatabase | undefined> {
  return describeOrNone(
    kind === 'rds' ? describeInstance(calls, region, identifier) : describeCluster(calls, region, identifier),
  );
}

/** @returns undefined where RDS knows no such database. */
export async function describeOrNone<T>(described: Promise<T>): Promise<T | undefined> {
  try {
    return await described;
  } catch (thrown) {
    if (thrown instanceof AwsError && /^DB(?:Instance|Cluster)NotFound(?:Fault)?$/.test(thrown.code))
      return undefined;
    throw thrown;
  }
}

async function describeInstance(
  calls: AwsCalls,
  region: string,
  identifier: string,
): Promise<DeployedDatabase | undefined> {
  const { DBInstances } = await calls.send('rds:DescribeDBInstances', region, {
    DBInstanceIdentifier: identifier,
  });
  const [found] = DBInstances ?? [];
  if (found === undefined) return undefined;
  return {
    kind: 'rds',
    identifier,
    arn: found.DBInstanceArn ?? '',
    status: found.DBInstanceStatus ?? 'unknown',
    host: found.Endpoint?.Address ?? '',
    secretArn: found.MasterUserSecret?.SecretArn ?? '',
    secretStatus: found.MasterUserSecret?.SecretStatus ?? 'none',
    secretKeyArn: found.MasterUserSecret?.KmsKeyId,
    keyArn: found.KmsKeyId,
    engine: found.Engine ?? 'postgres',
    engineVersion: found.EngineVersion ?? '',
    instanceClass: found.DBInstanceClass ?? '',
    subnetGroup: found.DBSubnetGroup?.DBSubnetGroupName ?? '',
    parameterGroup: found.DBParameterGroups?.[0]?.DBParameterGroupName ?? '',
    groups: (found.VpcSecurityGroups ?? []).flatMap(({ VpcSecurityGroupId: id }) => id ?? []),
    multiZone: found.MultiAZ ?? false,
    deletionProtection: found.DeletionProtection ?? false,
    recoveryDays: found.BackupRetentionPeriod ?? 1,
    maxStorageGb: found.MaxAllocatedStorage,
    tags: tagsOf(found.TagList),
  };
}

async function describeCluster(
  calls: AwsCalls,
  region: string,
  identifier: string,
): Promise<DeployedDatabase | undefined> {
  const { DBClusters } = await calls.send('rds:DescribeDBClusters', region, {
    DBClusterIdentifier: identifier,
  });
  const [found] = DBClusters ?? [];
  if (found === undefined) return undefined;
  const [member] = found.DBClusterMembers ?? [];
  return {
    kind: 'aurora',
    identifier,
    arn: found.DBClusterArn ?? '',
    status: found.Status ?? 'unknown',
    host: found.Endpoint ?? '',
    readerHost: found.ReaderEndpoint,
    secretArn: found.MasterUserSecret?.SecretArn ?? '',
    secretStatus: found.MasterUserSecret?.SecretStatus ?? 'none',
    secretKeyArn: found.MasterUserSecret?.KmsKeyId,
    keyArn: found.KmsKeyId,
    engine: found.Engine ?? 'aurora-postgresql',
    engineVersion: found.EngineVersion ?? '',
    instanceClass: await classOf(calls, region, member?.DBInstanceIdentifier),
    subnetGroup: found.DBSubnetGroup ?? '',
    parameterGroup: found.DBClusterParameterGroup ?? '',
    groups: (found.VpcSecurityGroups ?? []).flatMap(({ VpcSecurityGroupId: id }) => id ?? []),
    multiZone: true,
    deletionProtection: found.DeletionProtection ?? false,
    recoveryDays: found.BackupRetentionPeriod ?? 1,
    tags: tagsOf(found.TagList),
  };
}

/** A cluster that is being restored has no instance yet. */
async function classOf(calls: AwsCalls, region: string, instance: string | undefined): Promise<string> {
  if (instance === undefined) return '';
  return (await describeInstance(calls, region, instance))?.instanceClass ?? '';
}

function tagsOf(
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] = [],
): DeployedDatabase['tags'] {
  return tags.flatMap(({ Key = '', Value = '' }) =>
    Key === '' || Key.startsWith('aws:') ? [] : [{ Key, Value }],
  );
}
