/**
 * The archiver as a command: opens the store and the object storage of the configuration, goes on where the last segment of
 * each register ended, and ends. Started by a schedule, beside the servers and in none of them.
 *
 * Only for a store on another machine: a data directory belongs to its server alone.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';

import type { ArchiveRun } from './archive/archive-all.ts';
import { archiveAll } from './archive/archive-all.ts';
import { dynamoDbDriver, openS3 } from './aws-drivers.ts';
import type { ObjectsChoice } from './config/driver-urls.ts';
import { parseObjectsUrl, parseStoreUrl } from './config/driver-urls.ts';
import type { Config } from './config/load.ts';
import { StartError } from './errors.ts';
import type { Objects } from './objects/objects.ts';
import { openArchive } from './open-archive.ts';
import { postgresDriver } from './postgres-driver.ts';
import type { Store } from './store/store.ts';

/**
 * Once, up to the end of every tail or until the signal. Told in the log: each register that had something, each that
 * failed, and in the end `archive-run`.
 * @throws {StartError} when a driver cannot be used. @throws {StoreError} while the store cannot be reached.
 */
export async function runArchive(config: Config, log: Logger, signal: AbortSignal): Promise<ArchiveRun> {
  const store = await openStore(config, log);
  try {
    const objects = await openObjects(config);
    try {
      const run = await archiveAll(openArchive({ config, store, objects, log }), signal);
      for (const { register, error } of run.failures)
        log.error({ event: 'archive-failed', register, err: error });
      const { segments, entries, complete, failures } = run;
      log.info({ event: 'archive-run', segments, entries, complete, failed: failures.length });
      return run;
    } finally {
      await objects.close();
    }
  } finally {
    await store.close();
  }
}

async function openStore(config: Config, log: Logger): Promise<Store> {
  const choice = parseStoreUrl(config.store.url);
  if (choice?.driver === 'postgres')
    return (await postgresDriver(choice, config, log, { existing: true })).open();
  if (choice?.driver === 'dynamodb') return dynamoDbDriver(choice, config).open();
  throw new StartError(
    'store.url (DAYBOOK_STORE): expected postgres:// or dynamodb://, because a data directory belongs to its server alone, given sqlite:',
  );
}

async function openObjects({ objects, dataDir }: Config): Promise<Objects> {
  const choice = parseObjectsUrl(objects.url) as ObjectsChoice;
  if (choice.driver === 's3') return openS3(choice);
  const { createFileObjects } = await import('./objects/file/file-objects.ts');
  return createFileObjects({ directory: choice.path ?? join(dataDir, 'objects') });
}
