/**
 * The name that several regions have in common, as one of them serves it: a certificate of its own, and records that lead
 * there under another name. Those of the name itself are of all regions together, and say which of these to take.
 */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { commonTarget } from '../config/places.ts';
import type { Deployment } from '../config/schema.ts';
import { Domain } from './domain.ts';

/** A name that a front serves. */
export type ServedName = Pick<Domain, 'certificate' | 'leadTo' | 'name'>;

export function createCommonDomain(
  scope: Construct,
  settings: NonNullable<Deployment['domain']>,
): ServedName {
  const domain = new Domain(scope, 'CommonDomain', settings);
  const names = [commonTarget(settings, Stack.of(scope).region)];
  return {
    name: domain.name,
    certificate: domain.certificate,
    leadTo: (target, { ipv6 }) => domain.leadTo(target, { ipv6, names }),
  };
}
