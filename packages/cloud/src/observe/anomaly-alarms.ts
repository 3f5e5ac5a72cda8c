/**
 * Too many and too few requests, by what CloudWatch has learned of hours and weekdays: no threshold fits the night and the
 * noon. A model needs up to two weeks to be good, and tells nothing before it has one ("Using CloudWatch anomaly
 * detection", Amazon CloudWatch User Guide).
 */
import { aws_cloudwatch as cloudwatch, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Front } from '../parts.ts';
import type { Priority, Silence } from './alarm.ts';
import { describe, toTreatment } from './alarm.ts';
import { requestsMetric } from './metrics.ts';

const PERIOD = Duration.minutes(5);
/** Of the band: in one of some 16 000 periods a normal value is outside of four, one of 370 of three. */
const STANDARD_DEVIATIONS = 4;
const PRIORITY: Priority = 'low';

/** @param probed whether a probe calls every minute, so that no requests at all are never normal. */
export function createAnomalyAlarms(
  scope: Construct,
  front: Front,
  { probed }: { readonly probed: boolean },
): cloudwatch.Alarm[] {
  const tooMany: Silence = { means: 'fine', because: 'no requests are not too many' };
  const tooFew: Silence = probed
    ? { means: 'wrong', because: 'the probe alone calls every minute' }
    : { means: 'fine', because: 'without a probe there may be nobody who wants anything' };
  return [
    band(scope, 'RequestsTooMany', front, {
      operator: cloudwatch.ComparisonOperator.GREATER_THAN_UPPER_THRESHOLD,
      silence: tooMany,
      what: 'Far more requests come than at this time of the week.',
      how: 'look who sends them (access log, /stats of the registers): an import, a client that repeats without pause, or an attack; front.waf and front.throttle bound it.',
    }),
    band(scope, 'RequestsTooFew', front, {
      operator: cloudwatch.ComparisonOperator.LESS_THAN_LOWER_THRESHOLD,
      silence: tooFew,
      what: 'Far fewer requests come than at this time of the week.',
      how: 'call the service from outside (DNS, certificate, firewall, allow-list); then ask the senders. On holidays nothing is wrong.',
    }),
  ];
}

function band(
  scope: Construct,
  id: string,
  front: Front,
  {
    operator,
    silence,
    what,
    how,
  }: {
    readonly operator: cloudwatch.ComparisonOperator;
    readonly silence: Silence;
    readonly what: string;
    readonly how: string;
  },
): cloudwatch.Alarm {
  return new cloudwatch.AnomalyDetectionAlarm(scope, id, {
    metric: requestsMetric(front, PERIOD),
    stdDevs: STANDARD_DEVIATIONS,
    comparisonOperator: operator,
    datapointsToAlarm: 3,
    evaluationPeriods: 3,
    treatMissingData: toTreatment(silence),
    alarmDescription: describe({ priority: PRIORITY, what, how, silence }),
  });
}
