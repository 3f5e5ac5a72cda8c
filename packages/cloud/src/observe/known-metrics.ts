/**
 * The metrics of AWS that alarms and dashboards here may name, with the sets of dimensions under which each is published
 * and the statistics that mean something. An alarm on any other name, or on dimensions that are not one of the sets,
 * would be silent for ever without a word from CloudWatch. All of them come every minute.
 */

export interface KnownMetric {
  readonly names: readonly string[];
  /** Each a complete set: a metric with one dimension more or less is another metric. */
  readonly dimensions: readonly (readonly string[])[];
  /** `p` stands for every percentile. */
  readonly statistics: readonly string[];
}

export interface KnownNamespace {
  /** The page of AWS's documentation, by its title. */
  readonly source: string;
  /** The one region that has them; default: each has those of its own resources. */
  readonly onlyIn?: string;
  readonly metrics: readonly KnownMetric[];
}

const COUNTED = ['Sum'];
const SAMPLED = ['Average', 'Maximum', 'Minimum', 'Sum'];
const TIMED = ['Average', 'Maximum', 'Minimum', 'p'];

export const KNOWN_METRICS: Readonly<Record<string, KnownNamespace>> = {
  'AWS/Lambda': {
    source: 'Types of metrics for Lambda functions, AWS Lambda Developer Guide',
    metrics: [
      { names: ['Invocations', 'Errors', 'Throttles'], dimensions: [['FunctionName']], statistics: COUNTED },
      { names: ['Duration'], dimensions: [['FunctionName']], statistics: TIMED },
      { names: ['ConcurrentExecutions'], dimensions: [['FunctionName']], statistics: ['Maximum'] },
    ],
  },
  'AWS/ApiGateway': {
    source: 'Amazon API Gateway dimensions and metrics, Amazon API Gateway Developer Guide',
    metrics: [
      {
        names: ['4XXError', '5XXError'],
        dimensions: [['ApiName'], ['ApiName', 'Stage']],
        statistics: ['Sum', 'Average'],
      },
      // The page calls for SampleCount; each request is one data point of the value 1, so that the sum is the same.
      {
        names: ['Count'],
        dimensions: [['ApiName'], ['ApiName', 'Stage']],
        statistics: ['SampleCount', 'Sum'],
      },
      {
        names: ['Latency', 'IntegrationLatency'],
        dimensions: [['ApiName'], ['ApiName', 'Stage']],
        statistics: TIMED,
      },
    ],
  },
  'AWS/ApplicationELB': {
    source:
      'CloudWatch metrics for your Application Load Balancer, User Guide for Application Load Balancers',
    metrics: [
      {
        names: ['HTTPCode_ELB_5XX_Count', 'RejectedConnectionCount'],
        dimensions: [['LoadBalancer']],
        statistics: COUNTED,
      },
      {
        names: ['RequestCount', 'HTTPCode_Target_4XX_Count', 'HTTPCode_Target_5XX_Count'],
        dimensions: [['LoadBalancer'], ['LoadBalancer', 'TargetGroup']],
        statistics: COUNTED,
      },
      {
        names: ['TargetResponseTime'],
        dimensions: [['LoadBalancer'], ['LoadBalancer', 'TargetGroup']],
        statistics: TIMED,
      },
      {
        names: ['LambdaInternalError', 'LambdaUserError'],
        dimensions: [['TargetGroup'], ['LoadBalancer', 'TargetGroup']],
        statistics: COUNTED,
      },
      {
        names: ['HealthyHostCount', 'UnHealthyHostCount'],
        dimensions: [['LoadBalancer', 'TargetGroup']],
        statistics: ['Average', 'Maximum', 'Minimum'],
      },
    ],
  },
  'AWS/SQS': {
    source: 'Available CloudWatch metrics for Amazon SQS, Amazon SQS Developer Guide',
    metrics: [
      {
        names: ['NumberOfMessagesSent', 'NumberOfMessagesReceived', 'NumberOfMessagesDeleted'],
        dimensions: [['QueueName']],
        statistics: COUNTED,
      },
      {
        names: [
          'ApproximateAgeOfOldestMessage',
          'ApproximateNumberOfMessagesNotVisible',
          'ApproximateNumberOfMessagesVisible',
        ],
        dimensions: [['QueueName']],
        statistics: SAMPLED,
      },
    ],
  },
  'AWS/ECS': {
    source: 'Amazon ECS CloudWatch metrics, Amazon ECS Developer Guide',
    metrics: [
      {
        names: ['CPUUtilization', 'MemoryUtilization'],
        dimensions: [['ClusterName', 'ServiceName']],
        statistics: ['Average', 'Maximum', 'Minimum'],
      },
    ],
  },
  'ECS/ContainerInsights': {
    source: 'Amazon ECS Container Insights metrics, Amazon CloudWatch User Guide',
    metrics: [
      {
        names: ['RunningTaskCount'],
        dimensions: [['ClusterName', 'ServiceName']],
        statistics: ['Average', 'Maximum', 'Minimum'],
      },
    ],
  },
  'AWS/RDS': {
    source: 'Amazon CloudWatch metrics for Amazon RDS, Amazon RDS User Guide',
    metrics: [
      {
        names: ['CPUUtilization'],
        dimensions: [['DBInstanceIdentifier']],
        statistics: ['Average', 'Maximum', 'SampleCount'],
      },
      {
        names: ['DatabaseConnections', 'FreeStorageSpace', 'FreeableMemory', 'ReadLatency', 'WriteLatency'],
        dimensions: [['DBInstanceIdentifier']],
        statistics: ['Average', 'Maximum', 'Minimum'],
      },
      // "Amazon CloudWatch metrics for Amazon Aurora": of a reader.
      {
        names: ['AuroraReplicaLag'],
        dimensions: [['DBInstanceIdentifier']],
        statistics: ['Average', 'Maximum', 'Minimum'],
      },
    ],
  },
  'AWS/DynamoDB': {
    source: 'DynamoDB metrics and dimensions, Amazon DynamoDB Developer Guide',
    metrics: [
      {
        names: ['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits'],
        dimensions: [['TableName']],
        statistics: SAMPLED,
      },
      {
        names: ['ReadThrottleEvents', 'WriteThrottleEvents'],
        dimensions: [['TableName']],
        statistics: COUNTED,
      },
      // Neither is published for the table as a whole: there is one for each operation.
      {
        names: ['SystemErrors', 'ThrottledRequests'],
        dimensions: [['Operation', 'TableName']],
        statistics: COUNTED,
      },
      {
        names: ['SuccessfulRequestLatency'],
        dimensions: [['Operation', 'TableName']],
        statistics: ['Average', 'Maximum', 'Minimum'],
      },
      // "The aggregate of HTTP 400 errors … for the current Region and the current account."
      { names: ['UserErrors'], dimensions: [[]], statistics: COUNTED },
      {
        names: ['ReplicationLatency'],
        dimensions: [['ReceivingRegion', 'TableName']],
        statistics: ['Average', 'Maximum', 'Minimum'],
      },
    ],
  },
  'AWS/CloudFront': {
    source: 'Types of metrics for CloudFront, Amazon CloudFront Developer Guide',
    onlyIn: 'us-east-1',
    metrics: [
      {
        names: ['4xxErrorRate', '5xxErrorRate'],
        dimensions: [['DistributionId', 'Region']],
        statistics: ['Average'],
      },
      { names: ['Requests'], dimensions: [['DistributionId', 'Region']], statistics: COUNTED },
      // With the additional metrics of the distribution.
      { names: ['OriginLatency'], dimensions: [['DistributionId', 'Region']], statistics: ['p'] },
    ],
  },
  'AWS/Route53': {
    source: 'Monitoring health checks using CloudWatch, Amazon Route 53 Developer Guide',
    onlyIn: 'us-east-1',
    metrics: [
      {
        names: ['HealthCheckStatus'],
        dimensions: [['HealthCheckId']],
        statistics: ['Average', 'Maximum', 'Minimum'],
      },
      {
        names: ['HealthCheckPercentageHealthy'],
        dimensions: [['HealthCheckId']],
        statistics: ['Average', 'Maximum', 'Minimum'],
      },
    ],
  },
};

/** @returns what the statistic is called in {@link KnownMetric.statistics}. */
export function statisticKind(statistic: string): string {
  return /^p\d/.test(statistic) ? 'p' : statistic;
}
