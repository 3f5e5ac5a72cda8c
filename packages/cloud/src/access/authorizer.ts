/**
 * API Gateway's side of verifying tokens: which function is asked, and for how long its word holds.
 *
 * The word is remembered by the value of `Authorization` for the whole stage, so the function must answer for every
 * path at once. It is not asked without a value, and it is not asked again before the time is over: what the word says
 * of `exp` is looked at by the application for every request.
 */
import type { aws_lambda as lambda } from 'aws-cdk-lib';
import { aws_apigateway as apigateway, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

export interface AuthorizerOptions {
  /** At most 300; 0: asked for every request. */
  readonly cacheSeconds: number;
}

/** `REQUEST`, so that the function sees which API and stage it answers for. */
export function createAuthorizer(
  scope: Construct,
  id: string,
  handler: lambda.IFunction,
  { cacheSeconds }: AuthorizerOptions,
): apigateway.RequestAuthorizer {
  return new apigateway.RequestAuthorizer(scope, id, {
    handler,
    identitySources: [apigateway.IdentitySource.header('Authorization')],
    resultsCacheTtl: Duration.seconds(cacheSeconds),
  });
}
