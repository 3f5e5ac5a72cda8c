/**
 * Several regions with each of the fronts, for production, synthesised once for a test file.
 */
import { before } from 'node:test';

import { Stack } from 'aws-cdk-lib';

import type { Template } from '../local/template/resolve-template.ts';
import type { Resource, Values } from '../support/resources.ts';
import type { Synthesis } from '../support/topologies.ts';
import { REGIONS_TOPOLOGY, synthesize } from '../support/topologies.ts';

export const DOMAIN = {
  name: 'daybook.example.com',
  zoneName: 'example.com',
  hostedZoneId: 'Z0123456789ABCDEFGHIJ',
};

/** With us-east-1 among the regions and without; two and three of them. */
const CASES = [
  [REGIONS_TOPOLOGY, {}],
  ['alb-lambda', { regions: ['eu-west-1', 'us-west-2'], domain: DOMAIN, observe: { probe: true } }],
  ['gateway-queue', { regions: ['eu-west-1', 'us-east-1', 'ap-southeast-2'], domain: DOMAIN }],
  ['jwt-gateway', { regions: ['us-east-1', 'eu-central-1'], domain: DOMAIN }],
] as const;

export interface Spread extends Synthesis {
  readonly topology: string;
  readonly regions: readonly string[];
  /** Of the table, in every region. */
  readonly tableName: string;
  stack(region: string, what: string): Resource[];
}

/** Filled before the first test. @param topologies each takes some seconds. */
export function spreadDeployments(topologies: readonly (typeof CASES)[number][0][]): readonly Spread[] {
  const all: Spread[] = [];
  before(async () => {
    for (const [topology, change] of CASES.filter(([name]) => topologies.includes(name))) {
      const synthesis = await synthesize(topology, 'prd', change);
      const { name, environment, regions } = synthesis.deployment;
      all.push({
        ...synthesis,
        topology,
        regions,
        tableName: `${name}-${environment}`,
        stack: (region, what) =>
          resourcesIn(synthesis.templates.get(`${name}-${environment}-${region}-${what}`) ?? {}),
      });
    }
  });
  return all;
}

function resourcesIn({ Resources = {} }: Template): Resource[] {
  return Object.entries(Resources).map(([id, resource]) => ({
    ...resource,
    id,
    Properties: resource.Properties ?? {},
  }));
}

export function ofType(resources: readonly Resource[], type: string): Resource[] {
  return resources.filter(({ Type }) => Type === type);
}

/** Each stack with the region that it is for, and everything in it. */
export function stacksOf({
  app,
  templates,
}: Synthesis): { readonly stack: Stack; readonly all: Resource[] }[] {
  return app.node.children
    .filter((child) => Stack.isStack(child))
    .map((stack) => ({ stack, all: resourcesIn(templates.get(stack.stackName) ?? {}) }));
}

export function valuesOf(value: unknown): Values {
  return value as Values;
}
