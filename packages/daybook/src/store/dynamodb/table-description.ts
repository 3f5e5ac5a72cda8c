/**
 * What a table must be, and what its description tells of where it is. A table that exists is checked and never changed:
 * backups, encryption, capacity and deletion protection are its owner's.
 */
import type { TableDescription } from '@aws-sdk/client-dynamodb';

import type { DurabilityLevel } from '../../durability.ts';
import { StartError } from '../../errors.ts';
import { createBackOff } from '../../retry.ts';
import { StoreError } from '../store.ts';
import type { Table } from './table.ts';

const EXPECTED_KEYS = 'pk (HASH, S), sk (RANGE, S)';
const CREATION = { firstMs: 50, limitMs: 2_000 };
/** A new table takes some ten seconds. */
const MAX_LOOKS = 60;
const AWS_HOST = /(?:^|\.)(?:amazonaws\.com(?:\.cn)?|api\.aws)$/;
/** The region that DynamoDB Local gives itself in the names of its tables. */
const LOCAL_ARN = /^arn:aws:dynamodb:ddblocal:/;

/**
 * @returns its description, once it is ready.
 * @throws {StartError} when it is missing or has other keys.
 * @throws {StoreError} `unavailable` while it is not ready.
 */
export async function prepareTable(
  table: Table,
  name: string,
  mayCreate: boolean,
): Promise<TableDescription> {
  let found = await table.describe();
  if (found === undefined && !mayCreate)
    throw new StartError(
      `store: expected a table ${name} with the keys ${EXPECTED_KEYS}, found none of that name`,
    );
  const backOff = createBackOff(CREATION);
  if (found === undefined) await create(table);
  for (let looks = 0; mayCreate && looks < MAX_LOOKS && !isReady(found); looks += 1) {
    found = await table.describe();
    if (!isReady(found)) await backOff.wait();
  }
  if (found === undefined || !isReady(found))
    throw new StoreError(
      'unavailable',
      'not-written',
      `dynamodb: the table ${name} is ${found?.TableStatus ?? 'missing'}`,
    );
  const given = keysOf(found);
  if (given !== EXPECTED_KEYS)
    throw new StartError(`store: the table ${name}: expected the keys ${EXPECTED_KEYS}, given ${given}`);
  return found;
}

/** Another process may make it at the same time. */
async function create(table: Table): Promise<void> {
  try {
    await table.create();
  } catch (thrown) {
    if ((await table.describe()) === undefined) throw thrown;
  }
}

const isReady = (found: TableDescription | undefined): boolean =>
  found?.TableStatus === 'ACTIVE' || found?.TableStatus === 'UPDATING';

function keysOf({ KeySchema = [], AttributeDefinitions = [] }: TableDescription): string {
  return KeySchema.map(({ AttributeName, KeyType }) => {
    const type = AttributeDefinitions.find((one) => one.AttributeName === AttributeName)?.AttributeType;
    return `${AttributeName} (${KeyType}, ${type})`;
  }).join(', ');
}

/** "DescribeTable" in the Amazon DynamoDB API Reference: a global table lists its replicas. */
export function isReplicated(
  awsRegion: string | undefined,
  description: TableDescription | undefined,
): boolean {
  return description?.Replicas?.some(({ RegionName }) => RegionName !== awsRegion) ?? false;
}

/** Of an address that is not Amazon's nothing can be known, so the least is said. */
export function durabilityOf(
  endpoint: string | undefined,
  tableArn: string | undefined,
): { readonly level: DurabilityLevel; readonly proof: string } {
  if (tableArn !== undefined && LOCAL_ARN.test(tableArn))
    return {
      level: 'memory',
      proof:
        'DynamoDB Local, by the name that it gives its tables: it does not tell whether it writes to a file',
    };
  const host = endpoint === undefined ? undefined : new URL(endpoint).hostname;
  if (host !== undefined && !AWS_HOST.test(host))
    return {
      level: 'memory',
      proof: `${host} is not an address of Amazon's, and the protocol tells nothing of durability`,
    };
  return {
    level: 'replicated-fsync',
    proof: 'Amazon states that a write is durable in several zones of the region when it is answered',
  };
}
