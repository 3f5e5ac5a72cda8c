/**
 * List prices of AWS in us-east-1, in US dollars, without free tiers, discounts and taxes, as its price pages gave them in
 * 2025; eu-west-1 costs up to about 15 % more. They are what the estimate in `docs/aws-costs.md` is computed from, and
 * the first thing to look up again before it is believed.
 */

export interface Price {
  readonly usd: number;
  /** What so much is paid for. */
  readonly of: string;
  /** The price page of AWS. */
  readonly page: string;
}

export const PRICES = {
  apiRequest: { usd: 3.5e-6, of: 'a request of a REST API', page: 'API Gateway' },
  albHour: { usd: 0.0225, of: 'an Application Load Balancer, an hour', page: 'Elastic Load Balancing' },
  albUnitHour: { usd: 0.008, of: 'a capacity unit of it, an hour', page: 'Elastic Load Balancing' },
  lambdaRequest: { usd: 0.2e-6, of: 'a call of a function', page: 'Lambda' },
  lambdaGbSecond: { usd: 0.0000133334, of: 'a GB-second on Arm', page: 'Lambda' },
  sqsRequest: { usd: 0.4e-6, of: 'a request of a standard queue, up to 64 KB', page: 'SQS' },
  writeUnit: { usd: 0.625e-6, of: 'a write request unit on demand', page: 'DynamoDB' },
  readUnit: { usd: 0.125e-6, of: 'a read request unit on demand', page: 'DynamoDB' },
  writeUnitHour: { usd: 0.00065, of: 'a provisioned write unit, an hour', page: 'DynamoDB' },
  readUnitHour: { usd: 0.00013, of: 'a provisioned read unit, an hour', page: 'DynamoDB' },
  tableGbMonth: { usd: 0.25, of: 'a GB in a table, a month', page: 'DynamoDB' },
  recoveryGbMonth: { usd: 0.2, of: 'a GB under point-in-time recovery, a month', page: 'DynamoDB' },
  backupGbMonth: { usd: 0.1, of: 'a GB of a DynamoDB backup, a month', page: 'AWS Backup' },
  logGb: { usd: 0.5, of: 'a GB taken into CloudWatch Logs', page: 'CloudWatch' },
  alarmMetric: { usd: 0.1, of: 'a metric of an alarm, a month', page: 'CloudWatch' },
  anomalyAlarm: { usd: 0.3, of: 'an alarm on an anomaly band, a month', page: 'CloudWatch' },
  customMetric: { usd: 0.3, of: 'a metric of one’s own, a month', page: 'CloudWatch' },
  dashboard: { usd: 3, of: 'a dashboard, a month', page: 'CloudWatch' },
  trace: { usd: 5e-6, of: 'a trace recorded by X-Ray', page: 'AWS X-Ray' },
  key: { usd: 1, of: 'a customer-managed key, a month', page: 'AWS KMS' },
  endpointHour: { usd: 0.01, of: 'an interface endpoint in a zone, an hour', page: 'AWS PrivateLink' },
  endpointGb: { usd: 0.01, of: 'a GB through it', page: 'AWS PrivateLink' },
  cdnRequest: { usd: 1e-6, of: 'a request over HTTPS in the United States', page: 'CloudFront' },
  cdnOriginGb: { usd: 0.02, of: 'a GB from there to the origin', page: 'CloudFront' },
  taskVcpuHour: { usd: 0.03238, of: 'a processor of a task on Arm, an hour', page: 'AWS Fargate' },
  taskGbHour: { usd: 0.00356, of: 'a GB of memory of a task on Arm, an hour', page: 'AWS Fargate' },
  databaseHour: { usd: 0.065, of: 'a db.t4g.medium of PostgreSQL, an hour', page: 'RDS for PostgreSQL' },
  databaseGbMonth: { usd: 0.115, of: 'a GB of gp3 storage of it, a month', page: 'RDS for PostgreSQL' },
  databaseBackupGbMonth: { usd: 0.095, of: 'a GB of a backup of it, a month', page: 'AWS Backup' },
  secret: { usd: 0.4, of: 'a secret, a month', page: 'AWS Secrets Manager' },
  healthCheck: { usd: 0.5, of: 'a health check of an endpoint in AWS, a month', page: 'Route 53' },
  healthCheckOption: { usd: 1, of: 'HTTPS, or an interval of 10 s, for one, a month', page: 'Route 53' },
  natHour: { usd: 0.045, of: 'a NAT gateway, an hour', page: 'Amazon VPC' },
  addressHour: { usd: 0.005, of: 'a public IPv4 address, an hour', page: 'Amazon VPC' },
  regionGb: { usd: 0.02, of: 'a GB from one region to another', page: 'EC2 On-Demand' },
} as const satisfies Readonly<Record<string, Price>>;

export const HOURS = 730;

/** One line of an estimate: how much of what, and what that costs. */
export interface CostLine {
  readonly what: string;
  readonly amount: number;
  readonly price: keyof typeof PRICES;
}

export function usdOf({ amount, price }: CostLine): number {
  return amount * PRICES[price].usd;
}

export function totalOf(lines: readonly CostLine[]): number {
  return lines.reduce((sum, line) => sum + usdOf(line), 0);
}
