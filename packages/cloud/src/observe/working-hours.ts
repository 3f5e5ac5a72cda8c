/**
 * Low priority in working hours only: outside of them CloudWatch mutes the alarms' actions, and when the hours begin it
 * makes up for those whose alarm is still in the state that was muted ("How alarm mute rules work", Amazon CloudWatch
 * User Guide). What has come and gone in the night is in the history and on the dashboard, and told nobody. Hours are
 * those of a time zone, so they move with its summer time.
 */
import { aws_cloudwatch as cloudwatch, Duration, TimeZone } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';

type WorkingHours = Deployment['observe']['alerts']['workingHours'];

/** "AlarmMuteRule": alarms that one rule can name. */
const MAX_ALARMS = 100;
const DAY_HOURS = 24;

/** From an hour of some weekdays on, for so many hours. */
interface Window {
  readonly id: string;
  readonly weekDay: string;
  readonly hour: number;
  readonly hours: number;
}

export function muteOutside(
  scope: Construct,
  workingHours: WorkingHours,
  alarms: readonly cloudwatch.Alarm[],
): cloudwatch.AlarmMuteRule[] {
  const { from, to, timeZone } = workingHours;
  const groups = Math.ceil(alarms.length / MAX_ALARMS);
  return Array.from({ length: groups }).flatMap((_, group) =>
    windowsOutside(workingHours).map(
      ({ id, weekDay, hour, hours }) =>
        new cloudwatch.AlarmMuteRule(scope, group === 0 ? id : `${id}${group + 1}`, {
          description: `Low priority is told Monday to Friday from ${from} to ${to}, ${timeZone}`,
          schedule: cloudwatch.ScheduleExpression.cron({
            minute: '0',
            hour: `${hour}`,
            weekDay,
            timeZone: TimeZone.of(timeZone),
          }),
          duration: Duration.hours(hours),
          alarms: alarms.slice(group * MAX_ALARMS, (group + 1) * MAX_ALARMS),
        }),
    ),
  );
}

/**
 * Nights and the weekend. Clocks are put forward and back in the early hours of a Sunday, and how long a window lasts
 * then is not said anywhere: so the weekend is two windows that overlap in daytime, and none that goes on to Monday
 * has the change in it.
 */
export function windowsOutside({ from, to }: Pick<WorkingHours, 'from' | 'to'>): Window[] {
  const nightHours = DAY_HOURS - to + from;
  const night: Window =
    to === DAY_HOURS
      ? { id: 'MuteNights', weekDay: 'TUE-FRI', hour: 0, hours: from }
      : { id: 'MuteNights', weekDay: 'MON-THU', hour: to, hours: nightHours };
  const friday =
    to === DAY_HOURS ? { weekDay: 'SAT', hour: 0, hours: 42 } : { weekDay: 'FRI', hour: to, hours: 66 - to };
  return [
    ...(night.hours === 0 ? [] : [night]),
    { id: 'MuteWeekend', ...friday },
    { id: 'MuteSunday', weekDay: 'SUN', hour: 12, hours: 12 + from },
  ];
}
