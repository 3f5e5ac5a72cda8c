/** The event source mappings of a template: which queue feeds which function, and how. */
import type { LocalQueue } from './backends/queues.ts';
import type { EventSourceMapping } from './poller.ts';
import type { LocalFunction } from './runtime.ts';
import type { ResolvedStack } from './template/resolve-template.ts';

export interface FedFunction {
  readonly mapping: EventSourceMapping;
  readonly queue: LocalQueue;
  readonly target: LocalFunction;
}

/** "Lambda parameters for Amazon SQS event source mappings": defaults. */
const DEFAULT_BATCH_SIZE = 10;
/** "Configuring scaling behavior for SQS event source mappings": an unlimited one begins with five. */
const DEFAULT_CONCURRENCY = 5;

export function readMappings(
  stack: ResolvedStack,
  queues: readonly LocalQueue[],
  findFunction: (arn: string) => LocalFunction,
): FedFunction[] {
  const { region, account } = stack.place;
  return stack.resources('AWS::Lambda::EventSourceMapping').map((resource) => {
    const properties = resource.properties() as {
      readonly EventSourceArn: string;
      readonly FunctionName: string;
      readonly BatchSize?: number;
      readonly MaximumBatchingWindowInSeconds?: number;
      readonly FunctionResponseTypes?: readonly string[];
      readonly ScalingConfig?: { readonly MaximumConcurrency?: number };
    };
    const queue = queues.find(({ arn }) => arn === properties.EventSourceArn);
    if (queue === undefined) throw new Error(`${resource.logicalId}: expected a queue of the deployment`);
    const { FunctionName: name } = properties;
    const target = findFunction(
      name.startsWith('arn:') ? name : `arn:aws:lambda:${region}:${account}:function:${name}`,
    );
    // Lambda refuses the mapping otherwise: "Creating and configuring an Amazon SQS event source mapping".
    if (target.timeoutMs > queue.visibilityMs) {
      throw new Error(
        `${resource.logicalId}: expected a visibility timeout of at least the function's timeout`,
      );
    }
    return {
      queue,
      target,
      mapping: {
        batchSize: properties.BatchSize ?? DEFAULT_BATCH_SIZE,
        windowSeconds: properties.MaximumBatchingWindowInSeconds ?? 0,
        maxConcurrency: properties.ScalingConfig?.MaximumConcurrency ?? DEFAULT_CONCURRENCY,
        reportBatchItemFailures:
          properties.FunctionResponseTypes?.includes('ReportBatchItemFailures') === true,
      },
    };
  });
}
