/**
 * The archive where there are servers: each run that got everything done says so in its log. That it is silent covers all
 * there is to fail: the schedule, the image, the start, the database, the bucket.
 */
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Watch } from './alarm.ts';
import { countedMetric } from './tier-metrics.ts';

export function archiveWatches(scope: Construct): Watch[] {
  return [
    {
      id: 'ArchiveSilent',
      priority: 'low',
      metric: countedMetric(scope, 'ArchiveRuns', { statistic: 'Sum', period: Duration.hours(1) }),
      when: 'below',
      threshold: 1,
      datapoints: [3, 3],
      silence: { means: 'wrong', because: 'a run that archived all registers says so every hour' },
      what: 'The archive falls behind: no run of the last three hours archived all registers. The database has everything.',
      how: 'read the log of the archiver (cloud logs --function archive) for archive-failed; without a line there the task did not start: look at its stopped tasks in the console of ECS.',
    },
  ];
}
