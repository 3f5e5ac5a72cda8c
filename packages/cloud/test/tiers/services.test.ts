/**
 * The tiers: what each is told, how it runs, how it is replaced without a request lost, and how many there are.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';

import { CONFIG_VARIABLE, ENVIRONMENT, parseConfig } from 'daybook/deployment';

import { RDS_CERTIFICATES_FILE, rdsCertificates, readRdsRoots } from '../../../../tools/rds-certificates.ts';
import { stopSecondsOf } from '../../src/config/service-checks.ts';
import { TIERS } from '../../src/config/service-schema.ts';
import { IDLE_SECONDS } from '../../src/front/tier-balancer.ts';
import type { Values } from '../support/resources.ts';
import { all } from '../support/resources.ts';
import { configOf, containerOf, serviceOf, taskOf, threeTier, variablesOf } from './synthesis.ts';

describe('a container', () => {
  test('is told by variables that Daybook knows, and what its tier needs', async () => {
    const synthesis = await threeTier('prd');
    const known = new Set<string>([CONFIG_VARIABLE, ...Object.keys(ENVIRONMENT)]);
    for (const tier of TIERS) {
      const variables = variablesOf(taskOf(synthesis, tier));
      assert.deepEqual(
        Object.keys(variables).filter((name) => !known.has(name)),
        [],
        tier,
      );
      const needs =
        tier === 'web'
          ? ['DAYBOOK_API_URL']
          : ['DAYBOOK_STORE', 'DAYBOOK_STORE_PASSWORD_FROM', 'DAYBOOK_OBJECTS'];
      for (const name of needs) assert.ok(variables[name], `${tier} ${name}`);
    }
    assert.equal(
      variablesOf(taskOf(synthesis, 'web'))['DAYBOOK_STORE'],
      undefined,
      'pages reach no database',
    );
  });

  test('has its configuration with it, which Daybook’s own parser takes', async () => {
    const config = configOf(taskOf(await threeTier('prd'), 'api'));
    assert.deepEqual([config['host'], config['trustedProxies']], ['0.0.0.0', 2]);
    assert.doesNotThrow(() => parseConfig(config));
  });

  test('has no secret: the password is read where its ARN says, at run time', async () => {
    const { templates } = await threeTier('prd');
    for (const template of templates.values()) {
      const text = JSON.stringify(template);
      assert.doesNotMatch(text, /"MasterUserPassword"|resolve:secretsmanager|resolve:ssm-secure/);
      assert.doesNotMatch(text, /postgres:\/\/[^@"]*:[^@"]*@/, 'no password in a URL');
    }
    const { DAYBOOK_STORE_PASSWORD_FROM: from } = variablesOf(taskOf(await threeTier('prd'), 'persister'));
    assert.match(JSON.stringify(from), /aws-secret:.*MasterUserSecret\.SecretArn/);
  });

  test('proves that the database is the one that is named', async () => {
    const { DAYBOOK_STORE: url } = variablesOf(taskOf(await threeTier('prd'), 'api'));
    assert.match(JSON.stringify(url), /sslmode=verify-full&sslrootcert=\/app\//);
  });

  test('finds the certificates of the database where the image has them, for the region that it is in', async () => {
    const containerfile = await readFile(
      new URL('../../../../deploy/Containerfile', import.meta.url),
      'utf8',
    );
    const [, folder] = /^COPY --from=build \/image (\S+)$/m.exec(containerfile) ?? [];
    const { DAYBOOK_STORE: url } = variablesOf(taskOf(await threeTier('prd'), 'api'));
    const [, path] = /sslrootcert=([^&"]+)/.exec(JSON.stringify(url)) ?? [];
    assert.equal(path, `${folder}/${RDS_CERTIFICATES_FILE}`);
    const regions = readRdsRoots(rdsCertificates()).map(({ region }) => region);
    assert.ok(regions.includes('eu-west-1'), 'the default region');
  });

  test('cannot write but to its volumes, is not root and has no capability', async () => {
    const synthesis = await threeTier('prd');
    for (const tier of TIERS) {
      const container = containerOf(taskOf(synthesis, tier));
      assert.equal(container['ReadonlyRootFilesystem'], true);
      assert.match(String(container['User']), /^[1-9]\d*:/);
      assert.deepEqual((container['LinuxParameters'] as Values)['Capabilities'], { Drop: ['ALL'] });
      assert.equal(container['Privileged'] ?? false, false);
    }
  });

  test('writes a log that is kept and encrypted, and does not wait for it', async () => {
    const synthesis = await threeTier('prd');
    for (const tier of TIERS) {
      const { Options } = containerOf(taskOf(synthesis, tier))['LogConfiguration'] as {
        readonly Options: Values;
      };
      assert.equal(Options['mode'], 'non-blocking');
      const { Ref } = Options['awslogs-group'] as { readonly Ref: string };
      const group = all(synthesis, 'AWS::Logs::LogGroup').find(({ id }) => id === Ref);
      assert.equal(group?.Properties['RetentionInDays'], 30);
      assert.ok(group.Properties['KmsKeyId']);
    }
  });

  test('opens no shell where none is wanted', async () => {
    const synthesis = await threeTier('poc', { services: { shell: false } });
    assert.equal(serviceOf(synthesis, 'api').Properties['EnableExecuteCommand'] ?? false, false);
    assert.equal(containerOf(taskOf(synthesis, 'api')).MountPoints.length, 1);
    assert.doesNotMatch(JSON.stringify([...synthesis.templates]), /ssmmessages/);
  });
});

describe('a service', () => {
  test('runs in two zones at least, two tasks at least and four at the most', async () => {
    const synthesis = await threeTier('prd');
    const targets = all(synthesis, 'AWS::ApplicationAutoScaling::ScalableTarget');
    assert.equal(targets.length, TIERS.length);
    for (const { Properties } of targets)
      assert.deepEqual([Properties['MinCapacity'], Properties['MaxCapacity']], [2, 4]);
    for (const tier of TIERS) {
      const { NetworkConfiguration, AvailabilityZoneRebalancing } = serviceOf(synthesis, tier).Properties;
      const { AwsvpcConfiguration } = NetworkConfiguration as { readonly AwsvpcConfiguration: Values };
      assert.equal((AwsvpcConfiguration['Subnets'] as unknown[]).length, 2);
      assert.equal(AwsvpcConfiguration['AssignPublicIp'], 'DISABLED');
      assert.equal(AvailabilityZoneRebalancing, 'ENABLED');
    }
  });

  test('takes a deployment that does not become well back, and stops nothing before', async () => {
    const synthesis = await threeTier('dev');
    for (const tier of TIERS) {
      assert.deepEqual(serviceOf(synthesis, tier).Properties['DeploymentConfiguration'], {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        MaximumPercent: 200,
        MinimumHealthyPercent: 100,
      });
      // What scaling has found stays through a deployment.
      assert.equal(serviceOf(synthesis, tier).Properties['DesiredCount'], undefined);
    }
  });

  test('takes a deployment back that callers are answered 5XX by, where there are alarms', async () => {
    const synthesis = await threeTier('prd');
    const [alarm] = all(synthesis, 'AWS::CloudWatch::Alarm').filter(({ id }) =>
      id.includes('FrontErrorsGoOn'),
    );
    for (const tier of TIERS) {
      const { Alarms } = serviceOf(synthesis, tier).Properties['DeploymentConfiguration'] as Values;
      const watched = { AlarmNames: [{ Ref: alarm?.id }], Enable: true, Rollback: true };
      assert.deepEqual(Alarms, tier === 'persister' ? undefined : watched, tier);
    }
  });

  test('is given the time to end what it was sent', async () => {
    const synthesis = await threeTier('prd');
    const { limits } = parseConfig(configOf(taskOf(synthesis, 'api')));
    for (const tier of TIERS) {
      const stop = Number(containerOf(taskOf(synthesis, tier))['StopTimeout']);
      assert.equal(stop, stopSecondsOf(synthesis.deployment));
      assert.ok(stop * 1000 > limits.shutdownGraceMs && stop <= 120);
    }
    for (const { Properties } of all(synthesis, 'AWS::ElasticLoadBalancingV2::TargetGroup')) {
      const attributes = Properties['TargetGroupAttributes'] as readonly {
        readonly Key: string;
        readonly Value: string;
      }[];
      const delay = attributes.find(({ Key }) => Key === 'deregistration_delay.timeout_seconds');
      assert.ok(Number(delay?.Value) * 1000 > Math.max(limits.requestTimeoutMs, limits.batchTimeoutMs));
    }
    assert.ok(IDLE_SECONDS * 1000 < limits.keepAliveTimeoutMs, 'the balancer hangs up before the task does');
  });

  test('adds tasks at 60 % of its processors and takes them away below', async () => {
    const policies = all(await threeTier('prd'), 'AWS::ApplicationAutoScaling::ScalingPolicy');
    const settings = policies.map(
      ({ Properties }) => Properties['TargetTrackingScalingPolicyConfiguration'] as Values,
    );
    const cpu = settings.filter(
      ({ PredefinedMetricSpecification }) => PredefinedMetricSpecification !== undefined,
    );
    assert.equal(cpu.length, 2);
    for (const { TargetValue, DisableScaleIn } of cpu)
      assert.deepEqual([TargetValue, DisableScaleIn], [60, false]);
  });

  test('of the persister follows what waits for each of its tasks', async () => {
    const policies = all(await threeTier('prd'), 'AWS::ApplicationAutoScaling::ScalingPolicy');
    const [backlog] = policies
      .map(({ Properties }) => Properties['TargetTrackingScalingPolicyConfiguration'] as Values)
      .filter(({ CustomizedMetricSpecification }) => CustomizedMetricSpecification !== undefined);
    assert.ok(backlog);
    assert.deepEqual([backlog['TargetValue'], backlog['DisableScaleIn']], [100, false]);
    const { Metrics } = backlog['CustomizedMetricSpecification'] as { readonly Metrics: readonly Values[] };
    assert.equal(Metrics.filter(({ ReturnData }) => ReturnData === true).length, 1);
    assert.equal(Metrics.at(-1)?.['Expression'], 'waiting / tasks');
    const names = Metrics.flatMap(({ MetricStat }) =>
      MetricStat === undefined ? [] : [(MetricStat as { readonly Metric: Values }).Metric['MetricName']],
    );
    assert.deepEqual(names, ['ApproximateNumberOfMessagesVisible', 'RunningTaskCount']);
  });
});

test('the cluster counts every task, and writes down what is done in shells', async () => {
  const synthesis = await threeTier('prd');
  const [cluster] = all(synthesis, 'AWS::ECS::Cluster');
  assert.deepEqual(cluster?.Properties['ClusterSettings'], [{ Name: 'containerInsights', Value: 'enabled' }]);
  const { ExecuteCommandConfiguration: shell } = cluster.Properties['Configuration'] as {
    readonly ExecuteCommandConfiguration: {
      readonly Logging: string;
      readonly LogConfiguration: Values;
      readonly KmsKeyId: unknown;
    };
  };
  assert.equal(shell.Logging, 'OVERRIDE');
  assert.equal(shell.LogConfiguration['CloudWatchEncryptionEnabled'], true);
  assert.ok(shell.KmsKeyId);
});

test('a change of one tier is no deployment of the others', async () => {
  const before = await threeTier('dev');
  const after = await threeTier('dev', { services: { api: { memoryMb: 2_048 } } });
  for (const tier of TIERS) {
    const [a, b] = [taskOf(before, tier), taskOf(after, tier)];
    assert.equal(JSON.stringify(a.Properties) === JSON.stringify(b.Properties), tier !== 'api', tier);
  }
});
