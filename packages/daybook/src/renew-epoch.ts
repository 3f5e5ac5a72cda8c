/**
 * A new epoch for the store that a configuration names, after it was restored: cursors of before are refused from then on,
 * with `CURSOR_EXPIRED` and a fresh one, and never misunderstood.
 */
import type { Logger } from 'pino';

import { renewDynamoDbEpochs } from './aws-drivers.ts';
import type { StoreChoice } from './config/driver-urls.ts';
import { parseStoreUrl } from './config/driver-urls.ts';
import type { Config } from './config/load.ts';
import { ownDataDirectory } from './data-directory/own.ts';
import { randomId } from './id.ts';
import { renewPostgresEpoch } from './postgres-driver.ts';
import { assertDatabaseIn } from './store/sqlite/database-file.ts';
import { renewEpochIn } from './store/sqlite/renew-epoch.ts';

/**
 * Resolves when it is durable. Repeating is harmless. PostgreSQL: servers may run, and know it within a second. SQLite: none
 * may, because one process owns a data directory. DynamoDB: none may have opened the table, for it goes on with the epoch
 * that it read.
 * @throws {StartError} when the store cannot be used, or is in use. @throws {StoreError} while it cannot be reached.
 */
export async function renewEpochOfStore(config: Config, log: Logger): Promise<void> {
  const choice = parseStoreUrl(config.store.url) as StoreChoice;
  if (choice.driver === 'postgres') return renewPostgresEpoch(choice, config, log);
  if (choice.driver === 'dynamodb') return renewDynamoDbEpochs(choice, config);
  assertDatabaseIn(config.dataDir);
  const directory = await ownDataDirectory(config.dataDir);
  try {
    renewEpochIn(directory.path, randomId());
  } finally {
    directory.release();
  }
}
