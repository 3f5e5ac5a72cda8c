/**
 * What Route 53 thinks of each region. Its metrics exist in {@link ROUTING_REGION} only, so these alarms are there too; an
 * alarm anywhere else would look at nothing.
 */
import { Duration } from 'aws-cdk-lib';

import type { Silence, Watch } from '../observe/alarm.ts';
import { healthCheckMetric } from '../observe/metrics.ts';
import type { Route } from './routes.ts';

const ALWAYS_SENT: Silence = {
  means: 'wrong',
  because: 'a check tells every minute; one that is switched off counts as healthy and protects nobody',
};
/** Of the checkers. A region counts as well while more than 18 % of them reach it. */
const MOST_PERCENT = 70;

export function routingWatches(routes: readonly Route[]): Watch[] {
  return routes.flatMap(({ region, host, check }): Watch[] => [
    {
      id: `RegionAway-${region}`,
      priority: 'high',
      metric: healthCheckMetric(check, 'HealthCheckStatus', { statistic: 'Minimum' }),
      when: 'below',
      threshold: 1,
      datapoints: [1, 2],
      silence: ALWAYS_SENT,
      what: `Route 53 sends nobody to ${region} any more: ${host} is not ready, or not reached.`,
      how: `callers are in the other regions by now. Ask https://${host}/readyz, which says what is missing, and run "npm run cloud -- status". If the region was drained on purpose, nothing; "undrain" brings it back.`,
    },
    {
      id: `RegionHardToReach-${region}`,
      priority: 'low',
      metric: healthCheckMetric(check, 'HealthCheckPercentageHealthy', {
        statistic: 'Average',
        period: Duration.minutes(1),
      }),
      when: 'below',
      threshold: MOST_PERCENT,
      datapoints: [5, 10],
      silence: ALWAYS_SENT,
      what: `Some of the world does not reach ${region}, or not within two seconds; Route 53 still sends callers there.`,
      how: 'look at the latency of the front and of the health function on the dashboard of the region, and at the AWS Health Dashboard.',
    },
  ]);
}
