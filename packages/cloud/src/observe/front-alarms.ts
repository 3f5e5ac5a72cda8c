/**
 * The front, as callers see it: answers that say it is our fault, too many that say it is theirs, slow ones, and more
 * requests than it lets through. A 503 with Retry-After is one of ours, although nothing is lost by it.
 */
import { Duration } from 'aws-cdk-lib';

import type { Deployment } from '../config/schema.ts';
import type { Front } from '../parts.ts';
import type { Watch } from './alarm.ts';
import { SILENT_WHEN_FINE, SILENT_WHEN_IDLE } from './alarm.ts';
import { apiMetric, balancerMetric, expression, requestsMetric, share, targetMetric } from './metrics.ts';

const FIVE_MINUTES = Duration.minutes(5);
/** Fewer requests than this in a period are no statistics. */
const ENOUGH_REQUESTS = 20;
const NEAR = 0.8;

type FrontOf<K extends Front['kind']> = Extract<Front, { kind: K }>;

export function frontWatches(front: Front, deployment: Deployment): Watch[] {
  const [errors, refusals] = metricsOf(front);
  const requests = requestsMetric(front, FIVE_MINUTES);
  const common = { when: 'above', silence: SILENT_WHEN_IDLE } as const;
  return [
    {
      ...common,
      id: 'FrontErrorsGoOn',
      priority: 'high',
      metric: errors(Duration.minutes(1)),
      when: 'at-least',
      threshold: 1,
      datapoints: [3, 5],
      what: 'Callers get 5XX answers minute after minute.',
      how: 'open the dashboard: errors of the functions, throttles of the table, and /readyz, which names what is missing. Callers send again; what was acknowledged is safe.',
    },
    {
      ...common,
      id: 'FrontErrorSeen',
      priority: 'low',
      metric: errors(Duration.minutes(1)),
      when: 'at-least',
      threshold: 1,
      datapoints: [1, 1],
      what: 'A caller got a 5XX answer.',
      how: 'find the request by its X-Request-Id in the log of the api function; one that stays alone was sent again and needs nothing.',
    },
    {
      ...common,
      id: 'FrontErrorShare',
      priority: 'high',
      metric: share(errors(FIVE_MINUTES), requests, { atLeast: ENOUGH_REQUESTS, period: FIVE_MINUTES }),
      threshold: 0.05,
      datapoints: [2, 3],
      what: 'More than 5 % of all answers are 5XX.',
      how: 'as for FrontErrorsGoOn; if it began with a deployment, deploy the version before.',
    },
    {
      ...common,
      id: 'FrontRefusalShare',
      priority: 'low',
      metric: share(refusals(FIVE_MINUTES), requests, { atLeast: ENOUGH_REQUESTS, period: FIVE_MINUTES }),
      threshold: 0.25,
      datapoints: [2, 3],
      what: 'More than a quarter of all answers are 4XX.',
      how: 'read the codes in the access log: 401 and 403 are credentials (an issuer that changed its keys), 429 the throttle, 413 and 422 a client that changed what it sends.',
    },
    ...(front.kind === 'alb' ? balancerWatches(front, deployment) : apiWatches(front, deployment)),
  ];
}

type Counter = (period: Duration) => ReturnType<typeof requestsMetric>;

/** Of 5XX and of 4XX answers. */
function metricsOf(front: Front): readonly [errors: Counter, refusals: Counter] {
  if (front.kind === 'rest-api') {
    return [
      (period) => apiMetric(front, '5XXError', { statistic: 'Sum', period }),
      (period) => apiMetric(front, '4XXError', { statistic: 'Sum', period }),
    ];
  }
  return [
    (period) => balancerMetric(front, 'HTTPCode_Target_5XX_Count', { statistic: 'Sum', period }),
    (period) => balancerMetric(front, 'HTTPCode_Target_4XX_Count', { statistic: 'Sum', period }),
  ];
}

