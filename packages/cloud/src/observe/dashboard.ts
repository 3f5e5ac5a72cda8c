/**
 * One picture of an entry's way, from the front to the table: each row is a step, in the order in which an entry takes
 * them, and says in words what it shows and what is well.
 */
import type { aws_cloudwatch } from 'aws-cdk-lib';
import { aws_cloudwatch as cloudwatch, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import type { Front, Parts, Queues } from '../parts.ts';
import {
  apiMetric,
  balancerMetric,
  functionMetric,
  operationMetric,
  ownMetric,
  queueMetric,
  requestsMetric,
  tableMetric,
  watchedFunctions,
} from './metrics.ts';
import { OPERATIONS } from './table-alarms.ts';
import type { Widgets } from './widgets.ts';
import { graphs, WIDTH, words } from './widgets.ts';

export interface EntryDashboardProps {
  readonly deployment: Deployment;
  readonly parts: Parts;
  /** Shown together at the top; none without alarms. */
  readonly alarms: readonly aws_cloudwatch.Alarm[];
}

export function createDashboard(
  scope: Construct,
  { deployment, parts, alarms }: EntryDashboardProps,
): aws_cloudwatch.Dashboard {
  const { front, queues, functions } = parts;
  const dashboard = new cloudwatch.Dashboard(scope, 'Dashboard', { defaultInterval: Duration.hours(6) });
  const rows: Widgets[] = [
    [
      words(
        `# Daybook ${deployment.name}, ${deployment.environment}\n${front.url} · the way of an entry, from top to bottom`,
      ),
    ],
    ...(alarms.length === 0
      ? []
      : [[new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: WIDTH })]]),
    ...frontRows(front),
    ...functionRows(scope, parts),
    ...(queues === undefined ? [] : queueRows(scope, queues)),
    ...tableRows(parts),
    ...(functions.probe === undefined ? [] : probeRows(scope)),
  ];
  for (const row of rows) dashboard.addWidgets(...row);
  return dashboard;
}

function frontRows(front: Front): Widgets[] {
  const sum = { statistic: 'Sum' };
  const [refused, failed, slowest, typical] =
    front.kind === 'rest-api'
      ? [
          apiMetric(front, '4XXError', { ...sum, label: '4XX' }),
          apiMetric(front, '5XXError', { ...sum, label: '5XX' }),
          apiMetric(front, 'Latency', { statistic: 'p99', label: 'p99' }),
          apiMetric(front, 'Latency', { statistic: 'p50', label: 'p50' }),
        ]
      : [
          balancerMetric(front, 'HTTPCode_Target_4XX_Count', { ...sum, label: '4XX' }),
          balancerMetric(front, 'HTTPCode_Target_5XX_Count', { ...sum, label: '5XX' }),
          balancerMetric(front, 'TargetResponseTime', { statistic: 'p99', label: 'p99' }),
          balancerMetric(front, 'TargetResponseTime', { statistic: 'p50', label: 'p50' }),
        ];
  const unit = front.kind === 'rest-api' ? 'ms' : 's';
  return [
    [words('## 1 · The front\nWell: few 4XX, no 5XX, and a p50 as ever. Long polls are slow on purpose.')],
    graphs([
      ['Requests a minute', [requestsMetric(front, Duration.minutes(1))]],
      ['Refused and failed a minute', [refused, failed]],
      [`Until the answer, ${unit}`, [slowest, typical]],
    ]),
  ];
}

function functionRows(scope: Construct, { functions }: Parts): Widgets[] {
  const watched = watchedFunctions(functions);
  const each = (name: string, statistic: string) =>
    watched.map(({ handler, function: one }) => functionMetric(one, name, { statistic, label: handler }));
  return [
    [
      words(
        '## 2 · The functions\nWell: no errors, no throttles. The api answers callers, the persister fills the table.',
      ),
    ],
    graphs([
      ['Entries accepted a minute', [ownMetric(scope, 'AcceptedEntries', 'api', { statistic: 'Sum' })]],
      ['Errors and throttles a minute', [...each('Errors', 'Sum'), ...each('Throttles', 'Sum')]],
      ['Duration p99, ms', each('Duration', 'p99')],
      ['At the same time', each('ConcurrentExecutions', 'Maximum')],
    ]),
  ];
}

function queueRows(scope: Construct, { main, crashed }: Queues): Widgets[] {
  const of = (name: string, label: string, statistic = 'Sum') =>
    queueMetric(main, name, { statistic, label });
  return [
    [
      words(
        '## 3 · Queue and persister\nWell: sent and deleted go together, the oldest is seconds old. The age leaves out what was received three times: look at the backlog too.',
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
        'Stored, dead, halts',
        [
          ownMetric(scope, 'StoredEntries', 'persister', { statistic: 'Sum', label: 'entries stored' }),
          ownMetric(scope, 'DeadEntries', 'persister', { statistic: 'Sum', label: 'entries dead' }),
          ownMetric(scope, 'SystemicHalts', 'persister', { statistic: 'Sum', label: 'halts' }),
          queueMetric(crashed, 'ApproximateNumberOfMessagesVisible', {
            statistic: 'Maximum',
            label: 'crashed the persister',
          }),
        ],
      ],
    ]),
  ];
}

function tableRows({ table, queues }: Parts): Widgets[] {
  const over = (name: string, statistic: string) =>
    OPERATIONS.map((operation) => operationMetric(table, name, operation, { statistic, label: operation }));
  return [
    [
      words(
        `## ${queues === undefined ? 3 : 4} · The table\nWell: no throttles, transactions in some ten milliseconds.`,
      ),
    ],
    graphs([
      [
        'Units a minute',
        [
          tableMetric(table, 'ConsumedWriteCapacityUnits', { statistic: 'Sum', label: 'written' }),
          tableMetric(table, 'ConsumedReadCapacityUnits', { statistic: 'Sum', label: 'read' }),
        ],
      ],
      ['Throttled a minute', over('ThrottledRequests', 'Sum')],
      ['Latency, ms', over('SuccessfulRequestLatency', 'Average')],
    ]),
  ];
}

export function probeRows(scope: Construct): Widgets[] {
  return [
    [words('## The probe\nOnce a minute from outside: posts, reads back, compares. Well: no failures.')],
    graphs([
      ['Failures', [ownMetric(scope, 'ProbeFailures', 'probe', { statistic: 'Sum' })]],
      [
        'Until acknowledged, until readable, ms',
        [
          ownMetric(scope, 'ProbeLatency', 'probe', { statistic: 'Maximum', label: 'acknowledged' }),
          ownMetric(scope, 'ProbeReadableLatency', 'probe', { statistic: 'Maximum', label: 'readable' }),
        ],
      ],
    ]),
  ];
}
