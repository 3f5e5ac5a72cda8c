/**
 * The table of all entries: what Daybook's store expects of it, restorable to any second, encrypted, and kept when the
 * deployment says so. It has no index and no stream: the store's own layout needs neither.
 */
import type { aws_kms as kms, RemovalPolicy } from 'aws-cdk-lib';
import { aws_dynamodb as dynamodb } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { TABLE_KEYS } from 'daybook/deployment';

import type { Deployment } from '../config/schema.ts';

export interface EntryTableProps {
  readonly store: Deployment['store'];
  /** Default: the key of AWS's for DynamoDB in this account. */
  readonly key?: kms.IKey | undefined;
  readonly removalPolicy: RemovalPolicy;
  /** While it is on, not even the owner deletes the table. */
  readonly deletionProtection: boolean;
}

export class EntryTable extends Construct {
  /** The one that is used: the deployment's own, or a restored one in its place. */
  readonly table: dynamodb.ITable;

  constructor(
    scope: Construct,
    id: string,
    { store, key, removalPolicy, deletionProtection }: EntryTableProps,
  ) {
    super(scope, id);
    const { capacity } = store;
    const isProvisioned = capacity.mode === 'provisioned';
    const table = new dynamodb.Table(this, 'Table', {
      partitionKey: { name: TABLE_KEYS.partition, type: dynamodb.AttributeType.STRING },
      sortKey: { name: TABLE_KEYS.sort, type: dynamodb.AttributeType.STRING },
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: store.recoveryDays,
      },
      encryption: key ? dynamodb.TableEncryption.CUSTOMER_MANAGED : dynamodb.TableEncryption.AWS_MANAGED,
      ...(key && { encryptionKey: key }),
      deletionProtection,
      removalPolicy,
      billingMode: isProvisioned ? dynamodb.BillingMode.PROVISIONED : dynamodb.BillingMode.PAY_PER_REQUEST,
      ...(isProvisioned && { readCapacity: capacity.min, writeCapacity: capacity.min }),
    });
    this.table =
      store.table === undefined
        ? // Its class declares as `| undefined` what the interface declares as optional.
          (table as dynamodb.ITable)
        : dynamodb.Table.fromTableAttributes(this, 'Restored', {
            tableName: store.table,
            ...(key && { encryptionKey: key }),
          });
    if (capacity.mode !== 'provisioned') return;
    const between = { minCapacity: capacity.min, maxCapacity: capacity.max };
    const target = { targetUtilizationPercent: capacity.targetPercent };
    table.autoScaleReadCapacity(between).scaleOnUtilization(target);
    table.autoScaleWriteCapacity(between).scaleOnUtilization(target);
  }
}
