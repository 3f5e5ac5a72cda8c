/**
 * One picture of an entry's way through the tiers, to find where it is slow: each row is a step, in the order in which an
 * entry takes them, and says in words what it shows and what is well.
 */
import type { aws_cloudwatch } from 'aws-cdk-lib';
import { aws_cloudwatch as cloudwatch, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { CDN_REGION } from '../config/places.ts';
import type { Deployment } from '../config/schema.ts';
import { TIERS } from '../config/service-schema.ts';
import type { ServiceParts } from '../parts.ts';
import { probeRows } from './dashboard.ts';
import { balancerMetric, cdnMetric, queueMetric, requestsMetric, targetMetric } from './metrics.ts';
import { countedMetric, insightsMetric, instanceMetric, tierMetric } from './tier-metrics.ts';
import type { Widgets } from './widgets.ts';
import { graphs, WIDTH, words } from './widgets.ts';

export interface TierDashboardProps {
  readonly deployment: Deployment;
  readonly parts: ServiceParts;
  /** Shown together at the top; none without alarms. */
  readonly alarms: readonly aws_cloudwatch.Alarm[];
}

export function createTierDashboard(
  scope: Construct,
  { deployment, parts, alarms }: TierDashboardProps,
): aws_cloudwatch.Dashboard {
  const dashboard = new cloudwatch.Dashboard(scope, 'Dashboard', { defaultInterval: Duration.hours(6) });
  const rows: Widgets[] = [
    [
      words(
        `# Daybook ${deployment.name}, ${deployment.environment}\n${parts.front.url} · the way of an entry, from top to bottom: the first row that is not well is the bottleneck`,
      ),
    ],
    ...(alarms.length === 0
      ? []
      : [[new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: WIDTH })]]),
    ...cdnRows(parts),
    ...frontRows(parts),
    ...tierRows(scope, parts),
    ...queueRows(scope, parts),
    ...databaseRows(parts),
    ...(parts.probe === undefined ? [] : probeRows(scope)),
  ];
  for (const row of rows) dashboard.addWidgets(...row);
  return dashboard;
}

/** A graph may show metrics of another region; the alarms on these are in a stack there. */
function cdnRows({ front: { distribution } }: ServiceParts): Widgets[] {
  const of = (name: string, statistic: string, label: string) =>
    cdnMetric(distribution, name, { statistic, label, region: CDN_REGION });
  return [
    [
      words(
        '## 1 · CloudFront\nWell: requests as ever, few 4XX, no 5XX. What is refused or failed here and not below never reached the balancer.',
      ),
    ],
    graphs([
      ['Requests a minute', [of('Requests', 'Sum', 'Requests')]],
      ['Refused and failed, %', [of('4xxErrorRate', 'Average', '4XX'), of('5xxErrorRate', 'Average', '5XX')]],
      [
        'Until the first byte of the balancer, ms',
        [of('OriginLatency', 'p99', 'p99'), of('OriginLatency', 'p50', 'p50')],
      ],
    ]),
  ];
}

function frontRows({ front }: ServiceParts): Widgets[] {
  const times = (['api', 'web'] as const).flatMap((tier) =>
    ['p99', 'p50'].map((statistic) =>
      targetMetric(front, front.targetOf[tier], 'TargetResponseTime', {
        statistic,
        label: `${tier} ${statistic}`,
      }),
    ),
  );
  return [
    [words('## 2 · The balancer\nWell: few 4XX, no 5XX, and a p50 as ever. Long polls are slow on purpose.')],
    graphs([
      ['Requests a minute', [requestsMetric(front, Duration.minutes(1))]],
      [
        'Refused and failed a minute',
        [
          balancerMetric(front, 'HTTPCode_Target_4XX_Count', { statistic: 'Sum', label: '4XX' }),
          balancerMetric(front, 'HTTPCode_Target_5XX_Count', { statistic: 'Sum', label: '5XX' }),
          balancerMetric(front, 'HTTPCode_ELB_5XX_Count', { statistic: 'Sum', label: '5XX of its own' }),
        ],
      ],
      ['Until the answer, s', times],
    ]),
  ];
}

function tierRows(scope: Construct, { cluster, tiers }: ServiceParts): Widgets[] {
  const each = (name: string, statistic: string) =>
    TIERS.map((tier) => tierMetric(cluster, tiers[tier], name, { statistic, label: tier }));
  return [
    [
      words(
        '## 3 · The tiers\nWell: processors around what tasks are added at, memory level, as many tasks as the load needs.',
      ),
    ],
    graphs([
      ['Processor, %', each('CPUUtilization', 'Average')],
      ['Memory, %', each('MemoryUtilization', 'Maximum')],
      [
        'Tasks that run',
        TIERS.map((tier) =>
          insightsMetric(cluster, tiers[tier], 'RunningTaskCount', { statistic: 'Average', label: tier }),
        ),
      ],
      [
        'Errors in the logs',
        [countedMetric(scope, 'LoggedErrors', { statistic: 'Sum', label: 'all tiers' })],
      ],
    ]),
  ];
}

function queueRows(scope: Construct, { queues: { main, crashed } }: ServiceParts): Widgets[] {
  const of = (name: string, label: string, statistic = 'Sum') =>
    queueMetric(main, name, { statistic, label });
  return [
    [
      words(
        '## 4 · Queue and persister\nWell: sent and done go together, the oldest is seconds old. The age leaves out what was received three times: look at the backlog too.',
      ),
    ],
    graphs([
      [
        'Batches sent and done a minute',
        [of('NumberOfMessagesSent', 'sent'), of('NumberOfMessagesDeleted', 'done')],
      ],
      [
        'Batches that wait',
        [
          of('ApproximateNumberOfMessagesVisible', 'waiting', 'Maximum'),
          of('ApproximateNumberOfMessagesNotVisible', 'taken or put back', 'Maximum'),
        ],
      ],
      ['Age of the oldest, s', [of('ApproximateAgeOfOldestMessage', 'oldest', 'Maximum')]],
      [
        'Dead, halts',
        [
          countedMetric(scope, 'DeadEntries', { statistic: 'Sum', label: 'entries dead' }),
          countedMetric(scope, 'SystemicHalts', { statistic: 'Sum', label: 'halts' }),
          queueMetric(crashed, 'ApproximateNumberOfMessagesVisible', {
            statistic: 'Maximum',
            label: 'crashed the persister',
          }),
        ],
      ],
    ]),
  ];
}

function databaseRows({ database }: ServiceParts): Widgets[] {
  const each = (name: string, statistic = 'Average') =>
    database.instances.map((instance) => instanceMetric(instance, name, { statistic, label: instance }));
  return [
    [
      words(
        '## 5 · The database\nWell: processors below 80 %, latencies of a few milliseconds. What its statements wait for is in Performance Insights.',
      ),
    ],
    graphs([
      ['Processor, %', each('CPUUtilization')],
      ['Connections', each('DatabaseConnections', 'Maximum')],
      ['Written and read at once, s', [...each('WriteLatency'), ...each('ReadLatency')]],
      database.kind === 'rds'
        ? ['Storage left, bytes', each('FreeStorageSpace', 'Minimum')]
        : ['Behind the writer, ms', each('AuroraReplicaLag', 'Maximum')],
    ]),
  ];
}
