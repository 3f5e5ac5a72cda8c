/**
 * While ECS replaces the tasks that callers reach, and for some minutes after, it watches an alarm, and goes back to the
 * tasks before when it rings: new ones may be well by their health checks and still fail callers. "How CloudWatch alarms
 * detect Amazon ECS deployment failures", Amazon ECS Developer Guide.
 */
import type { aws_cloudwatch } from 'aws-cdk-lib';
import { aws_ecs as ecs } from 'aws-cdk-lib';

import type { Tiers } from '../parts.ts';

/** Of the watches of a balancer: what callers are answered. */
export const TAKES_BACK = 'FrontErrorsGoOn';

/** Beside the circuit breaker, which looks at whether tasks become well. */
export function takeBackWhile({ alarmName }: aws_cloudwatch.IAlarm, { web, api }: Tiers): void {
  for (const { service } of [web, api])
    service.enableDeploymentAlarms([alarmName], { behavior: ecs.AlarmBehavior.ROLLBACK_ON_ALARM });
}
