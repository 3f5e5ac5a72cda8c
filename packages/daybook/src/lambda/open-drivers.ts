/**
 * The drivers that a function can have: services of AWS, reached over the network. Nothing that it writes beside itself
 * stays, so what needs a data directory is refused.
 */
import type { Logger } from 'pino';

import { dynamoDbDriver, openS3, openSqs } from '../aws-drivers.ts';
import { parseObjectsUrl, parseQueueUrl, parseStoreUrl, withoutPassword } from '../config/driver-urls.ts';
import type { Config } from '../config/load.ts';
import type { Drivers } from '../drivers.ts';
import { StartError } from '../errors.ts';
import { openObjectsWhenCalled } from '../objects/opened-when-called.ts';
import { s3Capabilities } from '../objects/s3/capabilities.ts';
import type { OpenedWhenCalled } from '../store/opened-when-called.ts';
import { createOpenedWhenCalled } from '../store/opened-when-called.ts';

export interface FunctionDrivers extends Drivers {
  readonly store: OpenedWhenCalled;
}

/**
 * The store is opened by the first call that needs it: with a queue entries are accepted while it is away.
 * @throws {StartError} when a driver is none that a function can have, or the queue cannot be used or reached.
 */
export async function openFunctionDrivers(config: Config, log: Logger): Promise<FunctionDrivers> {
  const storeChoice = parseStoreUrl(config.store.url);
  if (storeChoice?.driver !== 'dynamodb')
    throw unfit('store.url (DAYBOOK_STORE)', 'dynamodb://', config.store.url);
  const queueUrl = config.queue.url ?? 'none';
  const queueChoice = parseQueueUrl(queueUrl);
  if (queueChoice?.driver !== 'sqs' && queueChoice?.driver !== 'none')
    throw unfit('queue.url (DAYBOOK_QUEUE)', 'sqs:// or none', queueUrl);
  const objectsChoice = parseObjectsUrl(config.objects.url);
  if (queueChoice.driver === 'sqs' && objectsChoice?.driver !== 's3')
    throw unfit('objects.url (DAYBOOK_OBJECTS)', 's3://', config.objects.url);

  const store = createOpenedWhenCalled({
    ...dynamoDbDriver(storeChoice, config),
    onFailure: (error) => log.warn({ event: 'store-not-reached', reason: error.message }),
  });
  const queue = queueChoice.driver === 'sqs' ? await openSqs(queueChoice, log) : undefined;
  const objects =
    queue !== undefined && objectsChoice?.driver === 's3'
      ? openObjectsWhenCalled(s3Capabilities(objectsChoice.endpoint), () => openS3(objectsChoice))
      : undefined;
  return {
    store,
    queue,
    objects,
    async close() {
      await objects?.close();
      await queue?.close();
      await store.close();
    },
  };
}

function unfit(key: string, expected: string, given: string): StartError {
  return new StartError(
    `${key}: expected ${expected}, because nothing that a function writes beside itself stays, given ${withoutPassword(given)}`,
  );
}
