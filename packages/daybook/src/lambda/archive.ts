/**
 * The archiver, by a schedule: goes on with every register that is archived where its last segment ended, until nothing is
 * left or its time is over.
 */
import type { Logger } from 'pino';

import { isArchived } from '../archive/archived.ts';
import type { Archiver } from '../archive/archiver.ts';
import { createArchiver } from '../archive/archiver.ts';
import { dynamoDbDriver, openS3 } from '../aws-drivers.ts';
import { systemTime } from '../clock.ts';
import { parseObjectsUrl, parseStoreUrl } from '../config/driver-urls.ts';
import type { Config } from '../config/load.ts';
import { loadConfig } from '../config/load.ts';
import { StartError } from '../errors.ts';
import { entryToJson } from '../http/entry-json.ts';
import type { Register } from '../register.ts';
import { sleep } from '../retry.ts';
import { createLog } from '../telemetry/log.ts';
import { once } from './handler-parts.ts';
import type { InvocationContext } from './invocation.ts';

export interface ArchiveParts {
  readonly registers: readonly Register[];
  readonly archiverOf: (register: Register) => Archiver;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export type ArchiveHandler = (event: unknown, context: InvocationContext) => Promise<void>;

/** For the segment that is being made when the time is nearly over. */
const ENDING_MS = 30_000;
const MAX_ENDING_PART = 1 / 3;

/** @throws {AggregateError} of registers that failed, after all others were gone through. */
export function createArchiveHandler(open: () => Promise<ArchiveParts>): ArchiveHandler {
  return async (_event, context) => {
    const { registers, archiverOf, log } = await open();
    const stop = new AbortController();
    const over = new AbortController();
    const leftMs = context.getRemainingTimeInMillis();
    const endingMs = Math.min(ENDING_MS, leftMs * MAX_ENDING_PART);
    const timing = sleep(Math.max(0, leftMs - endingMs), over.signal).then(() => stop.abort());
    const failures: unknown[] = [];
    for (const register of registers) {
      try {
        const done = await archiverOf(register).archive(register.name, stop.signal);
        if (done.segments > 0 || !done.complete)
          log.info({ event: 'archived', register: register.name, ...done });
      } catch (thrown) {
        failures.push(thrown);
      }
    }
    over.abort();
    await timing;
    if (failures.length > 0) throw new AggregateError(failures, 'archive: some registers failed');
  };
}

/** @throws {StartError} @throws {StoreError} while the store is away. */
export async function openArchiveParts(config: Config): Promise<ArchiveParts> {
  const log = createLog(config.logLevel);
  const storeChoice = parseStoreUrl(config.store.url);
  const objectsChoice = parseObjectsUrl(config.objects.url);
  if (storeChoice?.driver !== 'dynamodb')
    throw new StartError('store.url (DAYBOOK_STORE): expected dynamodb://, given another driver');
  if (objectsChoice?.driver !== 's3')
    throw new StartError('objects.url (DAYBOOK_OBJECTS): expected s3://, given another driver');
  const store = await dynamoDbDriver(storeChoice, config).open();
  const objects = await openS3(objectsChoice);
  return {
    registers: config.registers.filter(isArchived),
    archiverOf: (register) =>
      createArchiver({
        store,
        objects,
        toLine: (entry) => entryToJson(register, entry),
        nowMicros: () => systemTime.wallMs() * 1000,
        onOvertaken: ({ register: name }) => log.warn({ event: 'archive-overtaken', register: name }),
      }),
    log,
  };
}

export const handler = createArchiveHandler(once(async () => openArchiveParts(await loadConfig())));
