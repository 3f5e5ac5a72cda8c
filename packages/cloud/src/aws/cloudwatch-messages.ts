/**
 * The part of CloudWatch's messages that the commands use: "DescribeAlarms" and "GetMetricData", API reference.
 */

export interface DescribeAlarmsInput {
  readonly AlarmNames: string[];
  readonly AlarmTypes: ('MetricAlarm' | 'CompositeAlarm')[];
  readonly StateValue: 'ALARM';
}

interface Alarm {
  readonly AlarmName?: string | undefined;
  readonly AlarmDescription?: string | undefined;
  readonly StateReason?: string | undefined;
  readonly StateUpdatedTimestamp?: Date | undefined;
}

export interface DescribeAlarmsOutput {
  readonly MetricAlarms?: Alarm[] | undefined;
  readonly CompositeAlarms?: Alarm[] | undefined;
}

export interface GetMetricDataInput {
  readonly StartTime: Date;
  readonly EndTime: Date;
  readonly MetricDataQueries: {
    readonly Id: string;
    readonly MetricStat: {
      readonly Metric: {
        readonly Namespace: string;
        readonly MetricName: string;
        readonly Dimensions: { readonly Name: string; readonly Value: string }[];
      };
      readonly Period: number;
      readonly Stat: string;
    };
  }[];
}

export interface GetMetricDataOutput {
  readonly MetricDataResults?:
    | { readonly Id?: string | undefined; readonly Values?: number[] | undefined }[]
    | undefined;
}
