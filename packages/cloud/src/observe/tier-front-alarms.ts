/**
 * The balancer behind CloudFront, as callers feel it: answers that are our fault, slow ones, and tasks that are not well.
 * CloudFront's own numbers are published in us-east-1 alone: alarms on them are in a stack there (`cdn-alarms.ts`).
 */
import { Duration } from 'aws-cdk-lib';

import type { CdnFront } from '../parts.ts';
import type { Watch } from './alarm.ts';
import { SILENT_WHEN_FINE, SILENT_WHEN_IDLE } from './alarm.ts';
import { balancerMetric, requestsMetric, share, targetMetric } from './metrics.ts';

const FIVE_MINUTES = Duration.minutes(5);
/** Fewer requests than this in a period are no statistics. */
const ENOUGH_REQUESTS = 20;
const SLOW_SECONDS = 1;

export function tierFrontWatches(front: CdnFront): Watch[] {
  const requests = requestsMetric(front, FIVE_MINUTES);
  const count = (name: string, period: Duration) => balancerMetric(front, name, { statistic: 'Sum', period });
  return [
    {
      id: 'FrontErrorsGoOn',
      priority: 'high',
      metric: count('HTTPCode_Target_5XX_Count', Duration.minutes(1)),
      when: 'at-least',
      threshold: 1,
      datapoints: [3, 5],
      silence: SILENT_WHEN_IDLE,
      what: 'Callers get 5XX answers minute after minute.',
      how: 'open /readyz, which names what is missing, and the logs of the tier api. Callers send again; what was acknowledged is safe.',
    },
    {
      id: 'FrontErrorShare',
      priority: 'high',
      metric: share(count('HTTPCode_Target_5XX_Count', FIVE_MINUTES), requests, {
        atLeast: ENOUGH_REQUESTS,
        period: FIVE_MINUTES,
      }),
      when: 'above',
      threshold: 0.05,
      datapoints: [2, 3],
      silence: SILENT_WHEN_IDLE,
      what: 'More than 5 % of all answers are 5XX.',
      how: 'as for FrontErrorsGoOn; if it began with a deployment, deploy the image before.',
    },
    {
      id: 'FrontRefusalShare',
      priority: 'low',
      metric: share(count('HTTPCode_Target_4XX_Count', FIVE_MINUTES), requests, {
        atLeast: ENOUGH_REQUESTS,
        period: FIVE_MINUTES,
      }),
      when: 'above',
      threshold: 0.25,
      datapoints: [2, 3],
      silence: SILENT_WHEN_IDLE,
      what: 'More than a quarter of all answers are 4XX.',
      how: 'read the codes in the access log: 401 and 403 are credentials, 429 the limit of one caller, 413 and 422 a client that changed what it sends.',
    },
    {
      id: 'BalancerErrors',
      priority: 'high',
      metric: count('HTTPCode_ELB_5XX_Count', Duration.minutes(1)),
      when: 'at-least',
      threshold: 1,
      datapoints: [3, 5],
      silence: SILENT_WHEN_FINE,
      what: 'The balancer itself answers 5XX: a task hung up, took too long, or there is none.',
      how: 'look at the tasks that run and at their health; read the access log of the balancer for the time and the target.',
    },
    {
      id: 'BalancerRejects',
      priority: 'high',
      metric: count('RejectedConnectionCount', Duration.minutes(1)),
      when: 'at-least',
      threshold: 1,
      datapoints: [2, 5],
      silence: SILENT_WHEN_FINE,
      what: 'The balancer has as many connections as it can hold and rejects more.',
      how: 'it grows by itself within minutes; if it goes on, look for a client that opens a connection for each request.',
    },
    {
      id: 'FrontSlow',
      priority: 'low',
      metric: targetMetric(front, front.targetOf.api, 'TargetResponseTime', {
        statistic: 'p50',
        period: FIVE_MINUTES,
      }),
      when: 'above',
      threshold: SLOW_SECONDS,
      datapoints: [3, 3],
      silence: SILENT_WHEN_IDLE,
      what: 'Half of all answers of the API take more than a second; long polls wait on purpose, but seldom are half.',
      how: 'compare with the latency of the probe, which waits for nothing; then look at the processors of the tier api, the queue and the database.',
    },
    ...(['web', 'api'] as const).map((tier): Watch => ({
      id: tier === 'web' ? 'WebUnhealthy' : 'ApiUnhealthy',
      priority: tier === 'web' ? 'low' : 'high',
      metric: targetMetric(front, front.targetOf[tier], 'UnHealthyHostCount', { statistic: 'Maximum' }),
      when: 'at-least',
      threshold: 1,
      datapoints: [5, 5],
      silence: {
        means: 'fine',
        because: 'it is sent while health checks run; that no task runs at all is another alarm',
      },
      what: `Health checks of a task of the tier ${tier} fail; ECS replaces it.`,
      how:
        tier === 'web'
          ? 'read its log; it answers /healthz from its process alone.'
          : 'open /readyz, which names what is missing: the queue, its key, or a right.',
    })),
  ];
}
