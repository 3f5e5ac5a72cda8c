/**
 * The metrics of tiers and database that alarms and the dashboard read, each by the dimensions under which it is
 * published; and those that are counted in the logs of the tiers, because a server tells of itself there.
 */
import type { aws_cloudwatch as cloudwatch } from 'aws-cdk-lib';
import { aws_logs as logs } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { TIERS } from '../config/service-schema.ts';
import type { TierName } from '../config/service-schema.ts';
import type { ServiceParts } from '../parts.ts';
import type { Reading } from './metrics.ts';
import { metric, metricsNamespace } from './metrics.ts';

type Cluster = ServiceParts['cluster'];
type Tier = ServiceParts['tiers'][TierName];

export function tierMetric(
  { clusterName }: Cluster,
  { service }: Tier,
  name: string,
  reading: Reading,
): cloudwatch.Metric {
  const dimensions = { ClusterName: clusterName, ServiceName: service.serviceName };
  return metric('AWS/ECS', name, dimensions, reading);
}

/** Of Container Insights. */
export function insightsMetric(
  { clusterName }: Cluster,
  { service }: Tier,
  name: string,
  reading: Reading,
): cloudwatch.Metric {
  const dimensions = { ClusterName: clusterName, ServiceName: service.serviceName };
  return metric('ECS/ContainerInsights', name, dimensions, reading);
}

/** Of one instance: a cluster has some of its own. */
export function instanceMetric(instance: string, name: string, reading: Reading): cloudwatch.Metric {
  return metric('AWS/RDS', name, { DBInstanceIdentifier: instance }, reading);
}

/** What is counted, by the event of the line; docs/operations.md has what each means. */
const COUNTED = {
  DeadEntries: { in: ['persister'], pattern: '{ $.event = "entry-dead" }' },
  CrashedMessages: { in: ['persister'], pattern: '{ $.event = "crashed-message" }' },
  SystemicHalts: { in: ['persister'], pattern: '{ $.event = "persister-systemic" }' },
  LoggedErrors: { in: [...TIERS, 'archive'], pattern: '{ $.level >= 50 }' },
  ArchiveRuns: { in: ['archive'], pattern: '{ $.event = "archive-run" && $.failed = 0 }' },
} as const satisfies Readonly<
  Record<string, { readonly in: readonly (TierName | 'archive')[]; readonly pattern: string }>
>;
export type CountedMetric = keyof typeof COUNTED;
export const COUNTED_METRICS = Object.keys(COUNTED) as CountedMetric[];

/** Before anything can read them. */
export function countInLogs(
  scope: Construct,
  { tiers, archive }: Pick<ServiceParts, 'tiers' | 'archive'>,
): logs.MetricFilter[] {
  return Object.entries(COUNTED).flatMap(([metricName, { in: places, pattern }]) =>
    places.flatMap((place) => {
      const logGroup = (place === 'archive' ? archive : tiers[place])?.logGroup;
      if (logGroup === undefined) return [];
      return new logs.MetricFilter(scope, `${metricName}-${place}`, {
        logGroup,
        filterPattern: logs.FilterPattern.literal(pattern),
        metricNamespace: metricsNamespace(scope),
        metricName,
        metricValue: '1',
      });
    }),
  );
}

/** Of all tiers that are counted together. */
export function countedMetric(scope: Construct, name: CountedMetric, reading: Reading): cloudwatch.Metric {
  return metric(metricsNamespace(scope), name, {}, reading);
}