function apiWatches(front: FrontOf<'rest-api'>, { front: settings, functions }: Deployment): Watch[] {
  const { ratePerSecond } = settings.throttle;
  return [
    {
      id: 'FrontSlow',
      priority: 'low',
      metric: apiMetric(front, 'Latency', { statistic: 'p99', period: FIVE_MINUTES }),
      when: 'above',
      // Requests that wait on purpose, by long poll or Prefer: wait, are in it: only the limit itself is a finding.
      threshold: functions.timeoutSeconds * NEAR * 1000,
      datapoints: [3, 3],
      silence: SILENT_WHEN_IDLE,
      what: `One answer in a hundred takes more than 80 % of the ${functions.timeoutSeconds} s after which the function is ended.`,
      how: 'compare with the latency of the probe, which waits for nothing: if that is as ever, it is long polls; else look at table and queue.',
    },
    {
      id: 'FrontBusy',
      priority: 'low',
      metric: apiMetric(front, 'Count', { statistic: 'Sum' }),
      when: 'above',
      threshold: ratePerSecond * 60 * NEAR,
      datapoints: [3, 5],
      silence: SILENT_WHEN_IDLE,
      what: `More than 80 % of the ${ratePerSecond} requests a second come that front.throttle lets through.`,
      how: 'raise front.throttle.ratePerSecond if it is honest traffic, or give the one who sends it a limit; refused callers are told 429 and when to come again.',
    },
  ];
}

function balancerWatches(front: FrontOf<'alb'>, { functions }: Deployment): Watch[] {
  return [
    {
      id: 'BalancerErrors',
      priority: 'high',
      metric: balancerMetric(front, 'HTTPCode_ELB_5XX_Count', { statistic: 'Sum' }),
      when: 'at-least',
      threshold: 1,
      datapoints: [3, 5],
      silence: SILENT_WHEN_FINE,
      what: 'The balancer itself answers 5XX: the function failed, took too long or gave more than 1 MB.',
      how: 'read error_reason in the access log of the balancer, and the errors of the api function.',
    },
    {
      id: 'FrontSlow',
      priority: 'low',
      metric: balancerMetric(front, 'TargetResponseTime', { statistic: 'p99', period: FIVE_MINUTES }),
      when: 'above',
      // In seconds; requests that wait on purpose are in it.
      threshold: functions.timeoutSeconds * NEAR,
      datapoints: [3, 3],
      silence: SILENT_WHEN_IDLE,
      what: `One answer in a hundred takes more than 80 % of the ${functions.timeoutSeconds} s after which the function is ended.`,
      how: 'compare with the latency of the probe, which waits for nothing: if that is as ever, it is long polls; else look at the table.',
    },
    {
      id: 'BalancerRejects',
      priority: 'high',
      metric: balancerMetric(front, 'RejectedConnectionCount', { statistic: 'Sum' }),
      when: 'at-least',
      threshold: 1,
      datapoints: [2, 5],
      silence: SILENT_WHEN_FINE,
      what: 'The balancer has as many connections as it can hold and rejects more.',
      how: 'it grows by itself within minutes; if it goes on, look for a client that opens a connection for each request, and turn on the firewall.',
    },
    {
      id: 'BalancerCannotCall',
      priority: 'low',
      metric: sumOfTargets(front, ['LambdaInternalError', 'LambdaUserError']),
      when: 'at-least',
      threshold: 1,
      datapoints: [2, 5],
      silence: SILENT_WHEN_FINE,
      what: 'The balancer could not call a function, or could not read its answer.',
      how: 'read error_reason in the access log: LambdaInvalidResponse and LambdaResponseTooLarge are ours, LambdaThrottling and LambdaConnectionTimeout are the account.',
    },
    {
      id: 'BalancerUnhealthy',
      priority: 'high',
      metric: maximumOfTargets(front),
      when: 'at-least',
      threshold: 1,
      datapoints: [3, 5],
      silence: {
        means: 'fine',
        because:
          'it is sent while health checks run; that nothing answers at all is told by the errors and the probe',
      },
      what: 'Health checks of /readyz fail: entries cannot be accepted durably.',
      how: 'open /readyz, which names what is missing: the table, its key, or a right.',
    },
  ];
}

/** At most ten metrics: a balancer has one or two targets here. */
function sumOfTargets(front: FrontOf<'alb'>, names: readonly string[]) {
  const all = front.targets.flatMap((target) =>
    names.map((name) => targetMetric(front, target, name, { statistic: 'Sum' })),
  );
  const ids = Object.fromEntries(all.map((metric, index) => [`m${index}`, metric]));
  return expression('SUM(METRICS())', ids);
}

function maximumOfTargets(front: FrontOf<'alb'>) {
  const all = front.targets.map((target) =>
    targetMetric(front, target, 'UnHealthyHostCount', { statistic: 'Maximum' }),
  );
  const ids = Object.fromEntries(all.map((metric, index) => [`m${index}`, metric]));
  return expression('MAX(METRICS())', ids);
}
