/**
 * CloudFront, as callers meet it: what the balancer never saw is in it too, such as requests that did not get there. Its
 * rates are percentages of all answers and come with any traffic at all, so they count only where there was enough.
 */
import { Duration } from 'aws-cdk-lib';

import type { CdnFront } from '../parts.ts';
import type { Watch } from './alarm.ts';
import { SILENT_WHEN_IDLE } from './alarm.ts';
import { cdnMetric, expression } from './metrics.ts';

const FIVE_MINUTES = Duration.minutes(5);
/** Fewer requests than this in a period are no statistics. */
const ENOUGH_REQUESTS = 20;
const SLOW_MS = 1_000;

type Distribution = Pick<CdnFront['distribution'], 'distributionId'>;

export function cdnWatches(distribution: Distribution): Watch[] {
  return [
    {
      id: 'CdnErrorShare',
      priority: 'high',
      metric: rate(distribution, '5xxErrorRate'),
      when: 'above',
      threshold: 5,
      datapoints: [2, 3],
      silence: SILENT_WHEN_IDLE,
      what: 'More than 5 % of what CloudFront answers are 5XX.',
      how: 'if the balancer tells the same (FrontErrorShare), it is the tiers: open /readyz. If it does not, CloudFront does not reach the balancer: look at the VPC origin, at the group of the balancer, and at x-edge-detailed-result-type in the access log.',
    },
    {
      id: 'CdnRefusalShare',
      priority: 'low',
      metric: rate(distribution, '4xxErrorRate'),
      when: 'above',
      threshold: 25,
      datapoints: [2, 3],
      silence: SILENT_WHEN_IDLE,
      what: 'More than a quarter of what CloudFront answers are 4XX, its firewall and its list of networks included.',
      how: 'compare with FrontRefusalShare: what the balancer did not see was refused at the edge, by front.waf (its sampled requests name the rule) or front.allowFrom.',
    },
    {
      id: 'CdnSlow',
      priority: 'low',
      metric: cdnMetric(distribution, 'OriginLatency', { statistic: 'p50', period: FIVE_MINUTES }),
      when: 'above',
      threshold: SLOW_MS,
      datapoints: [3, 3],
      silence: SILENT_WHEN_IDLE,
      what: 'Half of the answers that CloudFront fetches take more than a second to begin; long polls wait on purpose, but seldom are half.',
      how: 'if FrontSlow tells the same, it is the API; if not, it is the way between CloudFront and the balancer: look at the AWS Health Dashboard.',
    },
  ];
}

function rate(distribution: Distribution, name: string) {
  const reading = { period: FIVE_MINUTES };
  return expression(
    `IF(requests >= ${ENOUGH_REQUESTS}, rate, 0)`,
    {
      requests: cdnMetric(distribution, 'Requests', { ...reading, statistic: 'Sum' }),
      rate: cdnMetric(distribution, name, { ...reading, statistic: 'Average' }),
    },
    reading,
  );
}
