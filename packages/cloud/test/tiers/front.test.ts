/**
 * CloudFront and the private balancer: who gets in, what goes where, what is kept at the edge.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createContext, runInContext } from 'node:vm';

import { allowListCode } from '../../src/front/allow-list.ts';
import type { Values } from '../support/resources.ts';
import { all } from '../support/resources.ts';
import type { Synthesis } from '../support/topologies.ts';
import { threeTier } from './synthesis.ts';

/** "Managed cache policies", Amazon CloudFront Developer Guide. */
const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';

interface Distribution extends Values {
  readonly DefaultCacheBehavior: Values;
  readonly CacheBehaviors: readonly Values[];
  readonly Origins: readonly Values[];
}

function distributionOf(synthesis: Synthesis): Distribution {
  const [found] = all(synthesis, 'AWS::CloudFront::Distribution');
  assert.ok(found);
  return found.Properties['DistributionConfig'] as Distribution;
}

/** How CloudFront reaches the balancer. */
function waysOf(synthesis: Synthesis): readonly { readonly id: string; readonly name: unknown }[] {
  return all(synthesis, 'AWS::CloudFront::VpcOrigin').map(({ id, Properties }) => ({
    id,
    name: (Properties['VpcOriginEndpointConfig'] as Values)['Name'],
  }));
}

/** Each weighs 55 of the 60 rules that a group may have ("AWS-managed prefix list weight"). */
function listRulesOf(synthesis: Synthesis): readonly Values[] {
  return all(synthesis, 'AWS::EC2::SecurityGroupIngress')
    .filter(({ Properties }) => Properties['SourcePrefixListId'] !== undefined)
    .map(({ id, Properties: { FromPort, ToPort } }) => ({ id, FromPort, ToPort }));
}

