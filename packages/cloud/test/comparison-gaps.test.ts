/**
 * What `docs/comparison.md` says of the templates and no other test holds: numbers of S1, S2 and S3 that are kept, or
 * are others here.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import type { EnvironmentName } from '../src/config/schema.ts';
import type { Values } from './support/resources.ts';
import { all, functionsOf } from './support/resources.ts';
import type { Synthesis, Topology } from './support/topologies.ts';
import { skipTemplateCheck, synthesize, TOPOLOGIES } from './support/topologies.ts';

skipTemplateCheck();

const syntheses = new Map<string, Synthesis>();
before(async () => {
  for (const topology of TOPOLOGIES) {
    for (const environment of ['dev', 'prd'] as const)
      syntheses.set(`${topology} ${environment}`, await synthesize(topology, environment));
  }
});

function get(topology: Topology, environment: EnvironmentName): Synthesis {
  const found = syntheses.get(`${topology} ${environment}`);
  assert.ok(found);
  return found;
}

function propertiesOf(synthesis: Synthesis, type: string): Values[] {
  return all(synthesis, type).map(({ Properties }) => Properties);
}

function memoryOf(synthesis: Synthesis): number[] {
  return [...new Set(functionsOf(synthesis).map(({ Properties }) => Number(Properties['MemorySize'])))];
}

/** `service metric` of every metric that an alarm reads. */
function watchedIn(synthesis: Synthesis): Set<string> {
  const text = JSON.stringify(propertiesOf(synthesis, 'AWS::CloudWatch::Alarm'));
  const pattern = /"MetricName":"(\w+)","Namespace":"AWS\/(\w+)"/g;
  return new Set([...text.matchAll(pattern)].map(([, name, service]) => `${service} ${name}`));
}

describe('the network', () => {
  test('public and private places are in pairs over two zones, of the range that is configured', () => {
    for (const [topology, kinds] of [
      ['alb-lambda', ['Private', 'Public']],
      ['jwt-gateway', ['Private']],
    ] as const) {
      const synthesis = get(topology, 'prd');
      assert.deepEqual(
        propertiesOf(synthesis, 'AWS::EC2::VPC').map(({ CidrBlock }) => CidrBlock),
        ['10.0.0.0/16'],
      );
      const subnets = all(synthesis, 'AWS::EC2::Subnet');
      for (const kind of kinds) {
        const zones = subnets
          .filter(({ id }) => id.includes(kind))
          .map(({ Properties }) => JSON.stringify(Properties['AvailabilityZone']));
        assert.deepEqual([zones.length, new Set(zones).size], [2, 2], `${topology} ${kind}`);
      }
      assert.equal(subnets.length, kinds.length * 2);
      for (const { Properties } of subnets) assert.match(String(Properties['CidrBlock']), /^10\.0\..*\/27$/);
    }
  });

  test('access lists open 80 and 443 to callers, 443 to the endpoints, and what answers need', () => {
    const rules = all(get('alb-lambda', 'prd'), 'AWS::EC2::NetworkAclEntry').map(({ id, Properties }) => {
      const { From, To } = Properties['PortRange'] as { readonly From: number; readonly To: number };
      const side = id.includes('Public') ? 'public' : 'private';
      return `${side} ${Properties['Egress'] === true ? 'out' : 'in'} ${From}-${To} ${String(Properties['CidrBlock'])}`;
    });
    assert.deepEqual(rules.toSorted(), [
      'private in 1024-65535 0.0.0.0/0',
      'private in 443-443 10.0.0.0/16',
      'private out 1024-65535 10.0.0.0/16',
      'private out 443-443 0.0.0.0/0',
      'public in 443-443 0.0.0.0/0',
      'public in 80-80 0.0.0.0/0',
      'public out 1024-65535 0.0.0.0/0',
    ]);
  });

  test('the endpoint of SQS answers by the name that the SDK uses, in both zones, and there is none without callers', () => {
    const endpoints = propertiesOf(get('jwt-gateway', 'prd'), 'AWS::EC2::VPCEndpoint');
    const interfaces = endpoints.filter(({ VpcEndpointType }) => VpcEndpointType === 'Interface');
    assert.deepEqual(
      interfaces.map(({ ServiceName, PrivateDnsEnabled, SubnetIds }) => [
        ServiceName,
        PrivateDnsEnabled,
        (SubnetIds as readonly unknown[]).length,
      ]),
      [['com.amazonaws.eu-west-1.sqs', true, 2]],
    );
    assert.equal(endpoints.length - interfaces.length, 2, 'DynamoDB and S3 have gateways');
  });
});

