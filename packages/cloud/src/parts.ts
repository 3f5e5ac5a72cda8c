/**
 * What the stacks are made of, for the constructs that look at all of it: fronts, alarms, dashboards, permissions. The
 * application stack puts it together in the order of an entry's way.
 */
import type {
  aws_apigateway,
  aws_dynamodb,
  aws_ec2,
  aws_elasticloadbalancingv2,
  aws_kms,
  aws_lambda,
  aws_s3,
  aws_sns,
  aws_sqs,
} from 'aws-cdk-lib';

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
