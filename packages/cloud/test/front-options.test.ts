/**
 * Every option of fronts, access and console at once, in whole applications: nothing is looked up, and neither cdk-nag nor
 * CloudFormation's own checks find anything.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { synthesize } from './support/topologies.ts';

const waf = { perAddressPer5Minutes: 500 };
const common = {
  domain: { name: 'daybook.example.com', zoneName: 'example.com', hostedZoneId: 'Z0123456789ABC' },
  console: true,
};
const EVERYTHING = {
  'alb-lambda': { ...common, front: { waf, accessLogs: 'json' }, access: { people: ['111122223333'] } },
  'jwt-gateway': {
    ...common,
    front: { waf, accessLogs: 'clf', manageApiGatewayAccount: true },
    access: {
      cognito: true,
      people: ['111122223333'],
      issuers: { example: { subjectPrefix: 'example:' } },
    },
  },
} as const;

/** "AWS CloudFormation quotas": resources in a template. */
const MAX_RESOURCES = 500;

for (const topology of ['alb-lambda', 'jwt-gateway'] as const) {
  test(`${topology} with every option of its front`, async () => {
    for (const environment of ['poc', 'prd'] as const) {
      const { templates, findings, missing } = await synthesize(topology, environment, EVERYTHING[topology]);
      assert.deepEqual(missing, []);
      assert.deepEqual(
        (findings as readonly { readonly pluginName: string }[]).filter(
          ({ pluginName }) => pluginName !== 'Construct Annotations',
        ),
        [],
      );
      const application = [...templates].find(([name]) => name.endsWith('-app'))?.[1];
      const types = Object.values(application?.Resources ?? {}).map(({ Type }) => Type);
      assert.ok(types.length < MAX_RESOURCES, `${types.length} resources`);
      for (const type of ['AWS::WAFv2::WebACL', 'AWS::CloudFront::Distribution', 'AWS::Route53::RecordSet'])
        assert.ok(types.includes(type), type);
      assert.ok(application?.Outputs?.['ConsoleUrl'] !== undefined);
    }
  });
}
