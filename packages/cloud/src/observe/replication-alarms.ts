/**
 * How far the other regions are behind this one: what would be lost with it. DynamoDB publishes it in the region that was
 * written to, for each region that receives.
 */
import type { Parts } from '../parts.ts';
import type { Watch } from './alarm.ts';
import { replicationMetric } from './metrics.ts';

/** A minute; between two regions it is a second or two. */
const LATE_MS = 60_000;

/** @param others the regions of the table but this one. */
export function replicationWatches(table: Parts['table'], others: readonly string[]): Watch[] {
  return others.map((region) => ({
    id: `ReplicationLate-${region}`,
    priority: 'high',
    metric: replicationMetric(table, region, { statistic: 'Average' }),
    when: 'above',
    threshold: LATE_MS,
    datapoints: [5, 5],
    silence: {
      means: 'fine',
      because: 'it is only sent when something was replicated, which the probe sees to every minute',
    },
    what: `What is stored here is in ${region} more than a minute later; were this region lost now, so would be what came since.`,
    how: `look for throttled writes of the table in ${region} (the capacity for writes must be enough for all regions together), at its key, and at the AWS Health Dashboard. Nothing is lost while both regions stand.`,
  }));
}
