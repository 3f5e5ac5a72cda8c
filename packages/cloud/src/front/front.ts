/**
 * What turns HTTP into requests, as the configuration names it, with its name and its firewall.
 */
import type { aws_kms as kms } from 'aws-cdk-lib';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Register } from 'daybook/deployment';

import { isSpread, regionalHost } from '../config/places.ts';
import type { Deployment } from '../config/schema.ts';
import type { Front, Functions, NetworkPlaces } from '../parts.ts';
import { Balancer } from './balancer.ts';
import type { ServedName } from './common-domain.ts';
import { createCommonDomain } from './common-domain.ts';
import { Domain } from './domain.ts';
import { Firewall } from './firewall.ts';
import { RestApi } from './rest-api.ts';

export interface FrontProps {
  readonly deployment: Deployment;
  readonly functions: Functions;
  /** As the application has them, defaults included. */
  readonly registers: readonly Register[];
  /** Required for a balancer. */
  readonly network?: Pick<NetworkPlaces, 'vpc'>;
  /** For the access log; its policy must let CloudWatch Logs use it. */
  readonly key?: kms.IKey;
}

export function createFront(scope: Construct, props: FrontProps): Front {
  const { deployment, network } = props;
  const inner = { ...props, ...domainsOf(scope, deployment) };
  if (deployment.front.kind === 'alb') {
    if (network === undefined)
      throw new Error('network: expected one for front.kind alb, because a balancer stands in a VPC');
    const { balancer, targets, url } = new Balancer(scope, 'Front', { ...inner, network });
    protect(scope, deployment, balancer.loadBalancerArn);
    return { kind: 'alb', url, balancer, targets };
  }
  const { api, stage, url } = new RestApi(scope, 'Front', inner);
  protect(scope, deployment, stage.stageArn);
  return { kind: 'rest-api', url, api, stage };
}

/** With several regions the name of this one's host, and beside it the one that they have in common. */
function domainsOf(
  scope: Construct,
  deployment: Deployment,
): { readonly domain?: Domain; readonly common?: ServedName } {
  const settings = deployment.domain;
  if (settings === undefined) return {};
  if (!isSpread(deployment)) return { domain: new Domain(scope, 'Domain', settings) };
  const name = regionalHost(settings, Stack.of(scope).region);
  return {
    domain: new Domain(scope, 'Domain', { ...settings, name }),
    common: createCommonDomain(scope, settings),
  };
}

function protect(scope: Construct, { front }: Deployment, resourceArn: string): void {
  if (front.waf === 'off') return;
  new Firewall(scope, 'Firewall', { reach: 'REGIONAL', ...front.waf }).standBefore(resourceArn);
}
