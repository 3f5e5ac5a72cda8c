/**
 * Calls the probe every minute, which also keeps the functions on an entry's way warm. A call that failed is not made
 * again: the next minute is, and a late probe would be counted in a minute that is not its own.
 */
import type { aws_lambda as lambda } from 'aws-cdk-lib';
import { aws_events as events, aws_events_targets as targets, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

export function scheduleProbe(scope: Construct, probe: lambda.IFunction): events.Rule {
  return new events.Rule(scope, 'ProbeSchedule', {
    description: 'Daybook: the probe, every minute',
    schedule: events.Schedule.rate(Duration.minutes(1)),
    targets: [
      new targets.LambdaFunction(probe, {
        retryAttempts: 0,
        // The least that EventBridge takes ("RetryPolicy", Amazon EventBridge API Reference).
        maxEventAge: Duration.minutes(1),
      }),
    ],
  });
}
