/**
 * One alarm as data: what is watched, from where on it is too much, and what whoever is told does about it. All alarms of
 * a deployment are such values, so what holds for every one of them is written once: it tells when it is over as well,
 * it says what no data means, and it has a text for the person whom it wakes.
 */
import { aws_cloudwatch as cloudwatch } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** `high`: somebody is woken. `low`: told in working hours. */
export type Priority = 'high' | 'low';

/** What no data means, and why; an alarm whose data ends must not stay red for ever. */
export interface Silence {
  readonly means: 'fine' | 'wrong';
  readonly because: string;
}

export interface Watch {
  /** Of the construct: unique among all alarms. */
  readonly id: string;
  readonly priority: Priority;
  /** With its statistic and period. */
  readonly metric: cloudwatch.IMetric;
  readonly when: 'above' | 'at-least' | 'below';
  readonly threshold: number;
  /** So many of so many periods. */
  readonly datapoints: readonly [breaching: number, of: number];
  readonly silence: Silence;
  /** One sentence for whom it wakes: what is wrong. */
  readonly what: string;
  /** And what to do. */
  readonly how: string;
}

export const SILENT_WHEN_FINE: Silence = {
  means: 'fine',
  because: 'it is only sent when there is something to count',
};
export const SILENT_WHEN_IDLE: Silence = {
  means: 'fine',
  because: 'nothing is sent while nobody calls; the probe and the anomaly bands watch for that',
};

const OPERATORS = {
  above: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
  'at-least': cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  below: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
} as const;

export function createAlarm(scope: Construct, watch: Watch): cloudwatch.Alarm {
  const [breaching, of] = watch.datapoints;
  return new cloudwatch.Alarm(scope, watch.id, {
    metric: watch.metric,
    comparisonOperator: OPERATORS[watch.when],
    threshold: watch.threshold,
    datapointsToAlarm: breaching,
    evaluationPeriods: of,
    treatMissingData: toTreatment(watch.silence),
    alarmDescription: describe(watch),
  });
}

export function toTreatment({ means }: Silence): cloudwatch.TreatMissingData {
  return means === 'fine' ? cloudwatch.TreatMissingData.NOT_BREACHING : cloudwatch.TreatMissingData.BREACHING;
}

/** "AlarmDescription", Amazon CloudWatch API Reference: at most 1024 characters. */
export function describe({
  priority,
  what,
  how,
  silence,
}: Pick<Watch, 'priority' | 'what' | 'how' | 'silence'>): string {
  return `[${priority}] ${what} What to do: ${how} No data means ${silence.means}: ${silence.because}.`;
}
