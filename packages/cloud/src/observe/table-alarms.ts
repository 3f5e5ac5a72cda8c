/**
 * The table: refusals of DynamoDB, and how near it is to what it may take.
 *
 * Three things about its metrics: SystemErrors and ThrottledRequests exist for each operation and not for the table;
 * UserErrors exists for the whole account and region only, whatever the table; and a transaction that is cancelled by a
 * condition is a way of asking here and no error.
 */
import { Duration } from 'aws-cdk-lib';

import type { Deployment } from '../config/schema.ts';
import type { Parts } from '../parts.ts';
import type { Watch } from './alarm.ts';
import { SILENT_WHEN_FINE } from './alarm.ts';
import { accountTablesMetric, expression, MINUTE, operationMetric, tableMetric } from './metrics.ts';

/** What the store calls; their names are values of the dimension `Operation`. An alarm may read ten metrics at most. */
export const OPERATIONS = [
  'BatchGetItem',
  'DeleteItem',
  'GetItem',
  'PutItem',
  'Query',
  'TransactWriteItems',
  'UpdateItem',
] as const;

/** "Quotas in Amazon DynamoDB": units a second of a table that is billed on demand, before an increase. */
const ON_DEMAND_UNITS = 40_000;
const NEAR = 0.8;
const SECONDS = 60;

export function tableWatches(table: Parts['table'], { store }: Pick<Deployment, 'store'>): Watch[] {
  const limit = store.capacity.mode === 'provisioned' ? store.capacity.max : ON_DEMAND_UNITS;
  return [
    {
      id: 'TableThrottled',
      priority: 'low',
      metric: overOperations(table, 'ThrottledRequests'),
      when: 'at-least',
      threshold: 1,
      datapoints: [3, 5],
      silence: SILENT_WHEN_FINE,
      what: 'DynamoDB refuses requests because there are too many; they are repeated.',
      how: 'provisioned: raise store.capacity.max, or choose on-demand. On demand: a lane takes some 6 000 to 9 000 entries a second (docs/decisions/0011), and a new table half an hour to grow to twice its load.',
    },
    {
      id: 'TableFails',
      priority: 'low',
      metric: overOperations(table, 'SystemErrors'),
      when: 'at-least',
      threshold: 1,
      datapoints: [3, 5],
      silence: SILENT_WHEN_FINE,
      what: 'DynamoDB answers with errors of its own, minute after minute; requests are repeated.',
      how: 'look at the AWS Health Dashboard; entries wait in the queue, or callers are told 503 and send again.',
    },
    {
      id: 'TableUserErrors',
      priority: 'low',
      metric: accountTablesMetric('UserErrors', { statistic: 'Sum', period: Duration.minutes(5) }),
      when: 'above',
      threshold: 100,
      datapoints: [3, 3],
      silence: SILENT_WHEN_FINE,
      what: "More than 100 requests in five minutes to tables of this account and region were wrong in themselves; by no means all of them are Daybook's.",
      how: 'look for AccessDenied, ValidationException and ResourceNotFoundException in the logs of the functions; a right may have been taken away.',
    },
    ...(['Write', 'Read'] as const).map((kind): Watch => ({
      id: `Table${kind}sNearLimit`,
      priority: 'low',
      metric: tableMetric(table, `Consumed${kind}CapacityUnits`, { statistic: 'Sum' }),
      when: 'above',
      threshold: limit * SECONDS * NEAR,
      datapoints: [3, 5],
      silence: SILENT_WHEN_FINE,
      what: `The table uses more than 80 % of the ${limit} ${kind.toLowerCase()} units a second that it may.`,
      how:
        store.capacity.mode === 'provisioned'
          ? 'raise store.capacity.max, or choose on-demand.'
          : 'ask for a higher quota of the table, and look who sends so much.',
    })),
  ];
}

function overOperations(table: Parts['table'], name: string) {
  const all = OPERATIONS.map((operation) => operationMetric(table, name, operation, { statistic: 'Sum' }));
  const ids = Object.fromEntries(all.map((metric, index) => [`m${index}`, metric]));
  return expression('SUM(METRICS())', ids, { period: MINUTE });
}
