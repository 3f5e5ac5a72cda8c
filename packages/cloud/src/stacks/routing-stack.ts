/**
 * What is of all regions together: the common name, the checks that decide where it leads, and what watches over them. It
 * comes last, so that nobody is sent to a region that is not there yet, and goes first.
 *
 * In us-east-1, whatever the regions are: Route 53's metrics are there and nowhere else, and so are the calls that change
 * Route 53. Answering queries and the checks themselves depend on no region.
 */
import type { StackProps } from 'aws-cdk-lib';
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { RoutingWatch } from '../routing/routing-watch.ts';
import { Routes } from '../routing/routes.ts';

export interface RoutingStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly domain: NonNullable<Deployment['domain']>;
}

export class RoutingStack extends Stack {
  readonly watch: RoutingWatch;
  readonly commonUrl: CfnOutput;

  constructor(scope: Construct, id: string, { deployment, domain, ...props }: RoutingStackProps) {
    super(scope, id, props);
    const { routes } = new Routes(this, 'Routes', { regions: deployment.regions, domain });
    this.watch = new RoutingWatch(this, 'Watch', { deployment, routes });
    this.commonUrl = new CfnOutput(this, 'CommonUrl', {
      value: `https://${domain.name}`,
      description: 'Where Daybook answers, from whichever region is well',
    });
  }
}
