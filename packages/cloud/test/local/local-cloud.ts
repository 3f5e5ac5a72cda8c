/**
 * A deployment on this machine: what CDK synthesises, with its own bundles, variables, table, queues and buckets, behind
 * the front that the template describes. Nothing is added to a function but where the services are.
 */
import type { HandlerName } from 'daybook/deployment';

import type { DynamoDbLocal } from '../../../daybook/test/support/dynamodb-local.ts';
import { startDynamoDbLocal } from '../../../daybook/test/support/dynamodb-local.ts';
import type { StrictS3 } from '../../../daybook/test/support/strict-s3.ts';
import { startStrictS3 } from '../../../daybook/test/support/strict-s3.ts';
import type { Assembly } from './assembly.ts';
import { localVariables } from './backends/local-places.ts';
import type { LocalQueue } from './backends/queues.ts';
import { createBuckets, createQueues, createTopics } from './backends/queues.ts';
import { createTemplateTable } from './backends/table.ts';
import type { TurnedServices } from './backends/turned-services.ts';
import { startTurnedServices } from './backends/turned-services.ts';
import { readMappings } from './event-sources.ts';
import type { Poller, PollerOptions } from './poller.ts';
import { startPoller } from './poller.ts';
import type { LocalFunction } from './runtime.ts';
import { createLocalFunction } from './runtime.ts';
import { startWarden } from './runtime/warden.ts';
import type { StartedFront } from './start-front.ts';
import { openFront } from './start-front.ts';

export interface LocalCloudOptions {
  readonly assembly: Assembly;
  /** Environments of each function at the same time; default 4, for a machine of two cores. */
  readonly maxConcurrency?: number;
  /** The front's clock, of its throttle and caches; default: this machine's. */
  readonly nowMs?: () => number;
  /** Keep the table on disk, so that it is there after DynamoDB was stopped; default false. */
  readonly persistentTable?: boolean;
  /** Where the keys of the user pool are published; default: nowhere that is reached from here. */
  readonly poolKeys?: string;
}

export interface LocalCloud {
  readonly front: StartedFront;
  readonly dynamoDb: DynamoDbLocal;
  readonly tableName: string;
  readonly region: string;
  /** @throws {Error} when the application has no such output. */
  outputOf(name: string): string;
  /** @throws {Error} in a topology without queues. */
  services(): TurnedServices;
  /** @throws {Error} when the deployment has no such function. */
  functionOf(handler: HandlerName): LocalFunction;
  /** The queue that this handler is fed from. */
  queueOf(handler: 'persister' | 'dead-letters'): LocalQueue;
  /** Begins to feed a handler from its queue; it ends with the cloud at the latest. */
  poll(handler: 'persister' | 'dead-letters', options?: Pick<PollerOptions, 'arrange'>): Poller;
  /** Everything that it started. Idempotent. */
  close(): Promise<void>;
}

