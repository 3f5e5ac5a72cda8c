/**
 * Which alarms of a deployment are ringing.
 */
import type { AwsCalls } from './aws-calls.ts';
import type { DeployedResource } from './stacks.ts';

export interface RingingAlarm {
  readonly name: string;
  readonly region: string;
  readonly reason: string;
}

const TYPES = new Set(['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm']);
/** "DescribeAlarms", Amazon CloudWatch API Reference: names in one request. */
const MAX_NAMES = 100;

export async function ringingAlarms(
  calls: AwsCalls,
  resources: readonly { readonly region: string; readonly resource: DeployedResource }[],
): Promise<RingingAlarm[]> {
  const ringing: RingingAlarm[] = [];
  const alarms = resources.filter(({ resource }) => TYPES.has(resource.type));
  for (const [region, ofRegion] of Map.groupBy(alarms, (alarm) => alarm.region)) {
    const names = ofRegion.map(({ resource }) => resource.physicalId);
    for (let at = 0; at < names.length; at += MAX_NAMES) {
      const answer = await calls.send('cloudwatch:DescribeAlarms', region, {
        AlarmNames: names.slice(at, at + MAX_NAMES),
        AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
        StateValue: 'ALARM',
      });
      for (const { AlarmName = '', StateReason = '' } of [
        ...(answer.MetricAlarms ?? []),
        ...(answer.CompositeAlarms ?? []),
      ])
        ringing.push({ name: AlarmName, region, reason: StateReason });
    }
  }
  return ringing;
}
