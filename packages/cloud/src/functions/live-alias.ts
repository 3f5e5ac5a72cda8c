/**
 * What callers reach is a version that does not change any more, by the name `live`: a deployment makes the next one,
 * warms it up and then moves the name, so no request meets half of it.
 */
import { aws_lambda as lambda } from 'aws-cdk-lib';

import type { DaybookFunction } from './daybook-function.ts';

/** @param provisionedConcurrency environments that are always warm; 0: none. */
export function createLiveAlias(of: DaybookFunction, provisionedConcurrency: number): lambda.IFunction {
  // CDK's classes declare as `| undefined` what its interfaces declare as optional, which `exactOptionalPropertyTypes` tells apart.
  const version = of.function.currentVersion as lambda.IVersion;
  const alias = new lambda.Alias(of, 'Live', {
    aliasName: 'live',
    version,
    ...(provisionedConcurrency > 0 && { provisionedConcurrentExecutions: provisionedConcurrency }),
  });
  return alias as lambda.IFunction;
}
