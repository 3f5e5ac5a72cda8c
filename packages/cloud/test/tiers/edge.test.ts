/**
 * What CloudFront has in us-east-1, where it takes it from and where it tells of itself: certificate, firewall, alarms.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { KNOWN_METRICS } from '../../src/observe/known-metrics.ts';
import type { Resource, Values } from '../support/resources.ts';
import { all } from '../support/resources.ts';
import type { Synthesis } from '../support/topologies.ts';
import { threeTier } from './synthesis.ts';

const APP = 'daybook-tiers-prd-eu-west-1-app';
const EDGE = 'daybook-tiers-prd-us-east-1-edge';
const WATCH = 'daybook-tiers-prd-us-east-1-cdn-watch';
const WAF = { front: { waf: { perAddressPer5Minutes: 1_000 } } };

interface OutputOfStack {
  readonly 'Fn::GetStackOutput': {
    readonly StackName: string;
    readonly Region: string;
    readonly OutputName: string;
  };
}

function inStack({ templates }: Synthesis, name: string, type: string): Resource[] {
  const template = templates.get(name) ?? assert.fail(name);
  return all({ templates: new Map([[name, template]]) } as unknown as Synthesis, type);
}

function distributionOf(synthesis: Synthesis): Values {
  const [found] = all(synthesis, 'AWS::CloudFront::Distribution');
  return found?.Properties['DistributionConfig'] as Values;
}

/** @returns what the other stack gives out by that name. */
function givenBy(
  { templates }: Synthesis,
  value: unknown,
  [stack, region]: readonly [string, string],
): unknown {
  const { StackName, Region, OutputName } = (value as OutputOfStack)['Fn::GetStackOutput'];
  assert.deepEqual([StackName, Region], [stack, region]);
  return templates.get(StackName)?.Outputs?.[OutputName]?.Value;
}

/** Of an alarm on one metric, or on an expression of several. */
function metricsOf({ Properties }: Resource): Values[] {
  if (Properties['MetricName'] !== undefined) return [Properties];
  return (Properties['Metrics'] as Values[]).flatMap(({ MetricStat }) =>
    MetricStat === undefined ? [] : [(MetricStat as { readonly Metric: Values }).Metric],
  );
}

describe('the firewall', () => {
  test('stands before CloudFront, for whose addresses it counts, and is made where CloudFront takes it from', async () => {
    const synthesis = await threeTier('prd', WAF);
    const [acl] = inStack(synthesis, EDGE, 'AWS::WAFv2::WebACL');
    assert.equal(acl?.Properties['Scope'], 'CLOUDFRONT');
    const { WebACLId } = distributionOf(synthesis);
    assert.deepEqual(givenBy(synthesis, WebACLId, [EDGE, 'us-east-1']), { 'Fn::GetAtt': [acl.id, 'Arn'] });
    const rules = acl.Properties['Rules'] as readonly Values[];
    const statements = rules.map(({ Statement }) => Statement as Values);
    // Of whoever connects to CloudFront: never of a header, which anybody can write.
    assert.deepEqual(statements[0]?.['RateBasedStatement'], {
      AggregateKeyType: 'IP',
      EvaluationWindowSec: 300,
      Limit: 1_000,
    });
    assert.equal(statements.filter((one) => one['ManagedRuleGroupStatement'] !== undefined).length, 3);
    assert.deepEqual(all(synthesis, 'AWS::WAFv2::WebACLAssociation'), []);
  });

  test('and everything else there is clean, and goes from one region to another by outputs alone', async () => {
    const { findings, missing, templates } = await threeTier('prd', WAF);
    const names = (findings as { pluginName: string }[]).map(({ pluginName }) => pluginName);
    assert.deepEqual(
      [...new Set(names)].filter((name) => name !== 'Construct Annotations'),
      [],
    );
    assert.deepEqual(missing, []);
    assert.doesNotMatch(JSON.stringify([...templates]), /CrossRegion|ExportReader|ExportWriter/);
  });

  test('is there where it is asked for', async () => {
    const synthesis = await threeTier('dev');
    assert.equal(distributionOf(synthesis)['WebACLId'], undefined);
    assert.deepEqual(
      [...synthesis.templates.keys()].filter((name) => name.includes('us-east-1')),
      [],
    );
  });
});

