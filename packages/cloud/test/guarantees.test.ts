/**
 * The properties that carry a guarantee, each held against what depends on it: encryption, retention, recovery, what is
 * kept when stacks go, timeouts against one another, names of variables against those that the handlers read.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { CONFIG_VARIABLE, ENVIRONMENT, TABLE_KEYS, URL_VARIABLE } from 'daybook/deployment';

import type { EnvironmentName } from '../src/config/schema.ts';
import { ENVIRONMENTS } from '../src/config/schema.ts';
import type { Resource, Values } from './support/resources.ts';
import { all, functionsOf, variablesOf } from './support/resources.ts';
import type { Synthesis, Topology } from './support/topologies.ts';
import { synthesize, TOPOLOGIES } from './support/topologies.ts';

const DAY_SECONDS = 86_400;
/** "Quotas": what API Gateway waits for an integration of a REST API, in seconds. */
const GATEWAY_SECONDS = 29;
/** What API Gateway, S3, logs and CDK need of the deploying account is theirs; these hold entries or tell of them. */
const HOLDS_DATA = [
  'AWS::DynamoDB::Table',
  'AWS::SQS::Queue',
  'AWS::S3::Bucket',
  'AWS::Logs::LogGroup',
  'AWS::KMS::Key',
];

/** The bucket of the console: what is in it is in the package. */
const COPIES = 'ConsoleFiles';

const syntheses = new Map<string, Synthesis>();
before(async () => {
  for (const topology of TOPOLOGIES) {
    for (const environment of ENVIRONMENTS)
      syntheses.set(`${topology} ${environment}`, await synthesize(topology, environment));
  }
});

function get(topology: Topology, environment: EnvironmentName): Synthesis {
  const found = syntheses.get(`${topology} ${environment}`);
  assert.ok(found);
  return found;
}

describe('the table', () => {
  test('can be restored to any second of 35 days, in every environment', () => {
    for (const synthesis of syntheses.values()) {
      const tables = all(synthesis, 'AWS::DynamoDB::Table');
      assert.equal(tables.length, 1);
      assert.deepEqual(tables[0]?.Properties['PointInTimeRecoverySpecification'], {
        PointInTimeRecoveryEnabled: true,
        RecoveryPeriodInDays: 35,
      });
    }
  });

  test('has the keys that the store expects, and neither index nor stream', () => {
    const [table] = all(get('alb-lambda', 'poc'), 'AWS::DynamoDB::Table');
    assert.deepEqual(table?.Properties['KeySchema'], [
      { AttributeName: TABLE_KEYS.partition, KeyType: 'HASH' },
      { AttributeName: TABLE_KEYS.sort, KeyType: 'RANGE' },
    ]);
    for (const absent of [
      'GlobalSecondaryIndexes',
      'LocalSecondaryIndexes',
      'StreamSpecification',
      'TimeToLiveSpecification',
    ])
      assert.equal(table?.Properties[absent], undefined, absent);
  });

  test('is paid by request, or has capacity that follows the load between two bounds', () => {
    assert.equal(
      all(get('gateway-queue', 'dev'), 'AWS::DynamoDB::Table')[0]?.Properties['BillingMode'],
      'PAY_PER_REQUEST',
    );
    const provisioned = get('jwt-gateway', 'prd');
    const [table] = all(provisioned, 'AWS::DynamoDB::Table');
    assert.deepEqual(table?.Properties['ProvisionedThroughput'], {
      ReadCapacityUnits: 5,
      WriteCapacityUnits: 5,
    });
    const targets = all(provisioned, 'AWS::ApplicationAutoScaling::ScalableTarget');
    assert.deepEqual(
      targets.map(({ Properties: { MinCapacity, MaxCapacity } }) => [MinCapacity, MaxCapacity]),
      [
        [5, 100],
        [5, 100],
      ],
    );
    for (const { Properties } of all(provisioned, 'AWS::ApplicationAutoScaling::ScalingPolicy')) {
      const { TargetValue } = Properties['TargetTrackingScalingPolicyConfiguration'] as Values;
      assert.equal(TargetValue, 45);
    }
  });
});