describe('the way of an entry', () => {
  test('a balancer keeps nobody with one function, and believes two checks', () => {
    const groups = propertiesOf(get('alb-lambda', 'prd'), 'AWS::ElasticLoadBalancingV2::TargetGroup');
    assert.ok(groups.length > 0);
    const checked = groups.filter(({ HealthCheckEnabled }) => HealthCheckEnabled === true);
    assert.deepEqual(
      checked.map(({ HealthyThresholdCount, UnhealthyThresholdCount }) => [
        HealthyThresholdCount,
        UnhealthyThresholdCount,
      ]),
      [[2, 2]],
    );
    for (const { TargetGroupAttributes } of groups) {
      const attributes = JSON.stringify(TargetGroupAttributes ?? []);
      assert.doesNotMatch(attributes, /"stickiness\.enabled","Value":"true"/);
    }
  });

  test('functions have 512 MB, and more where it is configured', async () => {
    for (const topology of TOPOLOGIES) assert.deepEqual(memoryOf(get(topology, 'dev')), [512], topology);
    const larger = await synthesize('gateway-queue', 'dev', { functions: { memoryMb: 1_024 } });
    assert.deepEqual(memoryOf(larger), [1_024]);
  });

  test('ten messages come at once, without waiting for more', () => {
    for (const topology of ['gateway-queue', 'jwt-gateway'] as const) {
      const mappings = propertiesOf(get(topology, 'prd'), 'AWS::Lambda::EventSourceMapping');
      assert.equal(mappings.length, 2);
      for (const { BatchSize, MaximumBatchingWindowInSeconds } of mappings)
        assert.deepEqual([BatchSize, MaximumBatchingWindowInSeconds], [10, undefined]);
    }
  });

  test('the bucket of dead letters keeps what was overwritten, and no letter expires', () => {
    const buckets = all(get('gateway-queue', 'prd'), 'AWS::S3::Bucket').filter(({ id }) =>
      id.startsWith('Objects'),
    );
    assert.equal(buckets.length, 1);
    for (const { Properties } of buckets) {
      assert.deepEqual(Properties['VersioningConfiguration'], { Status: 'Enabled' });
      const { Rules } = Properties['LifecycleConfiguration'] as { readonly Rules: readonly Values[] };
      assert.deepEqual(
        Rules.map(({ NoncurrentVersionExpiration }) => NoncurrentVersionExpiration),
        [{ NoncurrentDays: 35 }],
      );
      for (const rule of Rules)
        assert.deepEqual([rule['ExpirationInDays'], rule['ExpirationDate']], [undefined, undefined]);
    }
  });

  test('a key that is deleted can be taken back for thirty days', () => {
    const keys = propertiesOf(get('gateway-queue', 'prd'), 'AWS::KMS::Key');
    assert.deepEqual(
      keys.map(({ PendingWindowInDays }) => PendingWindowInDays),
      [30],
    );
  });
});

describe('what is watched', () => {
  test('every metric that S2’s authors wanted to watch has an alarm in prd', () => {
    const watched = watchedIn(get('gateway-queue', 'prd'));
    const wanted = {
      ApiGateway: ['4XXError', '5XXError', 'Count', 'Latency'],
      Lambda: ['Errors', 'Throttles', 'Duration'],
      SQS: ['NumberOfMessagesSent', 'NumberOfMessagesDeleted', 'ApproximateAgeOfOldestMessage'],
      DynamoDB: ['UserErrors', 'SystemErrors', 'ThrottledRequests', 'ConsumedWriteCapacityUnits'],
    };
    for (const [service, names] of Object.entries(wanted)) {
      for (const name of names) assert.ok(watched.has(`${service} ${name}`), `${service} ${name}`);
    }
  });

  test('alarms are there in prd and not in dev, for each of S3’s functions and for 5XX within a minute', () => {
    assert.deepEqual(all(get('jwt-gateway', 'dev'), 'AWS::CloudWatch::Alarm'), []);
    const alarms = all(get('jwt-gateway', 'prd'), 'AWS::CloudWatch::Alarm');
    for (const name of ['Api', 'Persister']) {
      const errors = alarms.find(({ id }) => id.startsWith(`Observe${name}Errors`));
      assert.deepEqual([errors?.Properties['Threshold'], errors?.Properties['Period']], [1, 60], name);
    }
    // Of the authorizer every wrong token is an error, so those are taken off first.
    const authorizer = alarms.find(({ id }) => id.startsWith('ObserveAuthorizerErrors'));
    assert.match(JSON.stringify(authorizer?.Properties['Metrics']), /errors - FILL\(refused, 0\)/);
    const seen = alarms.find(({ id }) => id.startsWith('ObserveFrontErrorSeen'));
    assert.equal(seen?.Properties['MetricName'], '5XXError');
    assert.deepEqual([seen.Properties['Threshold'], seen.Properties['Period']], [1, 60]);
  });
});
