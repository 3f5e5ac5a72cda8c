/**
 * What watches over CloudFront, in us-east-1: its metrics are published there and nowhere else, and an alarm reads those of
 * its own region. After the application, whose distribution it names by the output of its stack (decision 0025).
 */
import type { StackProps } from 'aws-cdk-lib';
import { aws_cloudwatch, ReferenceStrength, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { cdnWatches } from '../observe/cdn-alarms.ts';
import { createToldAlarms } from '../observe/told-alarms.ts';
import type { CdnFront } from '../parts.ts';

export interface CdnWatchStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly front: Pick<CdnFront, 'distribution'>;
}

export class CdnWatchStack extends Stack {
  readonly alarms: readonly aws_cloudwatch.Alarm[];

  constructor(
    scope: Construct,
    id: string,
    { deployment, front: { distribution }, ...props }: CdnWatchStackProps,
  ) {
    super(scope, id, props);
    const distributionId = Stack.consumeReference(distribution.distributionId, ReferenceStrength.WEAK);
    this.alarms = createToldAlarms(this, deployment.observe, cdnWatches({ distributionId }));
  }
}
