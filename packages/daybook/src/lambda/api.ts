/**
 * The function that answers callers: the whole application behind a REST API, an HTTP API or an Application Load Balancer.
 * A scheduled event makes it let go of what registers with a retention no longer keep, because there is no process that
 * would do so by itself.
 */
import type { Config } from '../config/load.ts';
import { loadConfig } from '../config/load.ts';
import { DaybookError, StartError, toError } from '../errors.ts';
import { QueueError } from '../queue/queue.ts';
import { createLog } from '../telemetry/log.ts';
import { createEmitter } from './emit-metric.ts';
import { isScheduled } from './front-event.ts';
import type { FrontHandler, InvocationContext } from './front-handler.ts';
import { createFrontHandler } from './front-handler.ts';
import type { FrontResult } from './front-result.ts';
import type { Application } from './open-application.ts';
import { openApplication } from './open-application.ts';
import { reopened } from './reopened.ts';

export interface ApiHandlerOptions {
  /** @throws {StartError} */
  readonly load: () => Promise<Config>;
  /** Where the log and the metrics go; default standard output. */
  readonly write?: (line: string) => void;
}

export type ExpiredEntries = Readonly<Record<string, number>>;

/** A round of retention stops so long before the function does; of a short time it has two thirds. */
const EXPIRY_END_MS = 5_000;
const MAX_EXPIRY_END_PART = 1 / 3;

export function createApiHandler({
  load,
  write,
}: ApiHandlerOptions): (event: unknown, context: InvocationContext) => Promise<FrontResult | ExpiredEntries> {
  const log = createLog('info', write && { write });
  let answer: FrontHandler | undefined;

  const open = reopened(async (): Promise<Application> => {
    try {
      const config = await load();
      log.level = config.logLevel;
      const emit = createEmitter({
        namespace: config.metricsNamespace,
        functionName: 'api',
        ...(write && { write }),
      });
      return await openApplication({
        config,
        log,
        onAccepted: (entries) => entries > 0 && emit({ AcceptedEntries: entries }),
      });
    } catch (thrown) {
      throw startFailure(thrown);
    }
  });

  return async (event, context) => {
    if (isScheduled(event)) {
      const application = await open();
      const leftMs = context.getRemainingTimeInMillis();
      return application.expire(Math.floor(leftMs - Math.min(EXPIRY_END_MS, leftMs * MAX_EXPIRY_END_PART)));
    }
    answer ??= createFrontHandler({ open, log });
    return answer(event, context);
  };
}

/** A queue that is away comes back by itself; the words of everything else are for the operator. */
function startFailure(thrown: unknown): unknown {
  const { cause } = toError(thrown);
  if (!(thrown instanceof StartError) || !(cause instanceof QueueError)) return thrown;
  return new DaybookError('QUEUE_UNAVAILABLE', cause.message, {
    cause,
    outcome: 'not-written',
    retryAfterSeconds: 1,
  });
}

export const handler = createApiHandler({ load: () => loadConfig() });
