/**
 * Everything that watches a deployment: alarms with whom they tell, the dashboard, the probe's schedule, the budget and
 * the group of all resources. It reads the parts and changes none of them.
 */
import type { aws_cloudwatch, aws_sns as sns } from 'aws-cdk-lib';
import { aws_cloudwatch_actions as actions, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import type { Parts } from '../parts.ts';
import type { Priority, Watch } from './alarm.ts';
import { createAlarm } from './alarm.ts';
import { createAnomalyAlarms } from './anomaly-alarms.ts';
import { createBudget } from './budget.ts';
import { createDashboard } from './dashboard.ts';
import { entryWatches } from './entry-alarms.ts';
import { frontWatches } from './front-alarms.ts';
import { functionWatches } from './function-alarms.ts';
import { Notifications } from './notifications.ts';
import { scheduleProbe } from './probe-schedule.ts';
import { queueWatches } from './queue-alarms.ts';
import { replicationWatches } from './replication-alarms.ts';
import { createResourceGroup } from './resource-group.ts';
import { tableWatches } from './table-alarms.ts';
import { muteOutside } from './working-hours.ts';

export interface ObserveProps {
  readonly deployment: Deployment;
  readonly parts: Parts;
}

export class Observe extends Construct {
  /** Whom something of high priority is told; undefined without alarms and without a budget. */
  readonly high: sns.ITopic | undefined;
  /** Empty without alarms. */
  readonly alarms: readonly aws_cloudwatch.Alarm[];
  readonly #low: aws_cloudwatch.Alarm[] = [];

  constructor(scope: Construct, id: string, { deployment, parts }: ObserveProps) {
    super(scope, id);
    const { observe, budget } = deployment;
    const topics =
      observe.alarms || budget !== undefined
        ? new Notifications(this, 'Notifications', { alerts: observe.alerts, key: parts.key })
        : undefined;
    this.high = topics?.high;
    this.alarms = observe.alarms && topics !== undefined ? this.#alarms(deployment, parts, topics) : [];
    if (this.#low.length > 0) muteOutside(this, observe.alerts.workingHours, this.#low);
    if (observe.dashboard) createDashboard(this, { deployment, parts, alarms: this.alarms });
    if (parts.functions.probe !== undefined) scheduleProbe(this, parts.functions.probe);
    if (budget !== undefined && topics !== undefined)
      createBudget(this, deployment, budget.monthlyUsd, topics);
    createResourceGroup(this, deployment);
  }

  #alarms(deployment: Deployment, parts: Parts, topics: Notifications): aws_cloudwatch.Alarm[] {
    const alarms: aws_cloudwatch.Alarm[] = [];
    const add = (priority: Priority, alarm: aws_cloudwatch.Alarm): void => {
      const told = new actions.SnsAction(topics.topicOf(priority));
      alarm.addAlarmAction(told);
      alarm.addOkAction(told);
      alarms.push(alarm);
      if (priority === 'low') this.#low.push(alarm);
    };
    for (const watch of watchesOf(this, deployment, parts)) add(watch.priority, createAlarm(this, watch));
    if (deployment.observe.anomalies) {
      const probed = parts.functions.probe !== undefined;
      for (const alarm of createAnomalyAlarms(this, parts.front, { probed })) add('low', alarm);
    }
    return alarms;
  }
}

/** In the order of an entry's way. */
function watchesOf(scope: Construct, deployment: Deployment, parts: Parts): Watch[] {
  const { front, functions, queues, table } = parts;
  const others = deployment.regions.filter((region) => region !== Stack.of(scope).region);
  return [
    ...frontWatches(front, deployment),
    ...functionWatches(scope, functions, deployment),
    ...(queues === undefined ? [] : queueWatches(scope, queues, parts)),
    ...tableWatches(table, deployment),
    ...replicationWatches(table, others),
    ...entryWatches(scope, functions),
  ];
}