describe('what is kept', () => {
  test('stays when the stacks of prd go: nothing that holds data goes with them', () => {
    for (const topology of TOPOLOGIES) {
      const synthesis = get(topology, 'prd');
      for (const type of HOLDS_DATA) {
        const kept = all(synthesis, type).filter(({ id }) => !id.startsWith(COPIES));
        for (const { id, DeletionPolicy, UpdateReplacePolicy } of kept) {
          assert.match(DeletionPolicy ?? '', /^Retain/, id);
          assert.match(UpdateReplacePolicy ?? '', /^Retain/, id);
        }
      }
      assert.equal(all(synthesis, 'AWS::DynamoDB::Table')[0]?.Properties['DeletionProtectionEnabled'], true);
    }
  });

  test('goes with the stacks of poc and dev, objects in buckets too', () => {
    for (const topology of TOPOLOGIES) {
      const synthesis = get(topology, 'dev');
      const [table] = all(synthesis, 'AWS::DynamoDB::Table');
      assert.equal(table?.DeletionPolicy, 'Delete');
      assert.equal(table.Properties['DeletionProtectionEnabled'], false);
      const buckets = all(synthesis, 'AWS::S3::Bucket');
      assert.equal(all(synthesis, 'Custom::S3AutoDeleteObjects').length, buckets.length);
    }
  });

  test('is logged for the days of the environment, flows for 14, and nothing for ever', () => {
    for (const synthesis of syntheses.values()) {
      const { retentionDays, flowLogDays } = synthesis.deployment.logs;
      for (const { id, Properties } of all(synthesis, 'AWS::Logs::LogGroup')) {
        const expected = id.includes('FlowLogs') || id.includes('PrefixLists') ? flowLogDays : retentionDays;
        assert.equal(Properties['RetentionInDays'], expected, id);
      }
      for (const { id, Properties } of all(synthesis, 'AWS::Lambda::Function')) {
        const { LogGroup } = (Properties['LoggingConfig'] ?? {}) as Values;
        assert.ok(LogGroup, `${id} has a log group of its own`);
      }
    }
  });
});

describe('encryption', () => {
  test('is by one key of the deployment, rotated, where it has one: table, queues, buckets, topics and log groups', () => {
    for (const topology of TOPOLOGIES) {
      const synthesis = get(topology, 'prd');
      const keys = all(synthesis, 'AWS::KMS::Key');
      assert.equal(keys.length, 1);
      assert.equal(keys[0]?.Properties['EnableKeyRotation'], true);
      const naming: Readonly<Record<string, (properties: Values) => unknown>> = {
        'AWS::DynamoDB::Table': ({ SSESpecification }) => (SSESpecification as Values)['KMSMasterKeyId'],
        'AWS::SQS::Queue': ({ KmsMasterKeyId }) => KmsMasterKeyId,
        'AWS::SNS::Topic': ({ KmsMasterKeyId }) => KmsMasterKeyId,
        'AWS::Logs::LogGroup': ({ KmsKeyId }) => KmsKeyId,
      };
      for (const [type, keyOf] of Object.entries(naming)) {
        for (const { id, Properties } of all(synthesis, type))
          assert.match(JSON.stringify(keyOf(Properties)) ?? '', /Key/, `${topology} ${id}`);
      }
    }
  });

  test('is at rest everywhere without one too, and on the way everywhere', () => {
    for (const synthesis of syntheses.values()) {
      for (const { id, Properties } of all(synthesis, 'AWS::DynamoDB::Table'))
        assert.equal((Properties['SSESpecification'] as Values)['SSEEnabled'], true, id);
      for (const { id, Properties } of all(synthesis, 'AWS::SQS::Queue'))
        assert.ok(Properties['KmsMasterKeyId'] ?? Properties['SqsManagedSseEnabled'], id);
      for (const { id, Properties } of all(synthesis, 'AWS::S3::Bucket')) {
        assert.ok(Properties['BucketEncryption'], id);
        assert.deepEqual(
          Object.values(Properties['PublicAccessBlockConfiguration'] as Values),
          [true, true, true, true],
          id,
        );
      }
      for (const type of ['AWS::SQS::QueuePolicy', 'AWS::S3::BucketPolicy']) {
        for (const { id, Properties } of all(synthesis, type))
          assert.match(JSON.stringify(Properties['PolicyDocument']), /"aws:SecureTransport":"false"/, id);
      }
    }
  });
});

