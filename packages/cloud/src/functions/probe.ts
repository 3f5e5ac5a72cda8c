/**
 * The probe: asks the front as any caller does, from outside of every network of ours.
 */
import type { aws_kms as kms, aws_lambda as lambda } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { URL_VARIABLE } from 'daybook/deployment';

import { daybookConfigOf } from '../config/daybook-config.ts';
import type { Deployment } from '../config/schema.ts';
import { removalPolicyOf } from '../stacks/removal-policy.ts';
import type { Bundles } from './bundles.ts';
import { functionCode } from './code.ts';
import { DaybookFunction } from './daybook-function.ts';
import { commonVariables } from './environment.ts';

export interface ProbeProps {
  readonly deployment: Deployment;
  readonly bundles: Bundles;
  readonly key?: kms.IKey | undefined;
  /** Of the front. */
  readonly url: string;
}

/** It posts, reads back and gives up before its next turn. */
const TIMEOUT_SECONDS = 30;

export function createProbe(
  scope: Construct,
  { deployment, bundles, key, url }: ProbeProps,
): lambda.Function {
  const probe = new DaybookFunction(scope, 'Probe', {
    handler: 'probe',
    code: functionCode(bundles.probe, daybookConfigOf(deployment)),
    environment: { ...commonVariables(scope), [URL_VARIABLE]: url },
    memoryMb: deployment.functions.memoryMb,
    timeoutSeconds: TIMEOUT_SECONDS,
    logDays: deployment.logs.retentionDays,
    tracing: deployment.observe.tracing,
    key,
    removalPolicy: removalPolicyOf(deployment),
  });
  return probe.function;
}
