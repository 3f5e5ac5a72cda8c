/**
 * PostgreSQL, as Amazon RDS sees it: whether it is there, and what it may run out of.
 */
import { Duration } from 'aws-cdk-lib';

import type { Deployment } from '../config/schema.ts';
import type { Database } from '../parts.ts';
import type { Silence, Watch } from './alarm.ts';
import { instanceMetric } from './tier-metrics.ts';

const FIVE_MINUTES = Duration.minutes(5);
const GIB = 1024 ** 3;
/** Enough for the hours until somebody has looked. */
const LEAST_STORAGE_BYTES = 4 * GIB;
const LEAST_MEMORY_BYTES = 128 * 1024 ** 2;
/** `store.maxConnections` of every task, and as many again during a deployment. */
const CONNECTIONS_OF_A_TASK = 10;

const AWAY: Silence = {
  means: 'fine',
  because: 'a database that says nothing is another alarm (DatabaseSilent)',
};

export function databaseWatches(database: Database, { services, database: settings }: Deployment): Watch[] {
  const most = ((services?.api.max ?? 0) + (services?.persister.max ?? 0)) * 2 * CONNECTIONS_OF_A_TASK;
  return [
    ...database.instances.flatMap((instance, at) => watchesOf(instance, at === 0 ? '' : `${at + 1}`, most)),
    ...(settings?.kind === 'rds' ? [storage(database.identifier, settings.maxStorageGb)] : []),
    ...(database.readerHost === undefined ? [] : database.instances.map(lag)),
  ];
}

function watchesOf(instance: string, which: string, mostConnections: number): Watch[] {
  const read = (name: string, statistic: string, period = FIVE_MINUTES) =>
    instanceMetric(instance, name, { statistic, period });
  return [
    {
      id: `DatabaseSilent${which}`,
      priority: 'high',
      metric: instanceMetric(instance, 'CPUUtilization', { statistic: 'SampleCount' }),
      when: 'below',
      threshold: 1,
      datapoints: [10, 10],
      silence: { means: 'wrong', because: 'RDS measures an instance that runs every minute' },
      what: `The database ${instance} has not been measured for ten minutes: it does not run.`,
      how: 'read its events in the console of RDS. The other zone takes over by itself within two minutes; entries wait in the queue meanwhile, and reads are answered 503.',
    },
    {
      id: `DatabaseBusy${which}`,
      priority: 'low',
      metric: read('CPUUtilization', 'Average'),
      when: 'above',
      threshold: 80,
      datapoints: [3, 3],
      silence: AWAY,
      what: `The database ${instance} has used more than 80 % of its processors for a quarter of an hour.`,
      how: 'look at the statements that wait (Performance Insights of the instance); raise database.instanceType, or with Aurora let the reader answer reads (database.replica).',
    },
    {
      id: `DatabaseMemory${which}`,
      priority: 'low',
      metric: read('FreeableMemory', 'Minimum'),
      when: 'below',
      threshold: LEAST_MEMORY_BYTES,
      datapoints: [3, 3],
      silence: AWAY,
      what: `The database ${instance} has less than 128 MiB of memory left.`,
      how: 'raise database.instanceType; look whether connections grew.',
    },
    {
      id: `DatabaseConnections${which}`,
      priority: 'low',
      metric: read('DatabaseConnections', 'Maximum'),
      when: 'above',
      threshold: mostConnections,
      datapoints: [3, 3],
      silence: AWAY,
      what: `The database ${instance} has more than ${mostConnections} connections, which is all that the tiers may open during a deployment.`,
      how: 'look in pg_stat_activity who else is there, or which tasks do not end.',
    },
  ];
}

function storage(instance: string, maxStorageGb: number): Watch {
  return {
    id: 'DatabaseStorage',
    priority: 'high',
    metric: instanceMetric(instance, 'FreeStorageSpace', { statistic: 'Minimum', period: FIVE_MINUTES }),
    when: 'below',
    threshold: LEAST_STORAGE_BYTES,
    datapoints: [3, 3],
    silence: AWAY,
    what: 'The database has less than 4 GiB left, although its storage grows by itself: it cannot keep pace, or is at its end.',
    how: `raise database.maxStorageGb above ${maxStorageGb}, or let registers keep less (retentionDays). When it is full the database stops; entries wait in the queue.`,
  };
}

/** Which instance reads go to changes with every takeover, so each is asked; the writer has none. */
function lag(instance: string, at: number): Watch {
  return {
    id: `DatabaseLag${at + 1}`,
    priority: 'low',
    metric: instanceMetric(instance, 'AuroraReplicaLag', { statistic: 'Maximum', period: FIVE_MINUTES }),
    when: 'above',
    // In milliseconds.
    threshold: 5_000,
    datapoints: [3, 3],
    silence: { means: 'fine', because: 'only a reader has a lag' },
    what: `The reader ${instance} is more than five seconds behind the writer, and so is what it answers.`,
    how: 'look at its processors and at long transactions there; database.replica: false sends reads to the writer meanwhile.',
  };
}
