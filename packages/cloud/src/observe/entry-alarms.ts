/**
 * What Daybook counts itself and AWS cannot know: entries that were given up on, faults that concern all of them, tokens
 * that nobody could judge, and whether an entry that was posted from outside could be read again.
 */
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Functions } from '../parts.ts';
import type { Watch } from './alarm.ts';
import { SILENT_WHEN_FINE } from './alarm.ts';
import { expression, functionMetric, ownMetric } from './metrics.ts';

const FIVE_MINUTES = Duration.minutes(5);

export function entryWatches(scope: Construct, functions: Functions): Watch[] {
  const { persister, authorizer, probe } = functions;
  return [
    ...(persister === undefined ? [] : persisterWatches(scope)),
    ...(authorizer === undefined ? [] : [unverifiable(scope)]),
    ...(probe === undefined ? [] : probeWatches(scope, probe)),
  ];
}

function persisterWatches(scope: Construct): Watch[] {
  /** Of the persister, and of the function that unpacks what crashed it. */
  const dead = expression(
    'SUM(METRICS())',
    {
      persister: ownMetric(scope, 'DeadEntries', 'persister', { statistic: 'Sum', period: FIVE_MINUTES }),
      unpacked: ownMetric(scope, 'DeadEntries', 'dead-letters', { statistic: 'Sum', period: FIVE_MINUTES }),
    },
    { period: FIVE_MINUTES },
  );
  const replay =
    'list them with their reasons (cloud dead-letters list), mend the cause, then replay or discard. Nothing expires: they are objects in the bucket.';
  return [
    {
      id: 'SystemicFault',
      priority: 'high',
      metric: ownMetric(scope, 'SystemicHalts', 'persister', { statistic: 'Sum' }),
      when: 'at-least',
      threshold: 1,
      datapoints: [3, 5],
      silence: SILENT_WHEN_FINE,
      what: 'The persister puts messages back, because the table, the queue or the bucket fails and not the entries.',
      how: 'read its log for the reason: throttling, a right that was taken away, a key that is disabled. Nothing is lost and no entry is held to blame; it goes on by itself.',
    },
    {
      id: 'EntryDied',
      priority: 'low',
      metric: dead,
      when: 'at-least',
      threshold: 1,
      datapoints: [1, 1],
      silence: SILENT_WHEN_FINE,
      what: 'An acknowledged entry could not be stored and is a dead letter.',
      how: replay,
    },
    {
      id: 'ManyEntriesDied',
      priority: 'high',
      metric: dead,
      when: 'at-least',
      threshold: 100,
      datapoints: [1, 1],
      silence: SILENT_WHEN_FINE,
      what: 'A hundred acknowledged entries within five minutes could not be stored and are dead letters.',
      how: replay,
    },
  ];
}

function unverifiable(scope: Construct): Watch {
  return {
    id: 'TokensUnverifiable',
    priority: 'high',
    metric: ownMetric(scope, 'UnverifiableCredentials', 'authorizer', { statistic: 'Sum' }),
    when: 'at-least',
    threshold: 1,
    datapoints: [3, 5],
    silence: SILENT_WHEN_FINE,
    what: "Callers' tokens cannot be judged, because the keys of an issuer are not to be had.",
    how: "fetch the issuer's jwks address by hand; correct access.issuers if it moved. Callers are told to come again.",
  };
}

export function probeWatches(scope: Construct, probe: NonNullable<Functions['probe']>): Watch[] {
  return [
    {
      id: 'ProbeFails',
      priority: 'high',
      metric: ownMetric(scope, 'ProbeFailures', 'probe', { statistic: 'Sum' }),
      when: 'at-least',
      threshold: 1,
      datapoints: [3, 5],
      silence: {
        means: 'fine',
        because: 'that the probe does not run at all is another alarm (ProbeSilent)',
      },
      what: 'An entry that was posted through the front could not be read back, or was not what was posted.',
      how: 'read the log of the probe (cloud logs probe): it says what it expected. Then do the same by hand with curl.',
    },
    {
      id: 'ProbeSlow',
      priority: 'low',
      metric: ownMetric(scope, 'ProbeLatency', 'probe', { statistic: 'Maximum', period: FIVE_MINUTES }),
      when: 'above',
      threshold: 3_000,
      datapoints: [3, 3],
      silence: {
        means: 'fine',
        because: 'a probe that fails has no latency, and is another alarm (ProbeFails)',
      },
      what: 'The probe waits for more than three seconds until its entry is acknowledged.',
      how: 'look at cold starts (functions.provisionedConcurrency), at the latency of the table, and at throttles.',
    },
    {
      id: 'ProbeSilent',
      priority: 'low',
      metric: functionMetric(probe, 'Invocations', { statistic: 'Sum' }),
      when: 'below',
      threshold: 1,
      datapoints: [10, 10],
      silence: { means: 'wrong', because: 'a probe that runs every minute is counted every minute' },
      what: 'The probe has not run for ten minutes: nobody watches from outside.',
      how: 'look whether the rule of its schedule is enabled, and whether it may call the function.',
    },
  ];
}
