/**
 * The metrics that alarms and the dashboard read, each by the name and dimensions under which it is published. Those of
 * AWS are listed in `known-metrics.ts`; Daybook's own come from the package.
 */
import type {
  aws_cloudfront as cloudfront,
  aws_cloudwatch as cloudwatch,
  aws_dynamodb as dynamodb,
  aws_route53 as route53,
  aws_sqs as sqs,
} from 'aws-cdk-lib';
import { aws_cloudwatch, aws_lambda as lambda, Duration, Stack } from 'aws-cdk-lib';
import type { HandlerName, MetricName } from 'daybook/deployment';
import { FUNCTION_DIMENSION } from 'daybook/deployment';
import type { Construct } from 'constructs';

import type { Front, Functions } from '../parts.ts';

export const MINUTE = Duration.minutes(1);

/** Of one statistic over one period; default period a minute. */
export interface Reading {
  readonly statistic: string;
  readonly period?: Duration;
  readonly label?: string;
  /** For a graph: an alarm reads its own. Default that of the stack. */
  readonly region?: string;
}

export function metric(
  namespace: string,
  metricName: string,
  dimensionsMap: Record<string, string>,
  { statistic, period = MINUTE, label, region }: Reading,
): cloudwatch.Metric {
  return new aws_cloudwatch.Metric({
    namespace,
    metricName,
    dimensionsMap,
    statistic,
    period,
    ...(label !== undefined && { label }),
    ...(region !== undefined && { region }),
  });
}

export interface WatchedFunction {
  readonly handler: HandlerName;
  /** The function itself where an alias is called: its metrics hold for all of its versions. */
  readonly function: lambda.IFunction;
  readonly timeoutMs: number;
}

/** "Configure Lambda function timeout": what a function has that says nothing. */
const DEFAULT_TIMEOUT = Duration.seconds(3);

const HANDLER_OF: Readonly<Record<keyof Functions, HandlerName>> = {
  api: 'api',
  health: 'health',
  persister: 'persister',
  deadLetters: 'dead-letters',
  authorizer: 'authorizer',
  probe: 'probe',
  archive: 'archive',
};

/** All that there are, in the order of {@link Functions}. */
export function watchedFunctions(functions: Functions): WatchedFunction[] {
  return (Object.keys(HANDLER_OF) as (keyof Functions)[]).flatMap((part): WatchedFunction[] => {
    const called = functions[part];
    if (called === undefined) return [];
    const itself = called instanceof lambda.Alias ? called.lambda : called;
    const timeout = (itself instanceof lambda.Function ? itself.timeout : undefined) ?? DEFAULT_TIMEOUT;
    return [{ handler: HANDLER_OF[part], function: itself, timeoutMs: timeout.toMilliseconds() }];
  });
}

export function functionMetric(
  { functionName }: lambda.IFunction,
  name: string,
  reading: Reading,
): cloudwatch.Metric {
  return metric('AWS/Lambda', name, { FunctionName: functionName }, reading);
}

export function queueMetric({ queueName }: sqs.IQueue, name: string, reading: Reading): cloudwatch.Metric {
  return metric('AWS/SQS', name, { QueueName: queueName }, reading);
}

export function tableMetric(
  { tableName }: dynamodb.ITable,
  name: string,
  reading: Reading,
): cloudwatch.Metric {
  return metric('AWS/DynamoDB', name, { TableName: tableName }, reading);
}

/** Of one operation of the table. */
export function operationMetric(
  { tableName }: dynamodb.ITable,
  name: string,
  operation: string,
  reading: Reading,
): cloudwatch.Metric {
  return metric('AWS/DynamoDB', name, { TableName: tableName, Operation: operation }, reading);
}

/** Of all tables of the account in the region. */
export function accountTablesMetric(name: string, reading: Reading): cloudwatch.Metric {
  return metric('AWS/DynamoDB', name, {}, reading);
}