describe('the queue', () => {
  test('keeps for 14 days, and moves nothing away for an outage', () => {
    for (const topology of ['gateway-queue', 'jwt-gateway'] as const) {
      const queues = all(get(topology, 'prd'), 'AWS::SQS::Queue').filter(({ id }) => id.startsWith('Queue'));
      assert.equal(queues.length, 2);
      for (const { Properties } of queues)
        assert.equal(Properties['MessageRetentionPeriod'], 14 * DAY_SECONDS);
      const redrives = queues.flatMap(({ Properties }) => Properties['RedrivePolicy'] ?? []);
      assert.deepEqual(
        redrives.map((policy) => (policy as Values)['maxReceiveCount']),
        [1_000],
      );
    }
  });

  test('hides a message for six times as long as its function may run', () => {
    const synthesis = get('gateway-queue', 'dev');
    const mappings = all(synthesis, 'AWS::Lambda::EventSourceMapping');
    assert.equal(mappings.length, 2);
    const byId = (id: string): Resource | undefined =>
      [...all(synthesis, 'AWS::SQS::Queue'), ...functionsOf(synthesis)].find((one) => one.id === id);
    for (const { Properties } of mappings) {
      const { EventSourceArn, FunctionName, FunctionResponseTypes } = Properties;
      const queue = byId((EventSourceArn as { 'Fn::GetAtt': string[] })['Fn::GetAtt'][0] ?? '');
      const reader = byId((FunctionName as { Ref: string }).Ref);
      assert.ok(
        Number(queue?.Properties['VisibilityTimeout']) >= 6 * Number(reader?.Properties['Timeout']),
        queue?.id,
      );
      assert.deepEqual(FunctionResponseTypes, ['ReportBatchItemFailures']);
    }
  });

  test('has had every delivery of what crashes its function long before it would let go of it', async () => {
    const slowest = { functions: { persisterTimeoutSeconds: 100 } };
    const [main] = all(await synthesize('gateway-queue', 'dev', slowest), 'AWS::SQS::Queue').filter(
      ({ Properties }) => Properties['RedrivePolicy'] !== undefined,
    );
    assert.ok(main);
    const { maxReceiveCount } = main.Properties['RedrivePolicy'] as Values;
    const seconds = Number(main.Properties['VisibilityTimeout']) * Number(maxReceiveCount);
    assert.ok(seconds <= 7 * DAY_SECONDS, `${seconds} s`);
  });

  test('is read by a bounded number of persisters', async () => {
    const change = { queue: { batchSize: 5, maxConcurrency: 3 } };
    const [mapping] = all(
      await synthesize('gateway-queue', 'dev', change),
      'AWS::Lambda::EventSourceMapping',
    );
    assert.equal(mapping?.Properties['BatchSize'], 5);
    assert.deepEqual(mapping.Properties['ScalingConfig'], { MaximumConcurrency: 3 });
  });

  test('can have a topic before it, whose messages are the queue’s own', async () => {
    const synthesis = await synthesize('gateway-queue', 'prd', { queue: { fanOut: true } });
    const [subscription] = all(synthesis, 'AWS::SNS::Subscription').filter(({ id }) =>
      id.startsWith('Queue'),
    );
    assert.equal(subscription?.Properties['RawMessageDelivery'], true);
    assert.equal(subscription.Properties['Protocol'], 'sqs');
    // What SNS cannot deliver it would discard: it was acknowledged.
    const { deadLetterTargetArn } = (subscription.Properties['RedrivePolicy'] ?? {}) as Values;
    const [crashed] = (deadLetterTargetArn as { 'Fn::GetAtt': string[] })?.['Fn::GetAtt'] ?? [];
    assert.match(crashed ?? '', /^QueueCrashed/);
    const mayDeliver = all(synthesis, 'AWS::SQS::QueuePolicy').filter(
      ({ Properties }) =>
        JSON.stringify(Properties['Queues']).includes(crashed ?? '') &&
        JSON.stringify(Properties['PolicyDocument']).includes('sns.amazonaws.com'),
    );
    assert.equal(mayDeliver.length, 1);
    const [topic] = all(synthesis, 'AWS::SNS::Topic').filter(({ id }) => id.startsWith('Queue'));
    assert.equal(topic?.Properties['MaximumMessageSize'], 1_048_576);
    const api = functionsOf(synthesis).find(({ Properties }) => Properties['Description'] === 'Daybook: api');
    assert.match(JSON.stringify(api && variablesOf(api)['DAYBOOK_QUEUE']), /\?topic=/);
  });
});

describe('functions', () => {
  test('read no variable that Daybook does not know, and every one has its configuration', () => {
    const known = new Set([CONFIG_VARIABLE, URL_VARIABLE, ...Object.keys(ENVIRONMENT)]);
    for (const synthesis of syntheses.values()) {
      for (const one of functionsOf(synthesis)) {
        const variables = variablesOf(one);
        assert.deepEqual(
          Object.keys(variables).filter((name) => !known.has(name)),
          [],
          one.id,
        );
        assert.equal(variables[CONFIG_VARIABLE], '/var/task/daybook.config.json', one.id);
      }
    }
  });

  test('answer before the front gives up', () => {
    for (const synthesis of syntheses.values()) {
      const answering = functionsOf(synthesis).filter(({ Properties }) =>
        ['Daybook: api', 'Daybook: health', 'Daybook: authorizer'].includes(
          String(Properties['Description']),
        ),
      );
      assert.ok(answering.length >= 2);
      for (const { id, Properties } of answering)
        assert.ok(Number(Properties['Timeout']) <= GATEWAY_SECONDS, id);
    }
  });

  test('run on Node 24, on arm64, each with a role of its own', () => {
    for (const synthesis of syntheses.values()) {
      const ours = functionsOf(synthesis);
      for (const { id, Properties } of ours) {
        assert.equal(Properties['Runtime'], 'nodejs24.x', id);
        assert.deepEqual(Properties['Architectures'], ['arm64'], id);
      }
      assert.equal(
        new Set(ours.map(({ Properties }) => JSON.stringify(Properties['Role']))).size,
        ours.length,
      );
    }
  });

  test('are traced where the deployment says so', () => {
    for (const synthesis of syntheses.values()) {
      const mode = synthesis.deployment.observe.tracing ? { Mode: 'Active' } : undefined;
      for (const { id, Properties } of functionsOf(synthesis))
        assert.deepEqual(Properties['TracingConfig'], mode, id);
    }
  });

  test('can be warm before anybody calls', async () => {
    const synthesis = await synthesize('gateway-queue', 'dev', { functions: { provisionedConcurrency: 4 } });
    const [alias] = all(synthesis, 'AWS::Lambda::Alias');
    assert.deepEqual(alias?.Properties['ProvisionedConcurrencyConfig'], {
      ProvisionedConcurrentExecutions: 4,
    });
  });
});
