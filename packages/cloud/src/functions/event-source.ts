/**
 * Lambda polls a queue and hands its messages to a function, which tells of each whether it is done. A function that
 * fails to say so has all of them back.
 */
import type { aws_lambda as lambda, aws_sqs as sqs } from 'aws-cdk-lib';

export interface DeliveryOptions {
  /** Messages in one invocation; default and most without a window: 10. */
  readonly batchSize?: number | undefined;
  /** Invocations at the same time; default: as many as the account allows. */
  readonly maxConcurrency?: number | undefined;
}

/** @param to its role may receive from the queue already: `grants.ts`. */
export function deliver(
  from: sqs.IQueue,
  to: lambda.Function,
  { batchSize = 10, maxConcurrency }: DeliveryOptions,
): void {
  to.addEventSourceMapping('Messages', {
    eventSourceArn: from.queueArn,
    batchSize,
    reportBatchItemFailures: true,
    ...(maxConcurrency !== undefined && { maxConcurrency }),
  });
}
