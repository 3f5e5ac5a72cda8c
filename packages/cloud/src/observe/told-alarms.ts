/**
 * Alarms with whom they tell, where a stack has nothing else to watch over: an alarm and its topics are of one region, so a
 * stack of another region has topics of its own, for the same people and the same hours.
 */
import { aws_cloudwatch_actions as actions } from 'aws-cdk-lib';
import type { aws_cloudwatch } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import type { Watch } from './alarm.ts';
import { createAlarm } from './alarm.ts';
import { Notifications } from './notifications.ts';
import { muteOutside } from './working-hours.ts';

/** @returns none where `observe.alarms` is off. */
export function createToldAlarms(
  scope: Construct,
  { alarms, alerts }: Deployment['observe'],
  watches: readonly Watch[],
): aws_cloudwatch.Alarm[] {
  if (!alarms) return [];
  const topics = new Notifications(scope, 'Notifications', { alerts });
  const made = watches.map((watch) => {
    const alarm = createAlarm(scope, watch);
    const told = new actions.SnsAction(topics.topicOf(watch.priority));
    alarm.addAlarmAction(told);
    alarm.addOkAction(told);
    return { alarm, priority: watch.priority };
  });
  const low = made.filter(({ priority }) => priority === 'low').map(({ alarm }) => alarm);
  muteOutside(scope, alerts.workingHours, low);
  return made.map(({ alarm }) => alarm);
}
