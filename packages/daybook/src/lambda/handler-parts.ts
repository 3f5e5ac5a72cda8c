/**
 * What the handlers that read queues are made of, opened once for each execution environment, at its first event. In
 * Lambda everything that must stay is elsewhere: files are refused as store, queue or object storage.
 */
import type { Logger } from 'pino';

import { systemTime } from '../clock.ts';
import type { QueueChoice } from '../config/driver-urls.ts';
import { parseObjectsUrl, parseQueueUrl, parseStoreUrl } from '../config/driver-urls.ts';
import type { Config } from '../config/load.ts';
import { dynamoDbDriver, openS3, openSqs } from '../aws-drivers.ts';
import { StartError } from '../errors.ts';
import type { Objects } from '../objects/objects.ts';
import type { RoundMemory } from '../persister/round.ts';
import { createRoundMemory } from '../persister/round.ts';
import type { Queue } from '../queue/queue.ts';
import { random, sleep } from '../retry.ts';
import type { Store } from '../store/store.ts';
import { createLog } from '../telemetry/log.ts';
import type { EmitMetrics } from './emit-metric.ts';
import { createEmitter } from './emit-metric.ts';

export interface HandlerParts {
  readonly limits: Config['persister'];
  /** The queue of an ARN, opened at the first call; @throws {StartError | QueueError} */
  readonly queueOf: (arn: string) => Promise<Queue>;
  /** Opened at the first call that can. @throws {StoreError} while it is away. */
  readonly store: () => Promise<Store>;
  readonly objects: Objects;
  /** Of this environment, which runs one invocation after the other. */
  readonly memory: RoundMemory;
  readonly log: Logger;
  readonly emit: EmitMetrics;
}

/** @throws {StartError} */
export async function openHandlerParts(functionName: string, config: Config): Promise<HandlerParts> {
  const log = createLog(config.logLevel);
  const storeChoice = parseStoreUrl(config.store.url);
  const queueChoice = config.queue.url === undefined ? undefined : parseQueueUrl(config.queue.url);
  const objectsChoice = parseObjectsUrl(config.objects.url);
  if (storeChoice?.driver !== 'dynamodb')
    throw wrong('store.url (DAYBOOK_STORE)', 'dynamodb://', config.store.url);
  if (queueChoice?.driver !== 'sqs')
    throw wrong('queue.url (DAYBOOK_QUEUE)', 'sqs://', config.queue.url ?? 'none');
  if (objectsChoice?.driver !== 's3')
    throw wrong('objects.url (DAYBOOK_OBJECTS)', 's3://', config.objects.url);

  const queues = new Map<string, () => Promise<Queue>>();
  return {
    limits: config.persister,
    queueOf(arn) {
      const opened = queues.get(arn) ?? once(() => openSqs(withArn(queueChoice, arn), log));
      queues.set(arn, opened);
      return opened();
    },
    store: once(dynamoDbDriver(storeChoice, config).open),
    objects: await openS3(objectsChoice),
    memory: createRoundMemory({
      nowMs: systemTime.monotonicMs,
      nowMicros: wallMicros,
      log,
      sleep,
      random,
    }),
    log,
    emit: createEmitter({ namespace: config.metricsNamespace, functionName }),
  };
}

/** Unix microseconds: nothing is stamped here, so the wall clock will do, however long the environment was frozen. */
export function wallMicros(): number {
  return Math.floor(systemTime.wallMs() * 1000);
}

/** The same until it fails; then the next call tries anew. */
export function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opening: Promise<T> | undefined;
  return () =>
    (opening ??= open().catch((thrown: unknown) => {
      opening = undefined;
      throw thrown;
    }));
}

type SqsChoice = Extract<QueueChoice, { driver: 'sqs' }>;

/** Another queue of the same region and service: `arn:partition:sqs:region:account:name`. */
function withArn({ driver, awsRegion, queueUrl, endpoint }: SqsChoice, arn: string): SqsChoice {
  const [account = '', name = ''] = arn.split(':').slice(4);
  const base = queueUrl.split('/').slice(0, -2).join('/');
  return {
    driver,
    awsRegion,
    queueUrl: `${base}/${account}/${name}`,
    ...(endpoint !== undefined && { endpoint }),
  };
}

function wrong(key: string, expected: string, given: string): StartError {
  return new StartError(
    `${key}: expected ${expected}, because nothing that a function writes beside itself stays, given ${given}`,
  );
}
