/**
 * Every topology in every environment becomes templates without a network and without anything of AWS's in the
 * environment, and they are what they were: `DAYBOOK_UPDATE_SNAPSHOTS=1 npm run test:file -- packages/cloud/test/synth.test.ts`
 * writes those in `snapshots/` anew.
 */
import assert from 'node:assert/strict';
import dns from 'node:dns';
import { readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { before, describe, mock, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { CDN_REGION } from '../src/config/places.ts';
import type { EnvironmentName } from '../src/config/schema.ts';
import { ENVIRONMENTS } from '../src/config/schema.ts';
import { toSnapshot } from './support/snapshot.ts';
import type { Synthesis } from './support/topologies.ts';
import { synthesize, TIERS_TOPOLOGY, TOPOLOGIES } from './support/topologies.ts';

const SNAPSHOTS = fileURLToPath(new URL('snapshots/', import.meta.url));
const isUpdate = process.env['DAYBOOK_UPDATE_SNAPSHOTS'] === '1';

const connect = mock.method(Socket.prototype, 'connect', () => {
  throw new Error('a synthesis needs no network');
});
const lookup = mock.method(dns, 'lookup', () => {
  throw new Error('a synthesis needs no names');
});
for (const name of Object.keys(process.env).filter((name) => name.startsWith('AWS_')))
  delete process.env[name];

const EVERYTHING = {
  domain: { name: 'daybook.example.com', zoneName: 'example.com', hostedZoneId: 'Z0123456789ABCDEFGHIJ' },
  network: { zones: 3 },
  queue: { fanOut: true },
  functions: { provisionedConcurrency: 2 },
  access: {
    issuers: {
      example: {
        issuer: 'https://issuer.example.com/',
        audience: 'https://daybook.example.com',
        jwks: 'https://issuer.example.com/.well-known/jwks.json',
        subjectPrefix: 'example:',
      },
    },
    cognito: true,
    people: ['123456789012'],
  },
  registers: { orders: { access: ['key', 'jwt'], retentionDays: 30 } },
  customerManagedKey: true,
  archive: true,
  console: true,
  observe: {
    alerts: {
      high: [{ webhook: 'https://alerts.example.com/daybook' }],
      low: [{ slack: { workspaceId: 'T0123456789', channelId: 'C0123456789' } }],
      workingHours: { timeZone: 'Europe/Dublin' },
    },
  },
  budget: { monthlyUsd: 250 },
} as const;

for (const topology of [...TOPOLOGIES, TIERS_TOPOLOGY] as const) {
  describe(topology, () => {
    const syntheses = {} as Record<EnvironmentName, Synthesis>;
    before(async () => {
      for (const environment of ENVIRONMENTS)
        syntheses[environment] = await synthesize(topology, environment);
    });

    test('asks for nothing: no network, no look-ups', () => {
      for (const { missing } of Object.values(syntheses)) assert.deepEqual(missing, []);
      assert.equal(connect.mock.callCount() + lookup.mock.callCount(), 0);
    });

    test('is for one account and region, and says what it belongs to', () => {
      for (const { deployment, places } of Object.values(syntheses)) {
        const { name, environment, account, regions, front } = deployment;
        // What CloudFront takes from one region alone is there.
        const allowed = [regions[0], ...(front.kind === 'cdn' ? [CDN_REGION] : [])];
        for (const { tags, ...place } of places) {
          assert.equal(place.account, account);
          assert.ok(allowed.includes(place.region), place.region);
          // CloudFormation gives a stack's tags to everything in it that can have some.
          assert.equal(tags['project'], name);
          assert.equal(tags['environment'], environment);
        }
      }
    });

    test('has no fixed names of what AWS can name', () => {
      const names = ['TableName', 'QueueName', 'BucketName', 'FunctionName', 'RoleName', 'LogGroupName'];
      for (const { templates } of Object.values(syntheses)) {
        for (const { Resources = {} } of templates.values()) {
          for (const [id, { Type, Properties = {} }] of Object.entries(Resources)) {
            // RDS writes to log groups that are called after the database, whoever made them.
            const fixed = names.filter(
              (name) => typeof Properties[name] === 'string' && !Properties[name].startsWith('/aws/rds/'),
            );
            assert.deepEqual(fixed, [], `${id} ${Type}`);
          }
        }
      }
    });

    test('is what it was', () => {
      const file = `${SNAPSHOTS}${topology}.snapshot`;
      const text = toSnapshot(syntheses);
      if (isUpdate) writeFileSync(file, text);
      assert.deepEqual(text.split('\n'), readFileSync(file, 'utf8').split('\n'));
    });
  });
}

test('the same configuration gives the same templates, whatever AWS variables there are', async () => {
  const first = await synthesize('jwt-gateway', 'prd');
  Object.assign(process.env, { AWS_REGION: 'us-east-1', AWS_PROFILE: 'another', AWS_ACCESS_KEY_ID: 'AKIA' });
  try {
    const second = await synthesize('jwt-gateway', 'prd');
    assert.deepEqual([...second.templates], [...first.templates]);
  } finally {
    for (const name of ['AWS_REGION', 'AWS_PROFILE', 'AWS_ACCESS_KEY_ID']) delete process.env[name];
  }
});

for (const kind of ['alb', 'rest-api'] as const) {
  test(`everything that a ${kind} can have goes together`, async () => {
    const isBalancer = kind === 'alb';
    const { missing } = await synthesize(isBalancer ? 'alb-lambda' : 'jwt-gateway', 'prd', {
      ...EVERYTHING,
      front: { kind, waf: { perAddressPer5Minutes: 2_000 }, accessLogs: 'clf' },
      // A balancer has no authorizer: the function verifies tokens, and the keys of issuers are outside of its network.
      ...(isBalancer && {
        access: { ...EVERYTHING.access, authorizer: 'off' },
        network: { ...EVERYTHING.network, egress: 'nat' },
      }),
    });
    assert.deepEqual(missing, []);
  });
}

test('a new register needs no new resource', async () => {
  const registers = { orders: { access: 'key' }, clicks: { access: 'open' } };
  const without = await synthesize('gateway-queue', 'dev');
  const having = await synthesize('gateway-queue', 'dev', { registers });
  assert.deepEqual(idsOf(having), idsOf(without));
});

function idsOf({ templates }: Synthesis): string[] {
  return [...templates.values()]
    .flatMap(({ Resources = {} }) => Object.keys(Resources))
    .filter((id) => !/CurrentVersion|Deployment/.test(id));
}
