/**
 * Opens the drivers that the configuration names. Each is loaded when it is chosen, with the client that it needs, so
 * that nobody installs or loads what they do not use.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';

import { dynamoDbDriver, openS3, openSqs } from './aws-drivers.ts';
import type { ObjectsChoice, QueueChoice, StoreChoice } from './config/driver-urls.ts';
import { parseObjectsUrl, parseQueueUrl, parseStoreUrl } from './config/driver-urls.ts';
import type { Config } from './config/load.ts';
import { StartError } from './errors.ts';
import type { Objects } from './objects/objects.ts';
import { postgresDriver } from './postgres-driver.ts';
import type { Queue } from './queue/queue.ts';
import { createBackOff } from './retry.ts';
import { ephemeralFileSystem } from './sqlite/file-system.ts';
import { createLateStore } from './store/late-store.ts';
import { createSqliteStore } from './store/sqlite/sqlite-store.ts';
import type { Store } from './store/store.ts';

export interface Drivers {
  readonly store: Store;
  /** Undefined when entries go to the store directly; then nothing is ever dead, and no object storage is opened. */
  readonly queue: Queue | undefined;
  /** What the queue moved away because it ended the persister again and again; where the persister is here and it is named. */
  readonly crashed?: Queue | undefined;
  readonly objects: Objects | undefined;
  /** In the order that nothing is closed before what needs it. */
  close(): Promise<void>;
}

/** While a store on another machine is out of reach at the start. */
const LATE_BACK_OFF = { firstMs: 200, limitMs: 5_000 };

/**
 * @param directory the data directory, owned by this process.
 * @throws {StartError} when a driver cannot be used; a store on another machine that is only out of reach is waited for.
 */
export async function openDrivers(config: Config, directory: string, log: Logger): Promise<Drivers> {
  const opened: { close(): Promise<void> }[] = [];
  async function keep<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> {
    const driver = await opening;
    opened.push(driver);
    return driver;
  }
  async function close(): Promise<void> {
    for (const driver of opened.toReversed()) await driver.close();
  }

  try {
    const storeChoice = parseStoreUrl(config.store.url) as StoreChoice;
    const store = await keep(openStore(storeChoice, config, directory, log));
    const queueChoice = chooseQueue(config, storeChoice);
    if (queueChoice.driver === 'none') return { store, queue: undefined, objects: undefined, close };
    const queue = await keep(openQueue(queueChoice, config, directory, log));
    const crashed =
      queueChoice.driver === 'sqs' && queueChoice.crashed !== undefined && config.roles.includes('persister')
        ? await keep(openSqs(queueChoice.crashed, log))
        : undefined;
    const objects = await keep(openObjects(parseObjectsUrl(config.objects.url) as ObjectsChoice, directory));
    return { store, queue, crashed, objects, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** A store on another machine may be away for long: without a word about a queue, entries are kept here meanwhile. */
function chooseQueue({ queue }: Config, store: StoreChoice): QueueChoice {
  if (queue.url !== undefined) return parseQueueUrl(queue.url) as QueueChoice;
  return { driver: store.driver === 'sqlite' ? 'none' : 'sqlite' };
}

async function openStore(
  choice: StoreChoice,
  config: Config,
  directory: string,
  log: Logger,
): Promise<Store> {
  if (choice.driver === 'sqlite') return createSqliteStore({ directory });
  return createLateStore({
    ...(choice.driver === 'postgres'
      ? await postgresDriver(choice, config, log)
      : dynamoDbDriver(choice, config)),
    backOff: createBackOff(LATE_BACK_OFF),
    onFailure: (error) => log.warn({ event: 'store-not-reached', reason: error.message }),
  });
}

async function openQueue(
  choice: Exclude<QueueChoice, { driver: 'none' }>,
  { queue, roles }: Config,
  directory: string,
  log: Logger,
): Promise<Queue> {
  if (choice.driver === 'sqs') return openSqs(choice, log);
  if (!roles.includes('persister')) {
    throw new StartError(
      'roles (DAYBOOK_ROLES): expected persister among them, because a queue in the data directory is read by no other process',
    );
  }
  const ephemeral = ephemeralFileSystem(directory);
  if (ephemeral !== undefined && !queue.allowEphemeral) {
    throw new StartError(
      `queue.url (DAYBOOK_QUEUE): expected a data directory on a disk that stays, given ${directory} on ${ephemeral}; queue.allowEphemeral takes it all the same`,
    );
  }
  const { createSqliteQueue } = await import('./queue/sqlite/sqlite-queue.ts');
  return createSqliteQueue({ directory });
}

async function openObjects(choice: ObjectsChoice, directory: string): Promise<Objects> {
  if (choice.driver === 'file') {
    const { createFileObjects } = await import('./objects/file/file-objects.ts');
    return createFileObjects({ directory: choice.path ?? join(directory, 'objects') });
  }
  return openS3(choice);
}
