/**
 * The key of one of several regions, before everything else: the table in the first region names the keys of all of them,
 * by their alias.
 */
import type { aws_kms as kms, StackProps } from 'aws-cdk-lib';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { keyAlias } from '../config/places.ts';
import type { Deployment } from '../config/schema.ts';
import { createKey } from '../encryption/key.ts';
import { removalPolicyOf } from './removal-policy.ts';

export interface KeyStackProps extends StackProps {
  readonly deployment: Deployment;
}

export class KeyStack extends Stack {
  readonly key: kms.Key;

  constructor(scope: Construct, id: string, { deployment, ...props }: KeyStackProps) {
    super(scope, id, props);
    this.key = createKey(this, { removalPolicy: removalPolicyOf(deployment) });
    this.key.addAlias(keyAlias(deployment));
  }
}