describe('the certificate of CloudFront', () => {
  test('is made in us-east-1, for all three names', async () => {
    const synthesis = await threeTier('prd');
    const [certificate] = inStack(synthesis, EDGE, 'AWS::CertificateManager::Certificate');
    assert.equal(certificate?.Properties['DomainName'], 'daybook.example.com');
    assert.deepEqual(certificate.Properties['SubjectAlternativeNames'], [
      'api.daybook.example.com',
      'cdn.daybook.example.com',
    ]);
    const { ViewerCertificate } = distributionOf(synthesis) as { readonly ViewerCertificate: Values };
    assert.deepEqual(givenBy(synthesis, ViewerCertificate['AcmCertificateArn'], [EDGE, 'us-east-1']), {
      Ref: certificate.id,
    });
  });

  test('is one that is there already, where it is named', async () => {
    const arn = 'arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef';
    const synthesis = await threeTier('prd', {
      environments: { prd: { domain: { cdnCertificateArn: arn } } },
    });
    const { ViewerCertificate } = distributionOf(synthesis) as { readonly ViewerCertificate: Values };
    assert.equal(ViewerCertificate['AcmCertificateArn'], arn);
    assert.equal(synthesis.templates.has(EDGE), false);
  });
});

describe('an alarm on CloudFront', () => {
  test('is where its metrics are, and every alarm reads metrics of its own region', async () => {
    const synthesis = await threeTier('prd');
    for (const [name, region] of [
      [APP, 'eu-west-1'],
      [WATCH, 'us-east-1'],
    ] as const) {
      const alarms = inStack(synthesis, name, 'AWS::CloudWatch::Alarm');
      assert.ok(alarms.length >= 3);
      for (const alarm of alarms)
        for (const { Namespace, Region } of metricsOf(alarm)) {
          assert.equal(Region, undefined);
          const { onlyIn } = KNOWN_METRICS[String(Namespace)] ?? {};
          if (name === WATCH || onlyIn !== undefined) assert.equal(onlyIn, region, alarm.id);
        }
    }
  });

  test('reads the distribution of the application, under both of its dimensions', async () => {
    const synthesis = await threeTier('prd');
    const [distribution] = inStack(synthesis, APP, 'AWS::CloudFront::Distribution');
    const names = new Set<string>();
    for (const alarm of inStack(synthesis, WATCH, 'AWS::CloudWatch::Alarm'))
      for (const { MetricName, Dimensions } of metricsOf(alarm)) {
        const by = Object.fromEntries((Dimensions as Values[]).map(({ Name, Value }) => [Name, Value]));
        assert.equal(by['Region'], 'Global');
        assert.deepEqual(givenBy(synthesis, by['DistributionId'], [APP, 'eu-west-1']), {
          Ref: distribution?.id,
        });
        names.add(String(MetricName));
      }
    assert.deepEqual([...names].toSorted(), ['4xxErrorRate', '5xxErrorRate', 'OriginLatency', 'Requests']);
    // Without them there is no latency.
    assert.equal(inStack(synthesis, APP, 'AWS::CloudFront::MonitoringSubscription').length, 1);
    assert.equal(all(await threeTier('dev'), 'AWS::CloudFront::MonitoringSubscription').length, 0);
  });

  test('tells the same people in the same two priorities, and low ones in working hours', async () => {
    const synthesis = await threeTier('prd');
    const peopleOf = (stack: string) =>
      inStack(synthesis, stack, 'AWS::SNS::Subscription')
        .map(({ Properties }) => String(Properties['Endpoint']))
        .toSorted();
    assert.deepEqual(peopleOf(WATCH), peopleOf(APP));
    const told = inStack(synthesis, WATCH, 'AWS::CloudWatch::Alarm').map(({ id, Properties }) => {
      assert.deepEqual(Properties['OKActions'], Properties['AlarmActions']);
      const [{ Ref } = assert.fail(id)] = Properties['AlarmActions'] as readonly { readonly Ref: string }[];
      return [id.replace(/[0-9A-F]{8}$/, ''), /Notifications(High|Low)/.exec(Ref)?.[1]];
    });
    assert.deepEqual(told, [
      ['CdnErrorShare', 'High'],
      ['CdnRefusalShare', 'Low'],
      ['CdnSlow', 'Low'],
    ]);
    assert.equal(inStack(synthesis, WATCH, 'AWS::CloudWatch::AlarmMuteRule').length, 3);
  });
});
