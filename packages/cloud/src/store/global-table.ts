/**
 * The table of several regions: one resource in the first of them, and a replica in each other, all restorable to any
 * second, protected alike, and each under the key of its own region where there are keys. Writes of one region come to the
 * others item by item, later, and the last writer of an item wins (multi-Region eventual consistency). With one region it is
 * a table like any other, to which replicas can be added.
 */
import type { aws_kms as kms, CfnTag, RemovalPolicy } from 'aws-cdk-lib';
import { aws_dynamodb as dynamodb, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { TABLE_KEYS } from 'daybook/deployment';

import { keyAlias, sharedTableName } from '../config/places.ts';
import type { Deployment } from '../config/schema.ts';
import { tagsOf } from '../observe/resource-group.ts';

export interface GlobalTableProps {
  readonly deployment: Deployment;
  /** Of this region; those of the others are known by their alias. Default: the keys of AWS's for DynamoDB. */
  readonly key?: kms.IKey | undefined;
  readonly removalPolicy: RemovalPolicy;
}

export class GlobalTable extends Construct {
  readonly table: dynamodb.TableV2;

  constructor(scope: Construct, id: string, { deployment, key, removalPolicy }: GlobalTableProps) {
    super(scope, id);
    const { store, onDestroy } = deployment;
    const others = deployment.regions.filter((region) => region !== Stack.of(this).region);
    // CloudFormation gives a stack's tags to the table of its own region only.
    const tags: CfnTag[] = Object.entries(tagsOf(deployment)).map(([name, value]) => ({ key: name, value }));
    // None of it is taken over from one replica to another by DynamoDB.
    const everywhere = {
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: store.recoveryDays,
      },
      deletionProtection: onDestroy === 'retain',
      tags,
    };
    this.table = new dynamodb.TableV2(this, 'Table', {
      tableName: sharedTableName(deployment),
      partitionKey: { name: TABLE_KEYS.partition, type: dynamodb.AttributeType.STRING },
      sortKey: { name: TABLE_KEYS.sort, type: dynamodb.AttributeType.STRING },
      billing: billingOf(store.capacity),
      encryption: this.#encryption(deployment, key, others),
      // Of replicas that are made: "UpdateTable", MultiRegionConsistency.
      ...(others.length > 0 && { multiRegionConsistency: dynamodb.MultiRegionConsistency.EVENTUAL }),
      // What replicas are fed from: nobody else reads it, and it can be changed while there is none only.
      dynamoStream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
      ...everywhere,
      replicas: others.map((region) => ({ region, ...everywhere })),
      removalPolicy,
    });
  }

  /** "AWS::DynamoDB::GlobalTable ReplicaSSESpecification": an alias will do, and a replica's key is one of its region. */
  #encryption(
    deployment: Deployment,
    key: kms.IKey | undefined,
    others: readonly string[],
  ): dynamodb.TableEncryptionV2 {
    if (key === undefined) return dynamodb.TableEncryptionV2.awsManagedKey();
    const { account, partition } = Stack.of(this);
    const ofOthers = others.map((region) => [
      region,
      `arn:${partition}:kms:${region}:${account}:${keyAlias(deployment)}`,
    ]);
    return dynamodb.TableEncryptionV2.customerManagedKey(key, Object.fromEntries(ofOthers));
  }
}

/** Writes of every region are made in every region: the capacity for them is that of all together. */
function billingOf(capacity: Deployment['store']['capacity']): dynamodb.Billing {
  if (capacity.mode === 'on-demand') return dynamodb.Billing.onDemand();
  const scaled = dynamodb.Capacity.autoscaled({
    minCapacity: capacity.min,
    maxCapacity: capacity.max,
    targetUtilizationPercent: capacity.targetPercent,
  });
  return dynamodb.Billing.provisioned({ readCapacity: scaled, writeCapacity: scaled });
}

/** The replica of a stack's own region, or the restored table that takes its place in all of them. */
export function regionalReplica(
  scope: Construct,
  deployment: Deployment,
  key: kms.IKey | undefined,
): dynamodb.ITable {
  return dynamodb.Table.fromTableAttributes(scope, 'Replica', {
    tableName: deployment.store.table ?? sharedTableName(deployment),
    ...(key && { encryptionKey: key }),
  });
}
