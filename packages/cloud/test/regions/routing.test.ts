/**
 * The common name of several regions: where it leads, what decides that, and how soon. Each number is one that
 * docs/two-region.md promises.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { HEALTH_PATHS, openPaths } from 'daybook/deployment';

import { all } from '../support/resources.ts';
import { DOMAIN, ofType, spreadDeployments, valuesOf } from './deployments.ts';

const deployments = spreadDeployments(['two-region', 'alb-lambda', 'gateway-queue']);
const ROUTING = 'us-east-1';

describe('the common name', () => {
  test('has one weighted record for each region, all of one weight, that resolvers keep for 20 s', () => {
    for (const { stack, regions, topology } of deployments) {
      const records = ofType(stack(ROUTING, 'routing'), 'AWS::Route53::RecordSet');
      assert.deepEqual(
        records.map(({ Properties }) => Properties['SetIdentifier']),
        regions,
        topology,
      );
      for (const { Properties } of records) {
        assert.equal(Properties['Name'], `${DOMAIN.name}.`);
        assert.equal(Properties['Type'], 'CNAME');
        assert.equal(Properties['TTL'], '20');
        assert.equal(Properties['Weight'], 50);
        // An alias would have the time to live of what it leads to: 60 s.
        assert.equal(Properties['AliasTarget'], undefined);
        assert.ok(Properties['HealthCheckId'], 'a record without a check is always given out');
      }
    }
  });

  test('leads to what the front of that region has for it, and to nothing that is a region’s own', () => {
    for (const { stack, deployment, topology } of deployments) {
      const records = ofType(stack(ROUTING, 'routing'), 'AWS::Route53::RecordSet');
      for (const { Properties } of records) {
        const region = String(Properties['SetIdentifier']);
        const [target] = Properties['ResourceRecords'] as string[];
        const inRegion = ofType(stack(region, 'app'), 'AWS::Route53::RecordSet');
        const found = inRegion.filter((record) => record.Properties['Name'] === `${target}.`);
        assert.ok(found.length > 0, `${topology}: ${target}`);
        const domains = ofType(stack(region, 'app'), 'AWS::ApiGateway::DomainName');
        const common = domains.find((one) => one.Properties['DomainName'] === DOMAIN.name);
        for (const record of found) {
          const alias = valuesOf(record.Properties['AliasTarget']);
          // Whether a target is well is the check's to say.
          assert.ok(alias['EvaluateTargetHealth'] !== true);
          if (deployment.front.kind === 'rest-api')
            assert.deepEqual(alias['DNSName'], { 'Fn::GetAtt': [common?.id, 'RegionalDomainName'] });
        }
      }
    }
  });

  test('and each region’s own are served with a certificate each, and by no other address', () => {
    for (const { stack, regions, deployment } of deployments) {
      for (const region of regions) {
        const app = stack(region, 'app');
        const names = [`${region}.${DOMAIN.name}`, DOMAIN.name];
        const certificates = ofType(app, 'AWS::CertificateManager::Certificate').filter(({ id }) =>
          /^(?:Common)?Domain/.test(id),
        );
        assert.deepEqual(
          certificates.map(({ Properties }) => Properties['DomainName']),
          names,
        );
        for (const { Properties } of certificates) assert.equal(Properties['ValidationMethod'], 'DNS');
        if (deployment.front.kind === 'rest-api') {
          const domains = ofType(app, 'AWS::ApiGateway::DomainName');
          assert.deepEqual(
            domains.map(({ Properties: { DomainName, RegionalCertificateArn } }) => [
              DomainName,
              valuesOf(RegionalCertificateArn)['Ref'],
            ]),
            names.map((name, index) => [name, certificates[index]?.id]),
          );
          assert.equal(ofType(app, 'AWS::ApiGateway::BasePathMapping').length, names.length);
          const [api] = ofType(app, 'AWS::ApiGateway::RestApi');
          assert.equal(api?.Properties['DisableExecuteApiEndpoint'], true);
        } else {
          const [https] = ofType(app, 'AWS::ElasticLoadBalancingV2::Listener').filter(
            ({ Properties }) => Properties['Port'] === 443,
          );
          const more = ofType(app, 'AWS::ElasticLoadBalancingV2::ListenerCertificate');
          const served = [https, ...more].flatMap((one) => one?.Properties['Certificates'] as unknown[]);
          assert.deepEqual(
            served.map((one) => valuesOf(valuesOf(one)['CertificateArn'])['Ref']),
            certificates.map(({ id }) => id),
          );
        }
      }
    }
  });
});

describe('a health check', () => {
  test('asks the host of its own region over TLS every 10 s, and believes the second failure', () => {
    for (const { stack, regions } of deployments) {
      const routing = stack(ROUTING, 'routing');
      const records = ofType(routing, 'AWS::Route53::RecordSet');
      const checks = ofType(routing, 'AWS::Route53::HealthCheck');
      assert.equal(checks.length, regions.length);
      for (const { Properties } of records) {
        const [id] = valuesOf(Properties['HealthCheckId'])['Fn::GetAtt'] as string[];
        const check = checks.find((one) => one.id === id);
        const settings = valuesOf(check?.Properties['HealthCheckConfig']);
        const region = String(Properties['SetIdentifier']);
        assert.deepEqual(settings, {
          Type: 'HTTPS',
          FullyQualifiedDomainName: `${region}.${DOMAIN.name}`,
          Port: 443,
          EnableSNI: true,
          ResourcePath: '/readyz',
          RequestInterval: 10,
          FailureThreshold: 2,
          Regions: ['ap-southeast-1', 'eu-west-1', 'us-east-1'],
        });
        assert.notEqual(`${settings['FullyQualifiedDomainName']}.`, Properties['Name']);
      }
    }
  });

  test('asks a path that the front hands to a function that asks what it stands on, without a credential', () => {
    assert.ok(openPaths([]).some(({ method, path }) => method === 'GET' && path === HEALTH_PATHS.ready));
    for (const synthesis of deployments) {
      const [check] = all(synthesis, 'AWS::Route53::HealthCheck');
      const path = String(valuesOf(check?.Properties['HealthCheckConfig'])['ResourcePath']);
      for (const region of synthesis.regions) {
        const app = synthesis.stack(region, 'app');
        const routed = [
          ...ofType(app, 'AWS::ApiGateway::Resource').map(
            ({ Properties }) => `/${String(Properties['PathPart'])}`,
          ),
          ...ofType(app, 'AWS::ElasticLoadBalancingV2::ListenerRule').flatMap(({ Properties }) =>
            (Properties['Conditions'] as Record<string, { Values: string[] }>[]).flatMap(
              (condition) => condition['PathPatternConfig']?.Values ?? [],
            ),
          ),
        ];
        assert.ok(routed.includes(path), `${synthesis.topology}: ${routed.join(' ')}`);
        const health = ofType(app, 'AWS::Lambda::Function').find(
          ({ Properties }) => Properties['Description'] === 'Daybook: health',
        );
        const { Variables } = valuesOf(health?.Properties['Environment']);
        assert.equal(valuesOf(Variables)['DAYBOOK_STORE'], `dynamodb://${region}/${synthesis.tableName}`);
        assert.equal(valuesOf(Variables)['DAYBOOK_REGION'], region);
      }
    }
  });

  test('finds a region warm: its probe asks the region’s own host every minute', () => {
    for (const { stack, regions } of deployments) {
      for (const region of regions) {
        const app = stack(region, 'app');
        const probe = ofType(app, 'AWS::Lambda::Function').find(
          ({ Properties }) => Properties['Description'] === 'Daybook: probe',
        );
        const { Variables } = valuesOf(probe?.Properties['Environment']);
        assert.equal(valuesOf(Variables)['DAYBOOK_URL'], `https://${region}.${DOMAIN.name}`);
        const schedules = ofType(app, 'AWS::Events::Rule').map(
          ({ Properties }) => Properties['ScheduleExpression'],
        );
        assert.ok(schedules.includes('rate(1 minute)'));
      }
    }
  });
});

test('outputs tell the host of each region, and the name of all', () => {
  for (const { templates, deployment, regions } of deployments) {
    const { name, environment } = deployment;
    const outputs = (region: string, what: string) =>
      templates.get(`${name}-${environment}-${region}-${what}`)?.Outputs ?? {};
    for (const region of regions)
      assert.equal(outputs(region, 'app')['Url']?.Value, `https://${region}.${DOMAIN.name}`);
    assert.equal(outputs(ROUTING, 'routing')['CommonUrl']?.Value, `https://${DOMAIN.name}`);
  }
});