describe('the balancer', () => {
  test('has no address of the internet’s, and lets in CloudFront and the pages only', async () => {
    const synthesis = await threeTier('prd');
    const [balancer] = all(synthesis, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    assert.equal(balancer?.Properties['Scheme'], 'internal');
    const ingress = all(synthesis, 'AWS::EC2::SecurityGroupIngress').filter(({ id }) =>
      id.startsWith('BalancerCallers'),
    );
    const byPort = new Map(
      ingress.map(({ Properties }) => [
        Properties['FromPort'],
        Properties['SourcePrefixListId'] !== undefined,
      ]),
    );
    assert.deepEqual([ingress.length, byPort.get(80), byPort.get(8080)], [2, true, false]);
    for (const { Properties } of [...ingress, ...all(synthesis, 'AWS::EC2::SecurityGroup')])
      assert.doesNotMatch(JSON.stringify(Properties), /0\.0\.0\.0\/0|::\/0/);
  });

  test('is reached through interfaces in the network, encrypted where there is a name', async () => {
    const policies: unknown[] = [];
    for (const environment of ['prd', 'poc'] as const) {
      for (const { Properties } of all(await threeTier(environment), 'AWS::CloudFront::VpcOrigin'))
        policies.push((Properties['VpcOriginEndpointConfig'] as Values)['OriginProtocolPolicy']);
    }
    assert.deepEqual(policies, ['https-only', 'http-only']);
    for (const environment of ['prd', 'poc'] as const) {
      const { Origins } = distributionOf(await threeTier(environment));
      assert.equal(Origins.length, 1);
      assert.ok(Origins[0]?.['VpcOriginConfig']);
    }
  });

  test('leads pages to the web, all of api. and everything else to the API', async () => {
    const synthesis = await threeTier('prd');
    const rules = all(synthesis, 'AWS::ElasticLoadBalancingV2::ListenerRule');
    const shown = rules.map(({ Properties }) => {
      const [{ HostHeaderConfig, PathPatternConfig }] = Properties['Conditions'] as [
        { HostHeaderConfig?: Values; PathPatternConfig?: Values },
      ];
      return [
        Properties['Priority'],
        (HostHeaderConfig ?? PathPatternConfig)?.['Values'],
        /Ref":"Balancer(Web|Api)/.exec(JSON.stringify(Properties['Actions']))?.[1],
      ];
    });
    assert.deepEqual(shown, [
      [1, ['api.daybook.example.com'], 'Api'],
      [2, ['/', '/docs', '/favicon.ico', '/assets/*'], 'Web'],
    ]);
    for (const { Properties } of all(synthesis, 'AWS::ElasticLoadBalancingV2::Listener'))
      assert.match(JSON.stringify(Properties['DefaultActions']), /BalancerApi/);
  });

  test('asks health where each tier answers it', async () => {
    const groups = all(await threeTier('prd'), 'AWS::ElasticLoadBalancingV2::TargetGroup');
    assert.deepEqual(
      groups.map(({ id, Properties }) => [id.slice(0, 11), Properties['HealthCheckPath']]),
      [
        ['BalancerWeb', '/healthz'],
        ['BalancerApi', '/readyz'],
      ],
    );
    for (const { Properties } of groups)
      assert.ok(
        Number(Properties['HealthCheckTimeoutSeconds']) < Number(Properties['HealthCheckIntervalSeconds']),
      );
  });
});

describe('CloudFront', () => {
  test('keeps files and nothing else', async () => {
    const { DefaultCacheBehavior, CacheBehaviors } = distributionOf(await threeTier('prd'));
    const kept = CacheBehaviors.filter(({ CachePolicyId }) => CachePolicyId !== CACHING_DISABLED);
    assert.deepEqual(
      kept.map(({ PathPattern }) => PathPattern),
      ['/assets/*'],
    );
    assert.equal(DefaultCacheBehavior['CachePolicyId'], CACHING_DISABLED);
    assert.ok((DefaultCacheBehavior['AllowedMethods'] as string[]).includes('POST'));
  });

  test('leads no entry on that came in the clear', async () => {
    const { DefaultCacheBehavior } = distributionOf(await threeTier('poc'));
    assert.equal(DefaultCacheBehavior['ViewerProtocolPolicy'], 'https-only');
  });

  test('has names for people, API and files, over IPv4 and IPv6', async () => {
    const synthesis = await threeTier('prd');
    const names = ['daybook.example.com', 'api.daybook.example.com', 'cdn.daybook.example.com'];
    assert.deepEqual(distributionOf(synthesis)['Aliases'], names);
    const records = all(synthesis, 'AWS::Route53::RecordSet').map(
      ({ Properties }) => `${String(Properties['Type'])} ${String(Properties['Name'])}`,
    );
    assert.deepEqual(records.toSorted(), names.flatMap((name) => [`A ${name}.`, `AAAA ${name}.`]).toSorted());
    const [certificate] = all(synthesis, 'AWS::CertificateManager::Certificate');
    assert.deepEqual(certificate?.Properties['SubjectAlternativeNames'], names.slice(1));
  });

  test('can be given later: what CloudFront uses by then is left alone until it uses another', async () => {
    const domain = { name: 'daybook.example.com', zoneName: 'example.com', hostedZoneId: 'Z0123456789ABC' };
    const [before, after] = [await threeTier('poc'), await threeTier('poc', { domain })];
    const [plain, encrypted] = [waysOf(before), waysOf(after)];
    assert.deepEqual([plain.length, encrypted.length], [1, 1]);
    assert.notEqual(plain[0]?.id, encrypted[0]?.id);
    assert.notEqual(plain[0]?.name, encrypted[0]?.name);
    assert.equal(listRulesOf(before).length, 1);
    assert.deepEqual(listRulesOf(after), listRulesOf(before));
  });

  test('in us-east-1 uses the certificate of the balancer', async () => {
    const synthesis = await threeTier('prd', {
      regions: ['us-east-1'],
      services: { image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/daybook:1.0.0' },
    });
    const { ViewerCertificate } = distributionOf(synthesis) as unknown as {
      readonly ViewerCertificate: Values;
    };
    assert.match(JSON.stringify(ViewerCertificate['AcmCertificateArn']), /"Ref":"DomainCertificate/);
  });
});

describe('the list of networks that are let in', () => {
  const networks = ['203.0.113.0/24', '198.51.100.7/32', '2001:db8:1::/48', '::1/128'];

  function answerTo(ip: string): unknown {
    const context = createContext({});
    runInContext(allowListCode(networks), context);
    return runInContext(`handler(${JSON.stringify({ viewer: { ip }, request: 'passed' })})`, context);
  }

  for (const ip of [
    '203.0.113.0',
    '203.0.113.255',
    '198.51.100.7',
    '2001:db8:1::',
    '2001:db8:1:ffff::1',
    '::1',
  ])
    test(`lets ${ip} pass`, () => assert.equal(answerTo(ip), 'passed'));

  for (const ip of ['203.0.112.255', '198.51.100.8', '2001:db8:2::', '::2', '::203.0.113.1'])
    test(`refuses ${ip}`, () =>
      assert.equal((answerTo(ip) as { readonly statusCode: number }).statusCode, 403));

  test('stands before every behaviour', async () => {
    const { DefaultCacheBehavior, CacheBehaviors } = distributionOf(
      await threeTier('poc', { front: { allowFrom: networks } }),
    );
    for (const { FunctionAssociations } of [DefaultCacheBehavior, ...CacheBehaviors])
      assert.equal((FunctionAssociations as unknown[]).length, 1);
  });

  test('has a bound', () => {
    const many = Array.from({ length: 500 }, (_, at) => `10.${at >> 8}.${at & 255}.0/24`);
    assert.throws(() => allowListCode(many), /front\.allowFrom: expected networks that fit into 10240 bytes/);
  });
});
