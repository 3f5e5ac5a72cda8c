/**
 * The table of several regions, as a stack of its own in the first of them: it is there before any application, and none of
 * them can take it away.
 */
import type { StackProps } from 'aws-cdk-lib';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { GlobalTable } from '../store/global-table.ts';
import type { KeyStack } from './key-stack.ts';
import { removalPolicyOf } from './removal-policy.ts';

export interface TableStackProps extends StackProps {
  readonly deployment: Deployment;
  /** Of this stack's region. */
  readonly keyStack?: KeyStack | undefined;
}

export class TableStack extends Stack {
  readonly store: GlobalTable;

  constructor(scope: Construct, id: string, { deployment, keyStack, ...props }: TableStackProps) {
    super(scope, id, props);
    this.store = new GlobalTable(this, 'Store', {
      deployment,
      key: keyStack?.key,
      removalPolicy: removalPolicyOf(deployment),
    });
  }
}
