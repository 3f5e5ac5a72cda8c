/**
 * What the DynamoDB driver can do. Apart from it, so that whoever only asks does not load the client.
 */
import type { TableDescription } from '@aws-sdk/client-dynamodb';

import type { StoreCapabilities } from '../store.ts';
import type { TableOptions } from './table.ts';
import { durabilityOf, isReplicated } from './table-description.ts';

/** 400 KB less what an entry has beside its payload: all of it comes from a head of at most 16 KiB. */
const MAX_ENTRY_BYTES = 300 * 1024;
/** As many of the largest items as 3.9 MB hold; of smaller ones up to 97 fit. */
const MAX_ATOMIC_ENTRIES = 9;

/** @param description absent before the table was reached. */
export function dynamoDbCapabilities(
  options: Partial<Pick<TableOptions, 'endpoint' | 'awsRegion'>>,
  description?: TableDescription,
): StoreCapabilities {
  const { level, proof } = durabilityOf(options.endpoint, description?.TableArn);
  return {
    driver: 'dynamodb',
    durability: level,
    durabilityProof: proof,
    maxEntryBytes: MAX_ENTRY_BYTES,
    maxAtomicEntries: MAX_ATOMIC_ENTRIES,
    live: 'polled',
    ...(isReplicated(options.awsRegion, description) && { replicated: true }),
  };
}
