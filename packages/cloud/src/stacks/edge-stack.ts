/**
 * What CloudFront takes from us-east-1 and nowhere else, before the application is there: its certificate and its firewall.
 * The distribution names them by the outputs of this stack (decision 0025).
 */
import type { aws_certificatemanager as acm, StackProps } from 'aws-cdk-lib';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { CDN_REGION, primaryRegion } from '../config/places.ts';
import type { Deployment } from '../config/schema.ts';
import { cdnNames } from '../front/cdn-names.ts';
import { Domain } from '../front/domain.ts';
import { Firewall } from '../front/firewall.ts';

export interface EdgeStackProps extends StackProps {
  readonly deployment: Deployment;
}

/** Whether there is anything for it to hold: in us-east-1 itself the balancer's certificate serves CloudFront as well. */
export function hasEdge(deployment: Deployment): boolean {
  return deployment.front.waf !== 'off' || certified(deployment) !== undefined;
}

export class EdgeStack extends Stack {
  readonly firewall: Firewall | undefined;
  readonly certificate: acm.ICertificate | undefined;

  constructor(scope: Construct, id: string, { deployment, ...props }: EdgeStackProps) {
    super(scope, id, props);
    const { waf } = deployment.front;
    const domain = certified(deployment);
    this.firewall =
      waf === 'off' ? undefined : new Firewall(this, 'Firewall', { reach: 'CLOUDFRONT', ...waf });
    this.certificate =
      domain && new Domain(this, 'Domain', domain, cdnNames(domain.name).slice(1)).certificate;
  }
}

/** @returns the names that need a certificate there. */
function certified(deployment: Deployment): Deployment['domain'] {
  const { domain } = deployment;
  const isThere = domain?.cdnCertificateArn !== undefined || primaryRegion(deployment) === CDN_REGION;
  return isThere ? undefined : domain;
}
