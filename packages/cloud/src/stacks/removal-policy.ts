/**
 * What becomes of data when the stacks are destroyed.
 */
import { RemovalPolicy } from 'aws-cdk-lib';

import type { Deployment } from '../config/schema.ts';

export function removalPolicyOf({ onDestroy }: Pick<Deployment, 'onDestroy'>): RemovalPolicy {
  return onDestroy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}
