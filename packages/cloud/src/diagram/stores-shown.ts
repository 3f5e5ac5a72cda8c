/**
 * What keeps entries: a table or a replica of one, a database, a bucket of dead letters.
 */
import type { Part } from './part.ts';
import type { Found, References } from './references.ts';
import { valuesAt } from './references.ts';
import { variableOf } from './tiers-shown.ts';

export function storesShown(from: References): Part[] {
  return [...tableOf(from), ...databaseOf(from), ...objectsOf(from)];
}

function tableOf(from: References): Part[] {
  const [table] = [...from.all('AWS::DynamoDB::Table'), ...from.all('AWS::DynamoDB::GlobalTable')];
  if (table === undefined) return [];
  const isReplica = table.type === 'AWS::DynamoDB::GlobalTable';
  const [replica = {}] = (table.properties['Replicas'] ?? []) as Found['properties'][];
  const recovery = valuesAt(isReplica ? replica : table.properties, 'PointInTimeRecoverySpecification');
  const lines = [
    isReplica ? globalCapacity(table) : capacity(from),
    `any second of ${String(recovery['RecoveryPeriodInDays'])} days`,
  ];
  const title = isReplica ? 'DynamoDB replica' : 'Table';
  return [{ name: 'table', kind: 'store', title, lines, inside: false, resource: table }];
}

function capacity(from: References): string {
  const [scaled] = from.all('AWS::ApplicationAutoScaling::ScalableTarget');
  return `DynamoDB, ${unitsText(scaled?.properties)}`;
}

function globalCapacity({ properties }: Found): string {
  if (properties['BillingMode'] !== 'PROVISIONED') return unitsText(undefined);
  const path = ['WriteProvisionedThroughputSettings', 'WriteCapacityAutoScalingSettings'] as const;
  return unitsText(valuesAt(properties, ...path));
}

function unitsText(bounds: Found['properties'] | undefined): string {
  if (bounds === undefined) return 'on demand';
  return `${String(bounds['MinCapacity'])} to ${String(bounds['MaxCapacity'])} units`;
}

function databaseOf(from: References): Part[] {
  const instances = from.all('AWS::RDS::DBInstance');
  const [cluster] = from.all('AWS::RDS::DBCluster');
  const resource = cluster ?? instances[0];
  if (resource === undefined) return [];
  const size = String(instances[0]?.properties['DBInstanceClass']);
  const isSafe = cluster === undefined ? resource.properties['MultiAZ'] === true : instances.length > 1;
  const days = String(resource.properties['BackupRetentionPeriod']);
  const lines = [
    `${cluster === undefined ? 'RDS' : 'Aurora'}, ${size}`,
    `${isSafe ? 'two zones' : 'one zone'}, ${days} days`,
  ];
  return [{ name: 'database', kind: 'store', title: 'PostgreSQL', lines, inside: true, resource }];
}

function objectsOf(from: References): Part[] {
  const named = [
    ...from
      .all('AWS::Lambda::Function')
      .map(({ properties }) => valuesAt(properties, 'Environment', 'Variables')['DAYBOOK_OBJECTS']),
    ...from.all('AWS::ECS::TaskDefinition').map((task) => variableOf(task, 'DAYBOOK_OBJECTS')),
  ];
  const [resource] = named.flatMap((value) => from.within(value, 'AWS::S3::Bucket'));
  if (resource === undefined) return [];
  const lines = ['S3: dead letters, with versions,', 'until replay or discard'];
  return [{ name: 'objects', kind: 'store', title: 'Bucket', lines, inside: false, resource }];
}
