/**
 * Opens the drivers of AWS's services: the same for a server and for a function. Each is loaded when it is chosen, with
 * the client that it needs.
 */
import type { Logger } from 'pino';

import type { ObjectsChoice, QueueChoice, StoreChoice } from './config/driver-urls.ts';
import type { Config } from './config/load.ts';
import { StartError, toError } from './errors.ts';
import { randomId } from './id.ts';
import type { Objects } from './objects/objects.ts';
import type { Queue } from './queue/queue.ts';
import { dynamoDbCapabilities } from './store/dynamodb/capabilities.ts';
import type { LateStoreOptions } from './store/late-store.ts';

/** How a store on another machine is opened, and what can be said of it before. */
export type RemoteDriver = Pick<LateStoreOptions, 'open' | 'capabilities'>;

export function dynamoDbDriver(
  { table, awsRegion, endpoint, createTable }: Extract<StoreChoice, { driver: 'dynamodb' }>,
  { region, store }: Config,
): RemoteDriver {
  const options = {
    table,
    awsRegion,
    ...(endpoint !== undefined && { endpoint }),
    createTable,
    region,
    newEpoch: randomId(),
    connectTimeoutMs: store.connectTimeoutMs,
    requestTimeoutMs: store.statementTimeoutMs,
  };
  return {
    async open() {
      const { createDynamoDbStore } = await loadDriver(
        '@aws-sdk/client-dynamodb',
        () => import('./store/dynamodb/dynamodb-store.ts'),
      );
      return createDynamoDbStore(options);
    },
    capabilities: dynamoDbCapabilities(options),
  };
}

/** Resolves when every lane of the table has a new epoch. @throws {StoreError} @throws {StartError} for a table without lanes. */
export async function renewDynamoDbEpochs(
  { table, awsRegion, endpoint }: Extract<StoreChoice, { driver: 'dynamodb' }>,
  { store }: Config,
): Promise<void> {
  const { renewEpochsOf } = await loadDriver(
    '@aws-sdk/client-dynamodb',
    () => import('./store/dynamodb/renew-epochs.ts'),
  );
  const lanes = await renewEpochsOf({
    table,
    awsRegion,
    ...(endpoint !== undefined && { endpoint }),
    connectTimeoutMs: store.connectTimeoutMs,
    requestTimeoutMs: store.statementTimeoutMs,
  });
  if (lanes.length > 0) return;
  throw new StartError(
    `store: expected a table of Daybook that was opened before, given ${table} without a lane`,
  );
}

/** @throws {StartError} when it may not be used or cannot be reached; its cause tells which. */
export async function openSqs(choice: Extract<QueueChoice, { driver: 'sqs' }>, log: Logger): Promise<Queue> {
  const { createSqsQueue } = await loadDriver(
    '@aws-sdk/client-sqs',
    () => import('./queue/sqs/sqs-queue.ts'),
  );
  const { queueUrl, awsRegion, endpoint, topic } = choice;
  return createSqsQueue({
    queueUrl,
    region: awsRegion,
    ...(endpoint !== undefined && { endpoint }),
    ...(topic && { topic: { ...topic, ...(endpoint !== undefined && { endpoint }) } }),
    onWarning: (message) => log.warn({ event: 'queue-unwise', reason: message }),
  }).catch((thrown: unknown) => {
    throw new StartError(`queue.url (DAYBOOK_QUEUE): ${toError(thrown).message}`, { cause: thrown });
  });
}

export async function openS3({
  bucket,
  prefix,
  awsRegion,
  endpoint,
}: Extract<ObjectsChoice, { driver: 's3' }>): Promise<Objects> {
  const { createS3Objects } = await loadDriver(
    '@aws-sdk/client-s3',
    () => import('./objects/s3/s3-objects.ts'),
  );
  return createS3Objects({
    bucket,
    prefix,
    region: awsRegion,
    // Others than Amazon's rarely have a host name for each bucket.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
  });
}

/** @param client the package that the driver needs. @throws {StartError} when it is not installed. */
export async function loadDriver<T>(client: string, driver: () => Promise<T>): Promise<T> {
  try {
    return await driver();
  } catch (thrown) {
    const error = toError(thrown) as NodeJS.ErrnoException;
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !error.message.includes(client)) throw thrown;
    throw new StartError(`expected the package ${client} to be installed: npm install ${client}`, {
      cause: thrown,
    });
  }
}
