/**
 * The queue between intake and store: whether what was acknowledged gets there, how much of it waits, and for how long.
 *
 * Two things that SQS does not count, and what is read in their place:
 * - What its redrive policy moves is not counted as sent to the queue behind ("NumberOfMessagesSent", Available CloudWatch
 *   metrics for Amazon SQS: only what is sent by hand is). The message itself and the function that takes it are watched.
 * - The age of the oldest leaves out messages that were received three times and more. So an outage shows in the backlog
 *   and in the persister's own halts, and the age alone proves nothing.
 */
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Parts, Queues } from '../parts.ts';
import type { Silence, Watch } from './alarm.ts';
import { expression, functionMetric, MINUTE, ownMetric, queueMetric, tableMetric } from './metrics.ts';

/** "Amazon SQS message quotas": of a standard queue, messages that were received and not deleted yet. */
const IN_FLIGHT_LIMIT = 120_000;
const QUARTER = Duration.minutes(15);
/** Fewer in a quarter of an hour are no statistics. */
const ENOUGH = 20;

/** "All metrics emit non-negative values only when the queue is active": after six hours without a call it is not. */
const SILENT_QUEUE: Silence = {
  means: 'fine',
  because: 'a queue that nobody calls for six hours sends nothing',
};

/** Where functions move entries from queue to table. */
export function queueWatches(
  scope: Construct,
  queues: Queues,
  { functions, table }: Pick<Parts, 'functions' | 'table'>,
): Watch[] {
  const watches = depthWatches(queues, {
    look: 'look at errors and throttles of the persister and the table on the dashboard, and at SystemicHalts.',
    more: 'raise queue.maxConcurrency.',
    crashed: 'and the function dead-letters does not take it.',
    crashedHow: 'read the log of dead-letters (cloud logs dead-letters); the messages stay for 14 days.',
  });
  const at = watches.findIndex(({ id }) => id === 'QueueNotEmptied');
  return [
    ...watches.slice(0, at),
    {
      id: 'QueueNotSent',
      priority: 'high',
      metric: notSent(scope, queues.main, table),
      when: 'above',
      threshold: 0,
      datapoints: [2, 3],
      silence: SILENT_QUEUE,
      what: 'Entries are acknowledged, but nothing reaches the queue, and the store takes none directly either.',
      how: 'compare AcceptedEntries with the entries of the table (daybook proof, /api/ledger); stop the intake if they differ, since an answer was given for what is nowhere.',
    },
    ...watches.slice(at),
    ...(functions.deadLetters === undefined
      ? []
      : [
          {
            id: 'CrashedSeen',
            priority: 'high' as const,
            metric: functionMetric(functions.deadLetters, 'Invocations', { statistic: 'Sum' }),
            when: 'at-least' as const,
            threshold: 1,
            datapoints: [1, 1] as const,
            silence: {
              means: 'fine' as const,
              because: 'the function is only called when there is such a message',
            },
            what: 'A message crashed the persister so often that SQS moved it away, or the topic (queue.fanOut) could not deliver it; its entries are stored or dead letters now.',
            how: 'read the log of the persister at that time, mend it, then replay: cloud dead-letters replay. Without a crash it was the topic: see NumberOfNotificationsRedrivenToDlq, the policy of the queue and the state of its key.',
          },
        ]),
  ];
}

/** What differs in the words for whoever is woken. */
export interface QueueAdvice {
  /** Where to look, as a sentence. */
  readonly look: string;
  /** What makes more of the persister. */
  readonly more: string;
  /** The end of a sentence about what crashed the persister. */
  readonly crashed: string;
  readonly crashedHow: string;
}