export async function startLocalCloud({
  assembly,
  maxConcurrency = 4,
  persistentTable = false,
  poolKeys,
  nowMs = () => performance.now(),
}: LocalCloudOptions): Promise<LocalCloud> {
  const { application: stack } = assembly;
  const { region } = stack.place;
  const closing: (() => Promise<unknown>)[] = [];
  let closed: Promise<void> | undefined;
  async function closeAll(): Promise<void> {
    const failures: unknown[] = [];
    // What was started last is closed first, and every one of them whatever the others do.
    for (const close of closing.toReversed()) await close().catch((thrown: unknown) => failures.push(thrown));
    if (failures.length > 0) throw new AggregateError(failures, 'the local cloud did not close');
  }
  const close = (): Promise<void> => (closed ??= closeAll());

  try {
    const warden = startWarden();
    closing.push(() => warden.close());
    const dynamoDb = await startDynamoDbLocal({ persistent: persistentTable });
    closing.push(() => dynamoDb.dispose());
    const [table] = stack.resources('AWS::DynamoDB::Table');
    if (table === undefined) throw new Error('expected a table');
    await createTemplateTable(table, { endpoint: dynamoDb.endpoint, region });

    let services: TurnedServices | undefined;
    let objects: StrictS3 | undefined;
    let queues: readonly LocalQueue[] = [];
    if (stack.resources('AWS::SQS::Queue').length > 0) {
      services = await startTurnedServices();
      closing.push(services.close);
      objects = await startStrictS3(services.endpoint);
      closing.push(objects.close);
      const place = { endpoint: services.endpoint, region };
      queues = await createQueues(stack, place);
      await createTopics(stack, place);
      await createBuckets(stack, place);
    }

    const functions = new Map<string, LocalFunction>();
    const findFunction = (arn: string): LocalFunction => {
      // Without the version or the alias.
      const found = functions.get(arn.split(':').slice(0, 7).join(':'));
      if (found === undefined) throw new Error(`expected a function of the deployment, given ${arn}`);
      return found;
    };
    const front = await openFront(stack, findFunction, nowMs);
    closing.push(front.close);
    const handlers = new Map<string, LocalFunction>();
    for (const resource of stack.resources('AWS::Lambda::Function')) {
      const properties = resource.properties() as {
        readonly Description?: string;
        readonly Code: unknown;
        readonly Handler: string;
        readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> };
        readonly MemorySize?: number;
        readonly Timeout?: number;
        readonly ReservedConcurrentExecutions?: number;
      };
      const taskRoot = assembly.directoryOf(properties.Code);
      const places = {
        dynamoDb: dynamoDb.endpoint,
        services: services?.endpoint,
        objects: objects?.endpoint,
        taskRoot,
        frontUrl: front.url,
        poolKeys,
      };
      const made = createLocalFunction({
        functionName: resource.ref,
        functionArn: resource.attribute('Arn'),
        taskRoot,
        handler: properties.Handler,
        variables: localVariables(properties.Environment?.Variables ?? {}, places),
        // "CreateFunction", AWS Lambda API Reference: defaults.
        memoryMb: properties.MemorySize ?? 128,
        timeoutMs: (properties.Timeout ?? 3) * 1000,
        region,
        warden,
        maxConcurrency: Math.min(maxConcurrency, properties.ReservedConcurrentExecutions ?? maxConcurrency),
      });
      closing.push(made.close);
      functions.set(made.arn, made);
      // The description names the handler: `Daybook: <handler>`.
      handlers.set((properties.Description ?? '').replace(/^Daybook: /, ''), made);
    }
    const mappings = readMappings(stack, queues, findFunction);
    const functionOf = (handler: string): LocalFunction => {
      const found = handlers.get(handler);
      if (found === undefined) throw new Error(`expected a function that runs ${handler}`);
      return found;
    };
    const mappingOf = (handler: string) => {
      const found = mappings.find(({ target }) => target === functionOf(handler));
      if (found === undefined) throw new Error(`expected an event source of ${handler}`);
      return found;
    };
    const running = services;
    const theServices = (): TurnedServices => {
      if (running === undefined) throw new Error('expected a deployment with a queue');
      return running;
    };

    return {
      front,
      dynamoDb,
      tableName: table.ref,
      region,
      outputOf(name) {
        const value = stack.output(name);
        if (typeof value !== 'string')
          throw new Error(`expected an output of the application, given ${name}`);
        return value;
      },
      services: theServices,
      functionOf,
      queueOf: (handler) => mappingOf(handler).queue,
      poll(handler, options = {}) {
        const { endpoint, nowMs } = theServices();
        const { mapping, queue, target } = mappingOf(handler);
        const limited = { ...mapping, maxConcurrency: Math.min(mapping.maxConcurrency, maxConcurrency) };
        const poller = startPoller({ mapping: limited, queue, target, endpoint, region, nowMs, ...options });
        closing.push(poller.stop);
        return poller;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
