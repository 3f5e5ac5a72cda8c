/**
 * Everything that watches a deployment: alarms with whom they tell, the dashboard, the probe's schedule, the budget and
 * the group of all resources. It reads the parts and changes none of them.
 */
import type { aws_cloudwatch, aws_lambda, aws_sns as sns } from 'aws-cdk-lib';
import { aws_cloudwatch_actions as actions, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import type { Parts, ServiceParts } from '../parts.ts';
import { hasTiers } from '../parts.ts';
import type { Priority, Watch } from './alarm.ts';
import { createAlarm } from './alarm.ts';
import { createAnomalyAlarms } from './anomaly-alarms.ts';
import { archiveWatches } from './archive-alarms.ts';
import { createBudget } from './budget.ts';
import { createDashboard } from './dashboard.ts';
import { databaseWatches } from './database-alarms.ts';
import { takeBackWhile, TAKES_BACK } from './deployment-alarm.ts';
import { entryWatches, probeWatches } from './entry-alarms.ts';
import { frontWatches } from './front-alarms.ts';
import { functionWatches } from './function-alarms.ts';
import { Notifications } from './notifications.ts';
import { scheduleProbe } from './probe-schedule.ts';
import { depthWatches, queueWatches } from './queue-alarms.ts';
import { replicationWatches } from './replication-alarms.ts';
import { createResourceGroup } from './resource-group.ts';
import { tableWatches } from './table-alarms.ts';
import { tierWatches } from './tier-alarms.ts';
import { createTierDashboard } from './tier-dashboard.ts';
import { tierFrontWatches } from './tier-front-alarms.ts';
import { muteOutside } from './working-hours.ts';

export interface ObserveProps {
  readonly deployment: Deployment;
  readonly parts: Parts | ServiceParts;
}

export class Observe extends Construct {
  /** Whom something of high priority is told; undefined without alarms, backups and a budget. */
  readonly high: sns.ITopic | undefined;
  /** Empty without alarms. */
  readonly alarms: readonly aws_cloudwatch.Alarm[];
  readonly #low: aws_cloudwatch.Alarm[] = [];

  constructor(scope: Construct, id: string, { deployment, parts }: ObserveProps) {
    super(scope, id);
    const { observe, budget, store } = deployment;
    const topics =
      observe.alarms || store.backups || budget !== undefined
        ? new Notifications(this, 'Notifications', { alerts: observe.alerts, key: parts.key })
        : undefined;
    this.high = topics?.high;
    this.alarms = observe.alarms && topics !== undefined ? this.#alarms(deployment, parts, topics) : [];
    if (this.#low.length > 0) muteOutside(this, observe.alerts.workingHours, this.#low);
    if (observe.dashboard) {
      if (hasTiers(parts)) createTierDashboard(this, { deployment, parts, alarms: this.alarms });
      else createDashboard(this, { deployment, parts, alarms: this.alarms });
    }
    const probe = probeOf(parts);
    if (probe !== undefined) scheduleProbe(this, probe);
    if (budget !== undefined && topics !== undefined)
      createBudget(this, deployment, budget.monthlyUsd, topics);
    createResourceGroup(this, deployment);
  }

  #alarms(
    deployment: Deployment,
    parts: ObserveProps['parts'],
    topics: Notifications,
  ): aws_cloudwatch.Alarm[] {
    const alarms: aws_cloudwatch.Alarm[] = [];
    const add = (priority: Priority, alarm: aws_cloudwatch.Alarm): void => {
      const told = new actions.SnsAction(topics.topicOf(priority));
      alarm.addAlarmAction(told);
      alarm.addOkAction(told);
      alarms.push(alarm);
      if (priority === 'low') this.#low.push(alarm);
    };
    for (const watch of watchesOf(this, deployment, parts)) {
      const alarm = createAlarm(this, watch);
      add(watch.priority, alarm);
      if (watch.id === TAKES_BACK && hasTiers(parts)) takeBackWhile(alarm, parts.tiers);
    }
    if (deployment.observe.anomalies) {
      const probed = probeOf(parts) !== undefined;
      for (const alarm of createAnomalyAlarms(this, parts.front, { probed })) add('low', alarm);
    }
    return alarms;
  }
}

/** In the order of an entry's way. */
function watchesOf(scope: Construct, deployment: Deployment, parts: ObserveProps['parts']): Watch[] {
  if (hasTiers(parts)) return tierWatchesOf(scope, deployment, parts);
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

function tierWatchesOf(scope: Construct, deployment: Deployment, parts: ServiceParts): Watch[] {
  const { front, queues, database, probe } = parts;
  const { services } = deployment;
  return [
    ...tierFrontWatches(front),
    ...(services === undefined ? [] : tierWatches(scope, parts, services)),
    ...(parts.archive === undefined ? [] : archiveWatches(scope)),
    ...depthWatches(queues, {
      look: 'look at the tasks of the persister and at the database on the dashboard, and at SystemicFault.',
      more: 'raise services.persister.max.',
      crashed: 'and no task of the persister takes it.',
      crashedHow:
        'look for crashed-message-waits in the log of the persister: the database or the bucket is away, or a right is missing; the messages stay for 14 days.',
    }),
    ...databaseWatches(database, deployment),
    ...(probe === undefined ? [] : probeWatches(scope, probe)),
  ];
}

function probeOf(parts: ObserveProps['parts']): aws_lambda.IFunction | undefined {
  return hasTiers(parts) ? parts.probe : parts.functions.probe;
}
