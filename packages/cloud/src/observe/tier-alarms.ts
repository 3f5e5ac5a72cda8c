/**
 * The tiers: whether there are as many tasks as there should be, whether they have room, and what they say themselves.
 */
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { TIERS } from '../config/service-schema.ts';
import type { TierName } from '../config/service-schema.ts';
import type { ServiceParts } from '../parts.ts';
import type { Watch } from './alarm.ts';
import { SILENT_WHEN_FINE } from './alarm.ts';
import { countedMetric, insightsMetric, tierMetric } from './tier-metrics.ts';

const FIVE_MINUTES = Duration.minutes(5);

const WHAT_STOPS: Readonly<Record<TierName, string>> = {
  web: 'People may see no pages; the API goes on.',
  api: 'Callers may be answered 5XX and send again.',
  persister: 'Entries wait in the queue, for 14 days at most.',
};

export function tierWatches(
  scope: Construct,
  parts: ServiceParts,
  services: NonNullable<Deployment['services']>,
): Watch[] {
  return [
    ...TIERS.flatMap((name) => watchesOf(name, parts, services)),
    {
      id: 'SystemicFault',
      priority: 'high',
      metric: countedMetric(scope, 'SystemicHalts', { statistic: 'Sum', period: FIVE_MINUTES }),
      when: 'at-least',
      threshold: 1,
      datapoints: [1, 1],
      silence: SILENT_WHEN_FINE,
      what: 'The persister waits, because the database, the queue or the bucket fails and not the entries.',
      how: 'read its log for persister-systemic, which has the reason. Nothing is lost and no entry is held to blame; it goes on by itself.',
    },
    {
      id: 'EntryDied',
      priority: 'low',
      metric: countedMetric(scope, 'DeadEntries', { statistic: 'Sum', period: FIVE_MINUTES }),
      when: 'at-least',
      threshold: 1,
      datapoints: [1, 1],
      silence: SILENT_WHEN_FINE,
      what: 'An acknowledged entry could not be stored and is a dead letter.',
      how: 'list them with their reasons (cloud dead-letters list), mend the cause, then replay or discard. Nothing expires: they are objects in the bucket.',
    },
    {
      id: 'ManyEntriesDied',
      priority: 'high',
      metric: countedMetric(scope, 'DeadEntries', { statistic: 'Sum', period: FIVE_MINUTES }),
      when: 'at-least',
      threshold: 100,
      datapoints: [1, 1],
      silence: SILENT_WHEN_FINE,
      what: 'A hundred acknowledged entries within five minutes could not be stored and are dead letters.',
      how: 'list them with their reasons (cloud dead-letters list), mend the cause, then replay or discard. Nothing expires: they are objects in the bucket.',
    },
    {
      id: 'CrashedSeen',
      priority: 'high',
      metric: countedMetric(scope, 'CrashedMessages', { statistic: 'Sum', period: FIVE_MINUTES }),
      when: 'at-least',
      threshold: 1,
      datapoints: [1, 1],
      silence: SILENT_WHEN_FINE,
      what: 'A message ended the persister so often that SQS moved it away, or the topic (queue.fanOut) could not deliver it; its entries are stored or dead letters now.',
      how: 'read the log of the persister before that time, mend it, then replay: cloud dead-letters replay. Without an end of a task it was the topic: see NumberOfNotificationsRedrivenToDlq, the policy of the queue and the state of its key.',
    },
    {
      id: 'ErrorsLogged',
      priority: 'low',
      metric: countedMetric(scope, 'LoggedErrors', { statistic: 'Sum', period: FIVE_MINUTES }),
      when: 'at-least',
      threshold: 1,
      datapoints: [1, 1],
      silence: SILENT_WHEN_FINE,
      what: 'A tier has written an error into its log.',
      how: 'look for lines of level 50 and above in the logs of the tiers at that time; each has an event and a reason (docs/operations.md).',
    },
  ];
}

function watchesOf(
  name: TierName,
  { cluster, tiers }: ServiceParts,
  services: NonNullable<Deployment['services']>,
): Watch[] {
  const tier = tiers[name];
  const pascal = name.charAt(0).toUpperCase() + name.slice(1);
  const { min, max, memoryMb } = services[name];
  return [
    {
      id: `${pascal}TooFew`,
      priority: 'high',
      metric: insightsMetric(cluster, tier, 'RunningTaskCount', { statistic: 'Minimum' }),
      when: 'below',
      threshold: min,
      datapoints: [5, 5],
      silence: { means: 'wrong', because: 'tasks are counted every minute, also when there is none' },
      what: `Fewer than ${min} tasks of the tier ${name} run. ${WHAT_STOPS[name]}`,
      how: `read the events of the service in the console of ECS: an image that cannot be pulled, health checks that fail, no room in a zone. If it was stopped on purpose: npm run cloud -- start ${name}.`,
    },
    {
      id: `${pascal}Busy`,
      priority: 'low',
      metric: tierMetric(cluster, tier, 'CPUUtilization', { statistic: 'Average', period: FIVE_MINUTES }),
      when: 'above',
      threshold: 85,
      datapoints: [3, 3],
      silence: {
        means: 'fine',
        because: 'without tasks there is nothing to measure, and that is another alarm',
      },
      what: `The tier ${name} has used more than 85 % of its processors for a quarter of an hour, although tasks are added at ${services.cpuPercent} %.`,
      how: `if ${max} tasks run, raise services.${name}.max, or give each more (services.${name}.cpu).`,
    },
    {
      id: `${pascal}Memory`,
      priority: 'low',
      metric: tierMetric(cluster, tier, 'MemoryUtilization', { statistic: 'Maximum', period: FIVE_MINUTES }),
      when: 'above',
      threshold: 85,
      datapoints: [3, 3],
      silence: {
        means: 'fine',
        because: 'without tasks there is nothing to measure, and that is another alarm',
      },
      what: `A task of the tier ${name} uses more than 85 % of its ${memoryMb} MiB; at all of it, it is ended and started again.`,
      how: `raise services.${name}.memoryMb; if it grows without an end, keep a heap snapshot before (docs/operations.md).`,
    },
  ];
}
