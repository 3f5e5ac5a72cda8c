/**
 * The front of S1. Every property here keeps a promise of its documentation, or one of the five systems' faults away.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';

import { Match } from 'aws-cdk-lib/assertions';
import { createFront } from '../src/front/front.ts';
import type { CloudConfig, EnvironmentName } from '../src/config/schema.ts';
import {
  ACCOUNT,
  createSmallStack,
  propertiesOf,
  synthesizeClean,
  warningsOf,
} from './support/small-stack.ts';

const DOMAIN = { name: 'daybook.example.com', zoneName: 'example.com', hostedZoneId: 'Z0123456789ABC' };

async function front(
  t: TestContext,
  config: Omit<CloudConfig, 'name' | 'account' | 'front'> & { readonly front?: CloudConfig['front'] } = {},
  environment: EnvironmentName = 'dev',
) {
  const small = await createSmallStack(
    t,
    { network: {}, ...config, front: { kind: 'alb', ...config.front } },
    { environment },
  );
  const made = createFront(small.stack, small);
  assert.equal(made.kind, 'alb');
  return { small, made, template: await synthesizeClean(small) };
}

function attributes(properties: Record<string, unknown> | undefined, list: string): Record<string, unknown> {
  const items = properties?.[list] as readonly { readonly Key: string; readonly Value: unknown }[];
  return Object.fromEntries(items.map(({ Key, Value }) => [Key, Value]));
}

describe('the balancer of S1', () => {
  test('hands every path to the application, whose readiness it checks within its own patience', async (t) => {
    const { template } = await front(t);
    const [listener] = propertiesOf(template, 'AWS::ElasticLoadBalancingV2::Listener');
    assert.equal(listener?.['Port'], 80);
    const [forward] = listener['DefaultActions'] as readonly Record<string, { readonly Ref: string }>[];
    const group = template.findResources('AWS::ElasticLoadBalancingV2::TargetGroup')[
      forward?.['TargetGroupArn']?.Ref ?? ''
    ] as { readonly Properties: Record<string, unknown> };
    const { Properties: target } = group;
    assert.equal(target['TargetType'], 'lambda');
    assert.equal(target['HealthCheckEnabled'], true);
    assert.equal(target['HealthCheckPath'], '/readyz');
    assert.equal(target['HealthCheckIntervalSeconds'], 35);
    assert.equal(target['HealthCheckTimeoutSeconds'], 30);
    assert.deepEqual(target['Matcher'], { HttpCode: '200' });
    assert.equal(attributes(target, 'TargetGroupAttributes')['lambda.multi_value_headers.enabled'], 'true');
  });

  test('waits longer for the function than the function may take', async (t) => {
    const { small, template } = await front(t);
    assert.ok(small.deployment.functions.timeoutSeconds <= 30);
    const [balancer] = propertiesOf(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    const idle = Number(attributes(balancer, 'LoadBalancerAttributes')['idle_timeout.timeout_seconds']);
    assert.ok(idle > small.deployment.functions.timeoutSeconds, `${idle}`);
  });

  test('sends the paths of health to the function of health', async (t) => {
    const { template } = await front(t);
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::ListenerRule', {
      Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/healthz', '/readyz'] } }],
    });
  });

  test('lets nobody but the balancers of this account call the functions', async (t) => {
    const { template } = await front(t);
    const permissions = propertiesOf(template, 'AWS::Lambda::Permission');
    assert.equal(permissions.length, 2);
    for (const permission of permissions) {
      assert.equal(permission['Principal'], 'elasticloadbalancing.amazonaws.com');
      assert.equal(permission['SourceAccount'], ACCOUNT);
    }
  });

  test('stands in public subnets, drops malformed header fields, and lets nothing out', async (t) => {
    const { template } = await front(t);
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
      Scheme: 'internet-facing',
      Subnets: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
      LoadBalancerAttributes: Match.arrayWith([
        { Key: 'routing.http.drop_invalid_header_fields.enabled', Value: 'true' },
      ]),
    });
    const [group] = propertiesOf(template, 'AWS::EC2::SecurityGroup');
    assert.deepEqual(
      (group?.['SecurityGroupEgress'] as readonly { readonly CidrIp: string }[] | undefined)?.map(
        ({ CidrIp }) => CidrIp,
      ),
      ['255.255.255.255/32'],
    );
  });

  test('says loudly that it speaks plain HTTP where no domain is given', async (t) => {
    const { small, made } = await front(t);
    assert.match(warningsOf(small).join('\n'), /plain HTTP[^]*\[ack: daybook:plain-http\]/);
    assert.match(made.url, /^http:\/\//);
  });

  test('with a domain speaks TLS 1.2 or later and sends plain HTTP there', async (t) => {
    const { small, made, template } = await front(t, { domain: DOMAIN });
    assert.equal(made.url, 'https://daybook.example.com');
    assert.deepEqual(warningsOf(small), []);
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 443,
      Protocol: 'HTTPS',
      SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09',
      Certificates: [{ CertificateArn: Match.anyValue() }],
    });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 80,
      DefaultActions: [
        { Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } },
      ],
    });
    template.hasResourceProperties('AWS::CertificateManager::Certificate', {
      DomainName: 'daybook.example.com',
      ValidationMethod: 'DNS',
      DomainValidationOptions: [{ HostedZoneId: 'Z0123456789ABC' }],
    });
    const records = propertiesOf(template, 'AWS::Route53::RecordSet');
    assert.deepEqual(
      records.map(({ Type, Name, HostedZoneId }) => ({ Type, Name, HostedZoneId })),
      [{ Type: 'A', Name: 'daybook.example.com.', HostedZoneId: 'Z0123456789ABC' }],
    );
  });

  test('lets in everybody, or the networks that are named alone', async (t) => {
    const sources = (template: Awaited<ReturnType<typeof front>>['template']) => {
      const [group] = propertiesOf(template, 'AWS::EC2::SecurityGroup');
      const rules = group?.['SecurityGroupIngress'] as readonly Record<string, unknown>[];
      return rules.map(
        ({ CidrIp, CidrIpv6, FromPort }) => `${String(CidrIp ?? CidrIpv6)} ${String(FromPort)}`,
      );
    };
    assert.deepEqual(sources((await front(t)).template), ['0.0.0.0/0 80']);
    const allowFrom = ['203.0.113.0/24', '198.51.100.7/32'];
    const narrow = await front(t, { domain: DOMAIN, front: { allowFrom } });
    assert.deepEqual(sources(narrow.template), [
      '203.0.113.0/24 443',
      '203.0.113.0/24 80',
      '198.51.100.7/32 443',
      '198.51.100.7/32 80',
    ]);
  });

  test('delivers access logs to a bucket under S3 keys that only the delivering service may write to', async (t) => {
    const { template } = await front(t, { front: { accessLogs: 'json' } });
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      LifecycleConfiguration: {
        Rules: [{ ExpirationInDays: 7, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }],
      },
      PublicAccessBlockConfiguration: { BlockPublicPolicy: true, RestrictPublicBuckets: true },
    });
    const [policy] = propertiesOf(template, 'AWS::S3::BucketPolicy');
    const document = policy?.['PolicyDocument'] as
      | { readonly Statement: Record<string, unknown>[] }
      | undefined;
    const allowed = (document?.Statement ?? []).filter(({ Action }) => Action === 's3:PutObject');
    assert.equal(allowed.length, 1);
    assert.deepEqual(allowed[0]?.['Principal'], {
      Service: 'logdelivery.elasticloadbalancing.amazonaws.com',
    });
    assert.match(JSON.stringify(allowed[0]?.['Resource']), /AWSLogs\/111122223333\/\*/);
    assert.match(JSON.stringify(allowed[0]?.['Condition']), /loadbalancer\/\*/);
    const [balancer] = propertiesOf(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    assert.equal(attributes(balancer, 'LoadBalancerAttributes')['access_logs.s3.enabled'], 'true');
  });

  test('cannot be deleted by mistake where data is to be kept', async (t) => {
    for (const [environment, expected] of [
      ['dev', 'false'],
      ['prd', 'true'],
    ] as const) {
      const { template } = await front(t, {}, environment);
      const [balancer] = propertiesOf(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
      assert.equal(attributes(balancer, 'LoadBalancerAttributes')['deletion_protection.enabled'], expected);
    }
  });
});
