/**
 * Every function by the same four: it fails, it is refused, it is slow, it is about to be refused. Refusals of callers,
 * dead letters and messages that are put back are answers and no errors of a function.
 */
import type { aws_cloudwatch as cloudwatch } from 'aws-cdk-lib';
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { HandlerName } from 'daybook/deployment';

import type { Deployment } from '../config/schema.ts';
import type { Functions } from '../parts.ts';
import type { Priority, Watch } from './alarm.ts';
import { SILENT_WHEN_IDLE } from './alarm.ts';
import type { Reading, WatchedFunction } from './metrics.ts';
import { expression, functionMetric, ownMetric, watchedFunctions } from './metrics.ts';

/** "Lambda quotas": of an account and region, before an increase. */
const ACCOUNT_CONCURRENCY = 1_000;
const FIVE_MINUTES = Duration.minutes(5);
/** Of what is allowed. */
const NEAR = 0.8;

/** Without these no caller is answered, or what was acknowledged is not stored. */
const VITAL: readonly HandlerName[] = ['api', 'authorizer', 'persister', 'dead-letters'];

/** The id of the alarm on errors of the function that answers callers. */
export const API_ERRORS = 'ApiErrors';

const WHAT_STOPS: Readonly<Record<HandlerName, string>> = {
  api: 'Callers are answered 5XX and send again.',
  health: 'The front takes Daybook for unhealthy.',
  persister: 'Entries wait in the queue, for 14 days at most.',
  'dead-letters': 'What crashed the persister waits in its queue, for 14 days at most.',
  authorizer: 'Callers with tokens are answered 5XX.',
  probe: 'Nobody watches from outside.',
  archive: 'The archive falls behind; the table has everything.',
};

export function functionWatches(
  scope: Construct,
  functions: Functions,
  { queue }: Pick<Deployment, 'queue'>,
): Watch[] {
  return watchedFunctions(functions).flatMap((watched) => [
    watched.handler === 'authorizer' ? failingBesideRefusals(scope, watched) : failing(watched),
    throttled(watched),
    slow(watched),
    crowded(watched, watched.handler === 'persister' ? queue?.maxConcurrency : undefined),
  ]);
}

function failing(watched: WatchedFunction): Watch {
  return {
    ...common(watched, 'Errors', { statistic: 'Sum' }),
    priority: priorityOf(watched),
    when: 'at-least',
    threshold: 1,
    datapoints: [1, 1],
    what: `The function ${watched.handler} crashed, ran out of memory or out of time. ${WHAT_STOPS[watched.handler]}`,
    how: `read its log (cloud logs ${watched.handler}) for REPORT lines with Status: error or timeout; raise its memory or its timeout, or deploy the version before.`,
  };
}

/**
 * An error is the only way to ask API Gateway for a 401 ("Output from an API Gateway Lambda authorizer"), so anybody with a
 * wrong token would wake somebody. What is refused is counted by the function itself, sometimes in the period beside, so a
 * few errors without a refusal say nothing; callers who are answered 5XX are another alarm (FrontErrorsGoOn).
 */
function failingBesideRefusals(scope: Construct, watched: WatchedFunction): Watch {
  const reading = { statistic: 'Sum', period: FIVE_MINUTES } as const;
  return {
    ...failing(watched),
    metric: expression(
      'errors - FILL(refused, 0)',
      {
        errors: functionMetric(watched.function, 'Errors', reading),
        refused: ownMetric(scope, 'RefusedCredentials', 'authorizer', reading),
      },
      { period: FIVE_MINUTES },
    ),
    threshold: 5,
    datapoints: [2, 3],
  };
}

function throttled(watched: WatchedFunction): Watch {
  return {
    ...common(watched, 'Throttles', { statistic: 'Sum' }),
    priority: priorityOf(watched),
    when: 'at-least',
    threshold: 1,
    datapoints: [3, 5],
    what: `Lambda refuses calls of the function ${watched.handler}. ${WHAT_STOPS[watched.handler]}`,
    how: 'look at ConcurrentExecutions of the account; ask for a higher quota, or find who uses it up. Nothing that was acknowledged is lost.',
  };
}

function slow(watched: WatchedFunction): Watch {
  return {
    ...common(watched, 'Duration', { statistic: 'p99', period: Duration.minutes(5) }),
    priority: 'low',
    when: 'above',
    threshold: watched.timeoutMs * NEAR,
    datapoints: [3, 3],
    what: `One call in a hundred of the function ${watched.handler} takes more than 80 % of its ${watched.timeoutMs / 1000} s.`,
    how: 'look at the latencies of table and queue on the dashboard; if they are as ever, raise memory (which is also processor time) or the timeout.',
  };
}

/** @param ownLimit of an event source that calls no more of them at the same time. */
function crowded(watched: WatchedFunction, ownLimit?: number): Watch {
  const limit = ownLimit ?? ACCOUNT_CONCURRENCY;
  return {
    ...common(watched, 'ConcurrentExecutions', { statistic: 'Maximum' }),
    priority: 'low',
    when: 'at-least',
    threshold: Math.ceil(limit * NEAR),
    datapoints: ownLimit === undefined ? [3, 5] : [15, 15],
    what: `The function ${watched.handler} runs at more than 80 % of the ${limit} that may run at the same time.`,
    how:
      ownLimit === undefined
        ? 'ask for a higher quota of concurrent executions before calls are refused; new accounts may have a lower one than this alarm takes for granted.'
        : 'if the backlog does not shrink, raise queue.maxConcurrency; more than a few gain nothing while the table is what is slow.',
  };
}

function common(
  { handler, function: watched }: WatchedFunction,
  name: string,
  reading: Reading,
): { readonly id: string; readonly metric: cloudwatch.IMetric; readonly silence: Watch['silence'] } {
  return {
    id: `${pascal(handler)}${name}`,
    metric: functionMetric(watched, name, reading),
    silence: SILENT_WHEN_IDLE,
  };
}

function priorityOf({ handler }: WatchedFunction): Priority {
  return VITAL.includes(handler) ? 'high' : 'low';
}

function pascal(handler: HandlerName): string {
  return handler.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