/** Whoever moves the entries. */
export function depthWatches({ main, crashed }: Queues, advice: QueueAdvice): Watch[] {
  const common = { silence: SILENT_QUEUE, when: 'above' } as const;
  const waiting = expression(
    'visible + taken',
    {
      visible: queueMetric(main, 'ApproximateNumberOfMessagesVisible', { statistic: 'Maximum' }),
      taken: queueMetric(main, 'ApproximateNumberOfMessagesNotVisible', { statistic: 'Maximum' }),
    },
    { period: MINUTE },
  );
  const oldest = queueMetric(main, 'ApproximateAgeOfOldestMessage', { statistic: 'Maximum' });
  const persisterHow = `${advice.look} Entries are safe in the queue for 14 days.`;
  return [
    {
      ...common,
      id: 'QueueOld',
      priority: 'low',
      metric: oldest,
      threshold: 300,
      datapoints: [5, 5],
      what: 'An acknowledged entry has waited for more than five minutes to be stored.',
      how: persisterHow,
    },
    {
      ...common,
      id: 'QueueVeryOld',
      priority: 'high',
      metric: oldest,
      threshold: 3_600,
      datapoints: [5, 5],
      what: 'An acknowledged entry has waited for more than an hour to be stored.',
      how: persisterHow,
    },
    {
      ...common,
      id: 'QueueBacklog',
      priority: 'low',
      metric: waiting,
      threshold: 1_000,
      datapoints: [10, 10],
      what: 'More than 1 000 batches have waited in the queue for ten minutes.',
      how: `${persisterHow} If everything is well there is only much to do: ${advice.more}`,
    },
    {
      ...common,
      id: 'QueueInFlight',
      priority: 'high',
      metric: queueMetric(main, 'ApproximateNumberOfMessagesNotVisible', { statistic: 'Maximum' }),
      threshold: IN_FLIGHT_LIMIT * 0.8,
      datapoints: [5, 5],
      what: 'Nearly as many messages are put back as SQS holds in flight (120 000); beyond it the persister receives none.',
      how: `the store has been failing for long. ${persisterHow}`,
    },
    {
      ...common,
      id: 'QueueNotEmptied',
      priority: 'low',
      metric: expression(
        `IF(sent >= ${ENOUGH}, FILL(deleted, 0) / sent, 1)`,
        {
          sent: queueMetric(main, 'NumberOfMessagesSent', { statistic: 'Sum', period: QUARTER }),
          deleted: queueMetric(main, 'NumberOfMessagesDeleted', { statistic: 'Sum', period: QUARTER }),
        },
        { period: QUARTER },
      ),
      when: 'below',
      threshold: 0.5,
      datapoints: [2, 3],
      what: 'The persister finishes fewer than half as many messages as are sent.',
      how: persisterHow,
    },
    {
      ...common,
      id: 'CrashedWaits',
      priority: 'high',
      metric: queueMetric(crashed, 'ApproximateNumberOfMessagesVisible', { statistic: 'Maximum' }),
      when: 'at-least',
      threshold: 1,
      datapoints: [3, 5],
      what: `What crashed the persister waits, ${advice.crashed}`,
      how: advice.crashedHow,
    },
  ];
}

/**
 * 1 when entries were acknowledged by the dozen while neither the queue was sent anything nor the table was written to:
 * each answer of 202 stands for a message, each of 201 (a key is asked of the store first) for a transaction. A share of
 * the two would say nothing, since a message carries a batch.
 */
function notSent(scope: Construct, main: Queues['main'], table: Parts['table']) {
  return expression(
    `IF(accepted >= ${ENOUGH} AND FILL(sent, 0) < 1 AND FILL(written, 0) < 1, 1, 0)`,
    {
      accepted: ownMetric(scope, 'AcceptedEntries', 'api', { statistic: 'Sum', period: QUARTER }),
      sent: queueMetric(main, 'NumberOfMessagesSent', { statistic: 'Sum', period: QUARTER }),
      written: tableMetric(table, 'ConsumedWriteCapacityUnits', { statistic: 'Sum', period: QUARTER }),
    },
    { period: QUARTER },
  );
}
