/**
 * Lets go of what registers with a retention no longer keep. No process lives long enough here to do so by itself, so the
 * function that answers callers is told to every so often; with nothing to let go of that is one query a register.
 */
import type { aws_lambda as lambda } from 'aws-cdk-lib';
import { aws_events as events, aws_events_targets as targets, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Entries stay at most so much longer than they have to. */
const EVERY = Duration.minutes(15);

export function scheduleRetention(scope: Construct, api: lambda.IFunction): events.Rule {
  return new events.Rule(scope, 'Retention', {
    description: 'Daybook: entries that are older than their register keeps them',
    schedule: events.Schedule.rate(EVERY),
    // A round that failed is taken up by the next one.
    targets: [new targets.LambdaFunction(api, { retryAttempts: 0, maxEventAge: EVERY })],
  });
}
