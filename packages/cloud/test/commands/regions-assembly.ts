/**
 * A cloud assembly of two regions with what the commands look for in them: an application each, and the records that share
 * out the callers.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Template } from '../../src/aws/assembly.ts';
import { ACCOUNT } from './small-assembly.ts';

export const REGIONS = ['eu-west-1', 'us-west-2'] as const;
export const TABLE = 'daybook-dev';
export const COMMON_URL = 'https://daybook.example.com';

export const urlOf = (region: string): string => `https://${region}.daybook.example.com`;
export const appOf = (region: string): string => `daybook-dev-${region}-app`;
export const ROUTING = 'daybook-dev-us-east-1-routing';

/** What a configuration file says for it. */
export const configuration = {
  regions: REGIONS,
  domain: {
    name: 'daybook.example.com',
    zoneName: 'example.com',
    hostedZoneId: 'Z0123456789ABCDEFGHIJ',
  },
};

function application(region: string): Template {
  const Variables = { DAYBOOK_STORE: `dynamodb://${region}/${TABLE}` };
  const Properties = { Description: 'Daybook: api', Environment: { Variables } };
  return {
    Resources: { Api: { Type: 'AWS::Lambda::Function', Properties } },
    Outputs: { Url: { Value: urlOf(region) } },
  };
}

const routing: Template = {
  Resources: Object.fromEntries(
    REGIONS.map((region) => [
      `Record${region.replaceAll('-', '')}`,
      { Type: 'AWS::Route53::RecordSet', Properties: { SetIdentifier: region, Weight: 50 } },
    ]),
  ),
  Outputs: { CommonUrl: { Value: COMMON_URL } },
};

export function writeRegionsAssembly(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const stacks = [
    { id: ROUTING, region: 'us-east-1', template: routing, dependencies: REGIONS.map(appOf) },
    ...REGIONS.map((region) => ({
      id: appOf(region),
      region,
      template: application(region),
      dependencies: [],
    })),
  ];
  const artifacts = stacks.map(({ id, region, dependencies }) => [
    id,
    {
      type: 'aws:cloudformation:stack',
      environment: `aws://${ACCOUNT}/${region}`,
      properties: {
        templateFile: `${id}.template.json`,
        stackName: id,
        requiresBootstrapStackVersion: 6,
      },
      dependencies,
      displayName: id,
    },
  ]);
  const write = (name: string, content: unknown): void =>
    writeFileSync(join(directory, name), JSON.stringify(content));
  write('manifest.json', { version: '55.0.0', artifacts: Object.fromEntries(artifacts) });
  for (const { id, template } of stacks) write(`${id}.template.json`, template);
}
