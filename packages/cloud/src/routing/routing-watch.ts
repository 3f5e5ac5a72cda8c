/**
 * Watches over all regions from the one place where Route 53 tells of them: alarms with topics of their own, because an
 * alarm and whom it tells are of one region, and a picture of all regions beside one another.
 */
import type { aws_cloudwatch } from 'aws-cdk-lib';
import { aws_cloudwatch as cloudwatch, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { sharedTableName } from '../config/places.ts';
import type { Deployment } from '../config/schema.ts';
import { healthCheckMetric } from '../observe/metrics.ts';
import { createToldAlarms } from '../observe/told-alarms.ts';
import { routingWatches } from './routing-alarms.ts';
import type { Route } from './routes.ts';

export interface RoutingWatchProps {
  readonly deployment: Deployment;
  readonly routes: readonly Route[];
}

const WIDTH = 24;
const HEIGHT = 6;

export class RoutingWatch extends Construct {
  constructor(scope: Construct, id: string, { deployment, routes }: RoutingWatchProps) {
    super(scope, id);
    const { observe } = deployment;
    const alarms = createToldAlarms(this, observe, routingWatches(routes));
    if (observe.dashboard) this.#dashboard(deployment, routes, alarms);
  }

  #dashboard(
    deployment: Deployment,
    routes: readonly Route[],
    alarms: readonly aws_cloudwatch.Alarm[],
  ): cloudwatch.Dashboard {
    const dashboard = new cloudwatch.Dashboard(this, 'Dashboard', { defaultInterval: Duration.hours(6) });
    const graph = (title: string, left: aws_cloudwatch.IMetric[]) =>
      new cloudwatch.GraphWidget({
        title,
        left,
        width: WIDTH / 3,
        height: HEIGHT,
        leftYAxis: { min: 0, showUnits: false },
      });
    const checks = (name: string, statistic: string) =>
      routes.map(({ region, check }) => healthCheckMetric(check, name, { statistic, label: region }));
    dashboard.addWidgets(
      new cloudwatch.TextWidget({
        markdown: `# Daybook ${deployment.name}, ${deployment.environment}: all regions\nWell: every check is 1, nearly all checkers pass, and what is stored in one region is in the others a second or two later.`,
        width: WIDTH,
        height: 2,
      }),
    );
    if (alarms.length > 0)
      dashboard.addWidgets(
        new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: WIDTH }),
      );
    dashboard.addWidgets(
      graph('Ready, as Route 53 sees it', checks('HealthCheckStatus', 'Minimum')),
      graph('Checkers that pass, %', checks('HealthCheckPercentageHealthy', 'Average')),
      ...(routes.length > 1 ? [graph('Until the other region has it, ms', directionsOf(deployment))] : []),
    );
    return dashboard;
  }
}

/** Each in the region that it begins in; a graph may show metrics of several. */
function directionsOf(deployment: Deployment): aws_cloudwatch.IMetric[] {
  const { regions, store } = deployment;
  const TableName = store.table ?? sharedTableName(deployment);
  return regions.flatMap((from) =>
    regions
      .filter((to) => to !== from)
      .map(
        (to) =>
          new cloudwatch.Metric({
            namespace: 'AWS/DynamoDB',
            metricName: 'ReplicationLatency',
            dimensionsMap: { TableName, ReceivingRegion: to },
            statistic: 'Average',
            period: Duration.minutes(1),
            region: from,
            label: `${from} to ${to}`,
          }),
      ),
  );
}
