/**
 * Several regions as stacks: what they look like, in which order they come, what they share, and what each may do.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { App, Stack, Validations } from 'aws-cdk-lib';

import type { EnvironmentName } from '../../src/config/schema.ts';
import { ENVIRONMENTS } from '../../src/config/schema.ts';
import { KNOWN_METRICS } from '../../src/observe/known-metrics.ts';
import type { Resource, Values } from '../support/resources.ts';
import { toSnapshot } from '../support/snapshot.ts';
import type { Synthesis } from '../support/topologies.ts';
import { REGIONS_TOPOLOGY, synthesize } from '../support/topologies.ts';
import { ofType, spreadDeployments, stacksOf, valuesOf } from './deployments.ts';

const deployments = spreadDeployments(['two-region', 'gateway-queue', 'jwt-gateway']);
const SNAPSHOT = new URL('../snapshots/two-region.snapshot', import.meta.url);

test('is what it was', async () => {
  const syntheses = {} as Record<EnvironmentName, Synthesis>;
  for (const environment of ENVIRONMENTS)
    syntheses[environment] = await synthesize(REGIONS_TOPOLOGY, environment);
  const text = toSnapshot(syntheses);
  if (process.env['DAYBOOK_UPDATE_SNAPSHOTS'] === '1') writeFileSync(SNAPSHOT, text);
  assert.deepEqual(text.split('\n'), readFileSync(SNAPSHOT, 'utf8').split('\n'));
});

test('cdk-nag finds nothing, and nothing is left alone for a whole stack', () => {
  for (const { app, missing, findings } of deployments) {
    assert.deepEqual(missing, []);
    const names = (findings as { pluginName: string }[]).map(({ pluginName }) => pluginName);
    assert.deepEqual(
      [...new Set(names)].filter((name) => name !== 'Construct Annotations'),
      [],
    );
    for (const construct of app.node.findAll()) {
      const rules = construct.node.metadata.filter(
        ({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY,
      );
      const isWhole = App.isApp(construct) || Stack.isStack(construct);
      assert.ok(rules.length === 0 || !isWhole, construct.node.path);
    }
  }
});

describe('one apply', () => {
  test('makes keys, then the table, then services, then records', () => {
    for (const synthesis of deployments) {
      const kinds = ['keys', 'table', 'app', 'routing'];
      const position = (name: string): number => kinds.findIndex((kind) => name.endsWith(`-${kind}`));
      for (const { stack } of stacksOf(synthesis)) {
        const needed = allNeededBy(stack).map(({ stackName }) => stackName);
        const own = position(stack.stackName);
        if (own < 1) continue;
        const before = kinds[own - 1];
        const expected = stacksOf(synthesis)
          .map((one) => one.stack.stackName)
          .filter((name) => name.endsWith(`-${before}`));
        assert.ok(expected.length > 0);
        assert.deepEqual(
          expected.filter((name) => !needed.includes(name)),
          [],
          stack.stackName,
        );
      }
    }
  });

  test('needs nothing that goes from one region to another during it', () => {
    for (const synthesis of deployments) {
      for (const { stack, all } of stacksOf(synthesis)) {
        const text = JSON.stringify(all);
        assert.doesNotMatch(text, /CrossRegion|ExportReader|ExportWriter/, stack.stackName);
        for (const [, from = ''] of text.matchAll(/"Fn::ImportValue":"([^:"]+):/g))
          assert.ok(from.includes(`-${stack.region}-`), `${stack.stackName} imports of ${from}`);
      }
    }
  });

  test('has names of its own making for two things only, the table and the alias of its keys', () => {
    const named = [
      'TableName',
      'AliasName',
      'QueueName',
      'BucketName',
      'FunctionName',
      'RoleName',
      'TopicName',
    ];
    for (const synthesis of deployments) {
      const found = stacksOf(synthesis).flatMap(({ all }) =>
        all
          .filter(
            ({ Type }) => !/^AWS::(?:CloudWatch|Lambda::(?:Alias|Permission|EventSource|Version))/.test(Type),
          )
          .flatMap(({ Type, Properties }) =>
            named.filter((name) => typeof Properties[name] === 'string').map((name) => `${Type} ${name}`),
          ),
      );
      assert.deepEqual([...new Set(found)].toSorted(), [
        'AWS::DynamoDB::GlobalTable TableName',
        'AWS::KMS::Alias AliasName',
      ]);
    }
  });
});

describe('the table', () => {
  test('is one, with a replica in each region: restorable, protected, and under a key of its region', () => {
    for (const synthesis of deployments) {
      const { regions, tableName, deployment } = synthesis;
      const tables = stacksOf(synthesis).flatMap(({ stack, all }) =>
        all.filter(({ Type }) => Type.startsWith('AWS::DynamoDB::')).map((table) => ({ stack, table })),
      );
      assert.equal(tables.length, 1);
      const [{ stack, table } = assert.fail()] = tables;
      assert.equal(stack.region, regions[0]);
      assert.equal(table.Type, 'AWS::DynamoDB::GlobalTable');
      assert.equal(table.DeletionPolicy, 'Retain');
      const { Properties } = table;
      assert.equal(Properties['MultiRegionConsistency'], 'EVENTUAL');
      assert.equal(Properties['TableName'], tableName);
      const replicas = Properties['Replicas'] as Values[];
      assert.deepEqual(replicas.map(({ Region }) => String(Region)).toSorted(), [...regions].toSorted());
      for (const replica of replicas) {
        assert.deepEqual(replica['PointInTimeRecoverySpecification'], {
          PointInTimeRecoveryEnabled: true,
          RecoveryPeriodInDays: 35,
        });
        assert.equal(replica['DeletionProtectionEnabled'], true);
        assert.equal((replica['Tags'] as unknown[]).length, 3);
        const key = valuesOf(replica['SSESpecification'])['KMSMasterKeyId'];
        const region = String(replica['Region']);
        if (region === regions[0]) assert.match(JSON.stringify(key), new RegExp(`-${region}-keys:`));
        else {
          assert.equal(key, `arn:aws:kms:${region}:${deployment.account}:alias/${tableName}`);
          const [alias] = ofType(synthesis.stack(region, 'keys'), 'AWS::KMS::Alias');
          assert.equal(alias?.Properties['AliasName'], `alias/${tableName}`);
        }
      }
    }
  });

  test('has capacity from 5 to 10 units at 45 %, for writes of all regions and for reads of each', () => {
    const [example] = deployments;
    const [table] = ofType(example?.stack('eu-west-1', 'table') ?? [], 'AWS::DynamoDB::GlobalTable');
    const scaled = {
      MinCapacity: 5,
      MaxCapacity: 10,
      TargetTrackingScalingPolicyConfiguration: { TargetValue: 45 },
    };
    assert.deepEqual(table?.Properties['WriteProvisionedThroughputSettings'], {
      WriteCapacityAutoScalingSettings: scaled,
    });
    for (const replica of table.Properties['Replicas'] as Values[])
      assert.deepEqual(replica['ReadProvisionedThroughputSettings'], {
        ReadCapacityAutoScalingSettings: scaled,
      });
  });
});

describe('a function', () => {
  test('uses the replica and the key of its region, and no other', () => {
    for (const { regions, stack, deployment, tableName, topology } of deployments) {
      for (const region of regions) {
        // Of functions; that of AWS Backup restores into tables that are not there yet.
        const statements = ofType(stack(region, 'app'), 'AWS::IAM::Policy')
          .filter(({ id }) => id.startsWith('Functions'))
          .flatMap(({ Properties }) => statementsOf(Properties));
        const tables = statements.filter(({ Action }) => JSON.stringify(Action).includes('"dynamodb:'));
        assert.ok(tables.length > 0);
        const own = `arn:aws:dynamodb:${region}:${deployment.account}:table/${tableName}`;
        const driven = tables.filter(({ Action }) => /PutItem|Query/.test(JSON.stringify(Action)));
        for (const { Resource } of driven) assert.equal(Resource, own, topology);
        const elsewhere = regions.filter((one) => one !== region);
        for (const statement of statements)
          for (const other of elsewhere)
            assert.ok(!JSON.stringify(statement).includes(other), `${region}: ${JSON.stringify(statement)}`);
      }
    }
  });

  test('writes the lane of its region, and no action is granted by a wildcard of a whole service', () => {
    for (const { regions, stack } of deployments) {
      for (const region of regions) {
        const app = stack(region, 'app');
        for (const { Properties } of ofType(app, 'AWS::Lambda::Function')) {
          const variables = valuesOf(valuesOf(Properties['Environment'] ?? {})['Variables'] ?? {});
          if (variables['DAYBOOK_REGION'] !== undefined) assert.equal(variables['DAYBOOK_REGION'], region);
        }
        for (const { Properties } of ofType(app, 'AWS::IAM::Policy'))
          for (const { Action } of statementsOf(Properties))
            assert.doesNotMatch(JSON.stringify(Action), /"(?:\*|\w+:\*)"/);
      }
    }
  });
});

describe('an alarm', () => {
  test('is in the region of its metric, and tells a topic there', () => {
    for (const synthesis of deployments) {
      const { regions, tableName } = synthesis;
      let ofRouting = 0;
      for (const { stack, all } of stacksOf(synthesis)) {
        const ids = new Set(all.map(({ id }) => id));
        for (const { id, Properties } of ofType(all, 'AWS::CloudWatch::Alarm')) {
          for (const { Namespace, MetricName, Dimensions, Region } of metricsOf(Properties)) {
            assert.equal(Region, undefined, 'an alarm reads the metrics of its own region');
            const { onlyIn } = KNOWN_METRICS[String(Namespace)] ?? {};
            if (onlyIn !== undefined) {
              assert.equal(stack.region, onlyIn, id);
              ofRouting += 1;
              const [{ Value: check } = assert.fail()] = Dimensions as Values[];
              assert.ok(ids.has(String((valuesOf(check)['Fn::GetAtt'] as string[])[0])), id);
            }
            if (MetricName === 'ReplicationLatency') {
              const by = Object.fromEntries((Dimensions as Values[]).map(({ Name, Value }) => [Name, Value]));
              assert.equal(by['TableName'], tableName);
              assert.ok(regions.includes(String(by['ReceivingRegion'])));
              assert.notEqual(by['ReceivingRegion'], stack.region, 'it is published where it was written');
            }
          }
          // That of a canary tells nobody: it is what takes the new version back.
          for (const target of (Properties['AlarmActions'] ?? []) as Values[])
            assert.ok(ids.has(String(target['Ref'])), `${id} tells ${JSON.stringify(target)}`);
        }
      }
      assert.equal(ofRouting, 2 * regions.length);
    }
  });

  test('tells of each direction of the replication', () => {
    for (const { regions, stack } of deployments) {
      const directions = regions.flatMap((region) =>
        ofType(stack(region, 'app'), 'AWS::CloudWatch::Alarm')
          .filter(({ Properties }) => Properties['MetricName'] === 'ReplicationLatency')
          .map(() => region),
      );
      assert.equal(directions.length, regions.length * (regions.length - 1));
    }
  });

  test('of a region that is away wakes somebody, also when the check was switched off', () => {
    for (const { stack } of deployments) {
      const away = ofType(stack('us-east-1', 'routing'), 'AWS::CloudWatch::Alarm').filter(
        ({ Properties }) => Properties['MetricName'] === 'HealthCheckStatus',
      );
      for (const { Properties } of away) {
        assert.equal(Properties['Statistic'], 'Minimum');
        assert.equal(Properties['ComparisonOperator'], 'LessThanThreshold');
        assert.equal(Properties['Threshold'], 1);
        assert.equal(Properties['Period'], 60);
        assert.equal(Properties['TreatMissingData'], 'breaching');
        assert.match(JSON.stringify(Properties['AlarmActions']), /High/);
        assert.deepEqual(Properties['OKActions'], Properties['AlarmActions']);
      }
    }
  });
});

test('there is one budget for all regions', async () => {
  const budget = { monthlyUsd: 100 };
  const { templates } = await synthesize(REGIONS_TOPOLOGY, 'prd', { budget });
  const budgets = [...templates.values()].flatMap(({ Resources = {} }) =>
    Object.values(Resources).filter(({ Type }) => Type === 'AWS::Budgets::Budget'),
  );
  assert.equal(budgets.length, 1);
});

test('a restored table takes the place of the own one in every region, and the own one stays', async () => {
  const store = { table: 'daybook-restored' };
  const { templates } = await synthesize(REGIONS_TOPOLOGY, 'prd', { store });
  const text = JSON.stringify([...templates]);
  for (const region of ['eu-west-1', 'us-east-1'])
    assert.match(text, new RegExp(`dynamodb://${region}/daybook-restored`));
  assert.doesNotMatch(text, /dynamodb:\/\/[a-z0-9-]+\/daybook-two-prd/);
  assert.match(text, /"Type":"AWS::DynamoDB::GlobalTable"/);
});

test('without a domain there is a table for all, and no name for all', async () => {
  const { templates } = await synthesize(REGIONS_TOPOLOGY, 'poc');
  assert.deepEqual(
    [...templates.keys()].map((name) => name.replace('daybook-two-poc-', '')),
    ['eu-west-1-keys', 'us-east-1-keys', 'eu-west-1-table', 'eu-west-1-app', 'us-east-1-app'],
  );
});

function allNeededBy(stack: Stack): Stack[] {
  return stack.dependencies.flatMap((one) => [one, ...allNeededBy(one)]);
}

function statementsOf(properties: Resource['Properties']): Values[] {
  return valuesOf(properties['PolicyDocument'])['Statement'] as Values[];
}

/** Of an alarm on one metric, or on an expression of several. */
function metricsOf(properties: Values): Values[] {
  const { Metrics } = properties;
  if (Metrics === undefined) return [properties];
  return (Metrics as Values[]).flatMap(({ MetricStat }) =>
    MetricStat === undefined ? [] : [valuesOf(valuesOf(MetricStat)['Metric'])],
  );
}
