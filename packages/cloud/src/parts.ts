/**
 * What the stacks are made of, for the constructs that look at all of it: fronts, alarms, dashboards, permissions. The
 * application stack puts it together in the order of an entry's way.
 */
import type {
  aws_apigateway,
  aws_cloudfront,
  aws_dynamodb,
  aws_ec2,
  aws_ecs,
  aws_elasticloadbalancingv2,
  aws_kms,
  aws_lambda,
  aws_logs,
  aws_s3,
  aws_sns,
  aws_sqs,
} from 'aws-cdk-lib';

import type { TierName } from './config/service-schema.ts';

/** By the handler of `daybook/src/lambda` that each runs. */
export interface Functions {
  /** Answers callers: the intake and the reader. */
  readonly api: aws_lambda.IFunction;
  /** Answers `/healthz` and `/readyz` only. */
  readonly health: aws_lambda.IFunction;
  readonly persister?: aws_lambda.IFunction;
  readonly deadLetters?: aws_lambda.IFunction;
  readonly authorizer?: aws_lambda.IFunction;
  readonly probe?: aws_lambda.IFunction;
  /** With an archive. */
  readonly archive?: aws_lambda.IFunction;
}

export interface Queues {
  readonly main: aws_sqs.IQueue;
  /** What crashed the persister so often that SQS moved it; read by `functions.deadLetters`. */
  readonly crashed: aws_sqs.IQueue;
  /** With `queue.fanOut`. */
  readonly topic?: aws_sns.ITopic;
}

export interface Buckets {
  /** Dead letters; access to nobody but the functions. */
  readonly objects: aws_s3.Bucket;
  readonly archive?: aws_s3.Bucket;
}

export type Front =
  | {
      readonly kind: 'alb';
      readonly url: string;
      readonly balancer: aws_elasticloadbalancingv2.ApplicationLoadBalancer;
      readonly targets: readonly aws_elasticloadbalancingv2.ApplicationTargetGroup[];
    }
  | {
      readonly kind: 'rest-api';
      readonly url: string;
      readonly api: aws_apigateway.RestApi;
      readonly stage: aws_apigateway.Stage;
    };

export interface NetworkPlaces {
  readonly vpc: aws_ec2.IVpc;
  /** Of the functions: out to the endpoints on 443 only. */
  readonly functions: aws_ec2.ISecurityGroup;
  /** Beside it, of who is let out to anywhere on 443, where there is a way. */
  readonly letOut?: aws_ec2.ISecurityGroup;
}

export interface Parts {
  /** With `customerManagedKey`. */
  readonly key?: aws_kms.Key | undefined;
  readonly network?: NetworkPlaces | undefined;
  readonly table: aws_dynamodb.ITable;
  readonly queues?: Queues | undefined;
  readonly buckets: Buckets;
  readonly functions: Functions;
  readonly front: Front;
}

/** PostgreSQL, by what its clients and whoever watches it must know. */
export interface Database {
  readonly kind: 'rds' | 'aurora';
  /** Of the instance, or of the cluster; what CloudWatch and AWS Backup call it. */
  readonly identifier: string;
  readonly arn: string;
  /** Every instance, the writer first as it was made; the roles change when one takes over. */
  readonly instances: readonly string[];
  readonly host: string;
  /** Where reads go, in place of the writer. */
  readonly readerHost?: string | undefined;
  /** Its value is the current password, whoever changed it last. */
  readonly secretArn: string;
  readonly group: aws_ec2.ISecurityGroup;
}

/** One service of Fargate: so many tasks of the same kind. */
export interface Tier {
  readonly name: TierName;
  readonly service: aws_ecs.FargateService;
  readonly logGroup: aws_logs.ILogGroup;
}

export type Tiers = Readonly<Record<TierName, Tier>>;

/** A balancer, for whoever watches it, that only CloudFront reaches. */
export interface CdnFront extends Extract<Front, { kind: 'alb' }> {
  readonly distribution: aws_cloudfront.IDistribution;
  /** The targets by the tier behind them. */
  readonly targetOf: Readonly<Record<'web' | 'api', aws_elasticloadbalancingv2.ApplicationTargetGroup>>;
}

/** What a deployment with servers is made of. */
export interface ServiceParts {
  readonly key?: aws_kms.Key | undefined;
  readonly database: Database;
  readonly queues: Queues;
  readonly buckets: Buckets;
  readonly cluster: aws_ecs.ICluster;
  readonly tiers: Tiers;
  readonly front: CdnFront;
  readonly probe?: aws_lambda.IFunction | undefined;
  /** With an archive: what the archiver tells. */
  readonly archive?: Pick<Tier, 'logGroup'> | undefined;
}

export function hasTiers(parts: object): parts is ServiceParts {
  return 'tiers' in parts;
}
