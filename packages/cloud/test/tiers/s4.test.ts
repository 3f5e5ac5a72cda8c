/**
 * What `docs/comparison.md` says of three tiers and no other test holds: numbers and resources of S4 that are kept, or are
 * others here, and its faults that a template can show.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { TIERS } from '../../src/config/service-schema.ts';
import type { Values } from '../support/resources.ts';
import { all } from '../support/resources.ts';
import { skipTemplateCheck } from '../support/topologies.ts';
import { containerOf, serviceOf, taskOf, threeTier } from './synthesis.ts';

skipTemplateCheck();

const synthesis = await threeTier('prd');

function propertiesOf(type: string): Values[] {
  return all(synthesis, type).map(({ Properties }) => Properties);
}

function only(type: string): Values {
  const [found, ...others] = propertiesOf(type);
  assert.ok(found, type);
  assert.equal(others.length, 0, type);
  return found;
}

function attributesOf(values: unknown): ReadonlyMap<string, unknown> {
  return new Map(
    (values as readonly { Key: string; Value: unknown }[]).map(({ Key, Value }) => [Key, Value]),
  );
}

describe('the network of the tiers', () => {
  test('has places of their own for balancer, tiers and database, each in two zones', () => {
    const subnets = all(synthesis, 'AWS::EC2::Subnet');
    for (const kind of ['Front', 'Services', 'Data']) {
      const places = subnets.filter(({ id }) => id.includes(`Vpc${kind}Subnet`));
      const zones = places.map(({ Properties }) => JSON.stringify(Properties['AvailabilityZone']));
      assert.deepEqual([places.length, new Set(zones).size], [2, 2], kind);
    }
    assert.equal(subnets.length, 6);
    assert.equal(only('AWS::EC2::VPC')['CidrBlock'], '10.0.0.0/16');
  });

  test('has no way to the internet, and no gateway that would be paid for one', () => {
    for (const type of ['AWS::EC2::Route', 'AWS::EC2::NatGateway', 'AWS::EC2::EIP'])
      assert.deepEqual(propertiesOf(type), [], type);
    for (const { MapPublicIpOnLaunch } of propertiesOf('AWS::EC2::Subnet'))
      assert.equal(MapPublicIpOnLaunch, false);
  });
});

describe('the front of the tiers', () => {
  test('is one distribution and one balancer for all of them', () => {
    only('AWS::CloudFront::Distribution');
    const attributes = attributesOf(
      only('AWS::ElasticLoadBalancingV2::LoadBalancer')['LoadBalancerAttributes'],
    );
    assert.equal(attributes.get('idle_timeout.timeout_seconds'), '65');
  });

  test('believes two checks that succeed and three that fail, ten seconds apart, and keeps nobody with one task', () => {
    const groups = propertiesOf('AWS::ElasticLoadBalancingV2::TargetGroup');
    assert.equal(groups.length, 2);
    for (const group of groups) {
      assert.deepEqual(
        [
          group['HealthCheckIntervalSeconds'],
          group['HealthCheckTimeoutSeconds'],
          group['HealthyThresholdCount'],
          group['UnhealthyThresholdCount'],
        ],
        [10, 5, 2, 3],
      );
      assert.equal(attributesOf(group['TargetGroupAttributes']).get('stickiness.enabled'), 'false');
    }
  });

  test('speaks HTTP/3 and IPv6, is near to callers in America and Europe, and shuts nobody out by country', () => {
    const distribution = only('AWS::CloudFront::Distribution')['DistributionConfig'] as Values;
    const { HttpVersion, IPV6Enabled, PriceClass, Restrictions } = distribution;
    assert.deepEqual(
      [HttpVersion, IPV6Enabled, PriceClass, Restrictions],
      ['http2and3', true, 'PriceClass_100', undefined],
    );
  });

  test('writes down every request, at CloudFront and at the balancer', () => {
    const { Logging } = only('AWS::CloudFront::Distribution')['DistributionConfig'] as Values;
    assert.match(JSON.stringify(Logging), /"FrontAccessLogsBucket/);
    const attributes = attributesOf(
      only('AWS::ElasticLoadBalancingV2::LoadBalancer')['LoadBalancerAttributes'],
    );
    assert.equal(attributes.get('access_logs.s3.enabled'), 'true');
  });
});

describe('what runs', () => {
  test('is on Fargate: there is no host, no group of hosts, no image of one and nothing that makes one ready', () => {
    for (const tier of TIERS) assert.equal(serviceOf(synthesis, tier).Properties['LaunchType'], 'FARGATE');
    const types = [...synthesis.templates.values()].flatMap(({ Resources = {} }) =>
      Object.values(Resources).map(({ Type }) => Type),
    );
    assert.deepEqual(
      types.filter((type) =>
        /^AWS::EC2::(Instance|LaunchTemplate|KeyPair)$|^AWS::AutoScaling::|UserData/.test(type),
      ),
      [],
    );
    assert.doesNotMatch(JSON.stringify([...synthesis.templates.values()]), /"UserData"|"KeyName"/);
  });

  test('is one image with everything in it: no task says what to start', () => {
    const images = new Set(
      TIERS.map((tier) => JSON.stringify(containerOf(taskOf(synthesis, tier))['Image'])),
    );
    assert.deepEqual([...images], ['"123456789012.dkr.ecr.eu-west-1.amazonaws.com/daybook:1.0.0"']);
    for (const tier of TIERS) {
      const { Command, EntryPoint } = containerOf(taskOf(synthesis, tier));
      assert.deepEqual([Command, EntryPoint], [undefined, undefined], tier);
    }
  });

  test('has half a processor and 1 GB a task, and a database of db.t4g.medium with 20 GB that grow to 100', () => {
    for (const tier of TIERS) {
      const { Cpu, Memory } = taskOf(synthesis, tier).Properties;
      assert.deepEqual([Cpu, Memory], ['512', '1024'], tier);
    }
    const { Engine, EngineVersion, DBInstanceClass, AllocatedStorage, MaxAllocatedStorage } =
      only('AWS::RDS::DBInstance');
    assert.deepEqual(
      [Engine, EngineVersion, DBInstanceClass, AllocatedStorage, MaxAllocatedStorage],
      ['postgres', '17', 'db.t4g.medium', '20', 100],
    );
  });

  test('is asked for its health by ECS as well, so that a task that hangs is replaced', () => {
    for (const tier of TIERS) {
      const { HealthCheck } = containerOf(taskOf(synthesis, tier));
      assert.deepEqual(HealthCheck, {
        Command: ['CMD', 'node', '/app/healthcheck.js'],
        Interval: 10,
        Retries: 3,
        StartPeriod: 60,
        Timeout: 5,
      });
    }
  });

  test('waits a minute between steps out and five between steps in, by target and not by a number of tasks', () => {
    const policies = propertiesOf('AWS::ApplicationAutoScaling::ScalingPolicy');
    assert.equal(policies.length, TIERS.length);
    for (const { PolicyType, TargetTrackingScalingPolicyConfiguration } of policies) {
      assert.equal(PolicyType, 'TargetTrackingScaling');
      const { ScaleOutCooldown, ScaleInCooldown } = TargetTrackingScalingPolicyConfiguration as Values;
      assert.deepEqual([ScaleOutCooldown, ScaleInCooldown], [60, 300]);
    }
  });
});

describe('what is watched', () => {
  test('no alarm has a name that another could take, and each looks at whole minutes', () => {
    for (const { id, Properties } of all(synthesis, 'AWS::CloudWatch::Alarm')) {
      assert.equal(Properties['AlarmName'], undefined, id);
      const metrics = (Properties['Metrics'] ?? []) as readonly { readonly MetricStat?: Values }[];
      const periods = [Properties['Period'], ...metrics.map(({ MetricStat }) => MetricStat?.['Period'])];
      for (const period of periods.filter((one) => one !== undefined))
        assert.ok(Number(period) >= 60 && Number(period) % 60 === 0, `${id}: ${Number(period)}`);
    }
  });

  test('errors that callers are answered are told, those of the tasks and those of the balancer itself', () => {
    const read = JSON.stringify(propertiesOf('AWS::CloudWatch::Alarm'));
    for (const metric of ['HTTPCode_Target_5XX_Count', 'HTTPCode_ELB_5XX_Count'])
      assert.ok(read.includes(`"MetricName":"${metric}"`), metric);
  });

  test('the database says what it is busy with', () => {
    assert.equal(only('AWS::RDS::DBInstance')['EnablePerformanceInsights'], true);
  });

  test('every log ends, and each task writes a stream of its own into that of its tier', () => {
    for (const { id, Properties } of all(synthesis, 'AWS::Logs::LogGroup'))
      assert.ok([14, 30].includes(Number(Properties['RetentionInDays'])), id);
    const options = TIERS.map((tier) => {
      const { Options } = containerOf(taskOf(synthesis, tier))['LogConfiguration'] as {
        readonly Options: Values;
      };
      return Options;
    });
    // "Using the awslogs log driver": prefix/container/task.
    assert.deepEqual(
      options.map((one) => one['awslogs-stream-prefix']),
      [...TIERS],
    );
    const groups = new Set(options.map((one) => JSON.stringify(one['awslogs-group'])));
    assert.equal(groups.size, TIERS.length);
  });

  test('what tiers measure needs no permission of theirs: ECS publishes it, or their log says it', () => {
    const policies = all(synthesis, 'AWS::IAM::Policy').filter(({ id }) => id.startsWith('Tiers'));
    assert.ok(policies.length >= TIERS.length);
    assert.doesNotMatch(JSON.stringify(policies), /cloudwatch:/);
  });
});

test('a copy of every month is kept for a year, and one that fails is told', () => {
  const { BackupPlanRule } = only('AWS::Backup::BackupPlan')['BackupPlan'] as {
    readonly BackupPlanRule: readonly Values[];
  };
  const lifecycles = BackupPlanRule.map(({ RuleName, Lifecycle }) => [RuleName, Lifecycle]);
  assert.deepEqual(lifecycles, [
    ['daily', { DeleteAfterDays: 35 }],
    ['monthly', { DeleteAfterDays: 365 }],
  ]);
  const failed = all(synthesis, 'AWS::Events::Rule').find(({ id }) => id.startsWith('BackupFailed'));
  assert.match(JSON.stringify(failed?.Properties['EventPattern']), /FAILED/);
});
