/**
 * The archiver, by a schedule: goes on with every register that is archived where its last segment ended, until nothing is
 * left or its time is over.
 */
import type { ArchiveRunOptions } from '../archive/archive-all.ts';
import { archiveAll } from '../archive/archive-all.ts';
import { dynamoDbDriver, openS3 } from '../aws-drivers.ts';
import { parseObjectsUrl, parseStoreUrl } from '../config/driver-urls.ts';
import type { Config } from '../config/load.ts';
import { loadConfig } from '../config/load.ts';
import { StartError } from '../errors.ts';
import { openArchive } from '../open-archive.ts';
import { sleep } from '../retry.ts';
import { createLog } from '../telemetry/log.ts';
import { once } from './handler-parts.ts';
import type { InvocationContext } from './invocation.ts';

export type ArchiveHandler = (event: unknown, context: InvocationContext) => Promise<void>;

/** For the segment that is being made when the time is nearly over. */
const ENDING_MS = 30_000;
const MAX_ENDING_PART = 1 / 3;

/** @throws {AggregateError} of registers that failed, after all others were gone through. */
export function createArchiveHandler(open: () => Promise<ArchiveRunOptions>): ArchiveHandler {
  return async (_event, context) => {
    const options = await open();
    const stop = new AbortController();
    const over = new AbortController();
    const leftMs = context.getRemainingTimeInMillis();
    const endingMs = Math.min(ENDING_MS, leftMs * MAX_ENDING_PART);
    const timing = sleep(Math.max(0, leftMs - endingMs), over.signal).then(() => stop.abort());
    const { failures } = await archiveAll(options, stop.signal);
    over.abort();
    await timing;
    if (failures.length > 0)
      throw new AggregateError(
        failures.map(({ error }) => error),
        'archive: some registers failed',
      );
  };
}

/** @throws {StartError} @throws {StoreError} while the store is away. */
export async function openArchiveParts(config: Config): Promise<ArchiveRunOptions> {
  const log = createLog(config.logLevel);
  const storeChoice = parseStoreUrl(config.store.url);
  const objectsChoice = parseObjectsUrl(config.objects.url);
  if (storeChoice?.driver !== 'dynamodb')
    throw new StartError('store.url (DAYBOOK_STORE): expected dynamodb://, given another driver');
  if (objectsChoice?.driver !== 's3')
    throw new StartError('objects.url (DAYBOOK_OBJECTS): expected s3://, given another driver');
  const store = await dynamoDbDriver(storeChoice, config).open();
  const objects = await openS3(objectsChoice);
  return openArchive({ config, store, objects, log });
}

export const handler = createArchiveHandler(once(async () => openArchiveParts(await loadConfig())));