/** Of one direction: from the region of the metric to the one that is named. Milliseconds. */
export function replicationMetric(
  { tableName }: dynamodb.ITable,
  receivingRegion: string,
  reading: Reading,
): cloudwatch.Metric {
  const dimensions = { TableName: tableName, ReceivingRegion: receivingRegion };
  return metric('AWS/DynamoDB', 'ReplicationLatency', dimensions, reading);
}

/** In us-east-1 only. */
export function healthCheckMetric(
  { attrHealthCheckId }: route53.CfnHealthCheck,
  name: string,
  reading: Reading,
): cloudwatch.Metric {
  return metric('AWS/Route53', name, { HealthCheckId: attrHealthCheckId }, reading);
}

/** In us-east-1 only, for all edges together: a stack of another region can show it and cannot watch it. */
export function cdnMetric(
  { distributionId }: Pick<cloudfront.IDistribution, 'distributionId'>,
  name: string,
  reading: Reading,
): cloudwatch.Metric {
  const dimensions = { DistributionId: distributionId, Region: 'Global' };
  return metric('AWS/CloudFront', name, dimensions, reading);
}

type RestApi = Extract<Front, { kind: 'rest-api' }>;
type Balancer = Extract<Front, { kind: 'alb' }>;

export function apiMetric({ api, stage }: RestApi, name: string, reading: Reading): cloudwatch.Metric {
  return metric('AWS/ApiGateway', name, { ApiName: api.restApiName, Stage: stage.stageName }, reading);
}

export function balancerMetric({ balancer }: Balancer, name: string, reading: Reading): cloudwatch.Metric {
  return metric('AWS/ApplicationELB', name, { LoadBalancer: balancer.loadBalancerFullName }, reading);
}

export function targetMetric(
  { balancer }: Balancer,
  target: Balancer['targets'][number],
  name: string,
  reading: Reading,
): cloudwatch.Metric {
  const dimensions = {
    LoadBalancer: balancer.loadBalancerFullName,
    TargetGroup: target.targetGroupFullName,
  };
  return metric('AWS/ApplicationELB', name, dimensions, reading);
}

/** Of all requests, whichever front it is. */
export function requestsMetric(front: Front, period: Duration): cloudwatch.Metric {
  return front.kind === 'alb'
    ? balancerMetric(front, 'RequestCount', { statistic: 'Sum', period, label: 'Requests' })
    : apiMetric(front, 'Count', { statistic: 'Sum', period, label: 'Requests' });
}

/** Where the functions of a stack publish Daybook's own metrics: the variable `metricsNamespace` of each. */
export function metricsNamespace(scope: Construct): string {
  return `Daybook/${Stack.of(scope).stackName}`;
}

export function ownMetric(
  scope: Construct,
  name: MetricName,
  handler: HandlerName,
  reading: Reading,
): cloudwatch.Metric {
  return metric(metricsNamespace(scope), name, { [FUNCTION_DIMENSION]: handler }, reading);
}

/** Several metrics in one; the letters of the expression are their ids. */
export function expression(
  text: string,
  usingMetrics: Record<string, cloudwatch.IMetric>,
  { period = MINUTE, label }: Omit<Reading, 'statistic'> = {},
): cloudwatch.MathExpression {
  return new aws_cloudwatch.MathExpression({
    expression: text,
    usingMetrics,
    period,
    ...(label !== undefined && { label }),
  });
}

/**
 * A share that is 0 while there are fewer than `atLeast` of the whole: neither a division by zero nor one refusal of three
 * requests is a finding. Of a part that was not counted in a period there was none. The newest part may come later than
 * the newest whole and count as none until then, so an alarm on a share takes a period more than it needs
 * ("Using metric math", FILL in alarms, Amazon CloudWatch User Guide).
 */
export function share(
  part: cloudwatch.IMetric,
  whole: cloudwatch.IMetric,
  { atLeast, period = MINUTE, label }: Omit<Reading, 'statistic'> & { readonly atLeast: number },
): cloudwatch.MathExpression {
  return expression(
    `IF(whole >= ${atLeast}, FILL(part, 0) / whole, 0)`,
    { part, whole },
    { period, ...(label !== undefined && { label }) },
  );
}
