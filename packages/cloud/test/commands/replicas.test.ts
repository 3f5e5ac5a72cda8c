/**
 * Replicas of a restored table: one in each other region, under the key there and protected as those that they take the
 * place of; by `restore` at its end, and by `replicate` where that did not come to its end.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AwsError } from '../../src/aws/aws-calls.ts';
import type { ShownCall } from '../../src/aws/dry-run-calls.ts';
import { configuration, REGIONS, TABLE, writeRegionsAssembly } from './regions-assembly.ts';
import type { Answers, TestRunOptions } from './test-host.ts';
import { runCloud } from './test-host.ts';

const [FIRST, SECOND] = REGIONS;
const RESTORED = 'restored';

interface Table {
  key: string;
  recovery: boolean;
  protected: boolean;
  tags: Record<string, string>;
  stream: boolean;
}

const SAFE: Table = { key: '', recovery: true, protected: true, tags: { project: 'daybook' }, stream: true };
const BARE: Table = { key: 'default', recovery: false, protected: false, tags: {}, stream: false };

const arnOf = (region: string, name: string): string => `arn:aws:dynamodb:${region}:1:table/${name}`;
const keyOf = (region: string): string => `arn:aws:kms:${region}:1:key/1`;

/** What DynamoDB answers of its tables, by region and name, and how a replica comes. */
function dynamoDb(tables: Map<string, Table>, status: string[]): Answers {
  const find = (region: string, name: string): Table => {
    const table = tables.get(arnOf(region, name));
    if (table === undefined) throw new AwsError('ResourceNotFoundException', `no table ${name} in ${region}`);
    return table;
  };
  let replica: string | undefined;
  return {
    'dynamodb:DescribeTable': ({ TableName = '' }, region) => {
      const table = find(region, TableName);
      // A replica is there when it is active.
      if (replica !== undefined && region === FIRST) replica = status.shift() ?? replica;
      if (replica === 'ACTIVE' && !tables.has(arnOf(SECOND, RESTORED)))
        tables.set(arnOf(SECOND, RESTORED), { ...BARE, key: keyOf(SECOND), stream: true });
      return {
        Table: {
          TableStatus: 'ACTIVE',
          TableArn: arnOf(region, TableName),
          DeletionProtectionEnabled: table.protected,
          StreamSpecification: { StreamEnabled: table.stream },
          SSEDescription: { KMSMasterKeyArn: table.key },
          ...(replica !== undefined && {
            Replicas: [
              { RegionName: SECOND, ReplicaStatus: replica as 'ACTIVE', ReplicaStatusDescription: 'no key' },
            ],
          }),
        },
      };
    },
    'dynamodb:DescribeContinuousBackups': ({ TableName = '' }, region) => ({
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: 'ENABLED',
        PointInTimeRecoveryDescription: {
          PointInTimeRecoveryStatus: find(region, TableName).recovery ? 'ENABLED' : 'DISABLED',
          RecoveryPeriodInDays: 35,
        },
      },
    }),
    'dynamodb:ListTagsOfResource': ({ ResourceArn = '' }) => ({
      Tags: Object.entries(tables.get(ResourceArn)?.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
    }),
    'dynamodb:UpdateTable': (
      { TableName = '', StreamSpecification, ReplicaUpdates, ...settings },
      region,
    ) => {
      const table = find(region, TableName);
      if (StreamSpecification !== undefined) table.stream = true;
      if (ReplicaUpdates !== undefined) replica = 'CREATING';
      table.protected = settings.DeletionProtectionEnabled ?? table.protected;
      return {};
    },
    'dynamodb:UpdateContinuousBackups': ({ TableName = '' }, region) => {
      find(region, TableName).recovery = true;
      return {};
    },
    'dynamodb:TagResource': ({ ResourceArn = '', Tags = [] }) => {
      const table = tables.get(ResourceArn);
      for (const { Key = '', Value = '' } of Tags) if (table !== undefined) table.tags[Key] = Value;
      return {};
    },
  };
}

function restoredIn(tables: readonly [region: string, name: string, table: Table][]): Map<string, Table> {
  return new Map(
    tables.map(([region, name, table]) => [arnOf(region, name), { ...table, tags: { ...table.tags } }]),
  );
}

const AFTER_RESTORE = () =>
  restoredIn([
    [FIRST, TABLE, { ...SAFE, key: keyOf(FIRST) }],
    [SECOND, TABLE, { ...SAFE, key: keyOf(SECOND) }],
    [FIRST, RESTORED, { ...SAFE, key: keyOf(FIRST), stream: false }],
  ]);

function run(argv: readonly string[], options: TestRunOptions = {}) {
  return runCloud(argv, {
    configuration: { ...configuration, customerManagedKey: true },
    writeAssembly: writeRegionsAssembly,
    ...options,
  });
}

const REPLICATE = ['replicate', '--region', FIRST, '--table', RESTORED];

test('a replica is made under the key of its region, and protected as the one that it takes the place of', async () => {
  const tables = AFTER_RESTORE();
  const answers = dynamoDb(tables, ['CREATING', 'CREATING', 'ACTIVE']);
  const { code, stdout, stderr, inputs } = await run(REPLICATE, { answers });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `${RESTORED} is in ${FIRST}, ${SECOND}`);
  const changes = inputs.filter(({ name }) => /^dynamodb:(?:Update|Tag)/.test(name));
  assert.deepEqual(
    changes.map(({ input }) => input),
    [
      {
        TableName: RESTORED,
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      },
      {
        TableName: RESTORED,
        ReplicaUpdates: [{ Create: { RegionName: SECOND, KMSMasterKeyId: keyOf(SECOND) } }],
      },
      {
        TableName: RESTORED,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
      },
      { ResourceArn: arnOf(SECOND, RESTORED), Tags: [{ Key: 'project', Value: 'daybook' }] },
      { TableName: RESTORED, DeletionProtectionEnabled: true },
    ],
  );

  const again = await run(REPLICATE, { answers });
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual(
    again.calls.filter((name) => /^dynamodb:(?:Update|Tag)/.test(name)),
    [],
    'what is there stays',
  );
});

test('a table that is in use by itself gets the settings of its own, under the deployment’s key there', async () => {
  const tables = restoredIn([[FIRST, RESTORED, { ...SAFE, key: keyOf(FIRST) }]]);
  const template = {
    TemplateBody: JSON.stringify({
      Resources: {
        Api: {
          Type: 'AWS::Lambda::Function',
          Properties: { Environment: { Variables: { DAYBOOK_STORE: `dynamodb://${FIRST}/${RESTORED}` } } },
        },
      },
    }),
  };
  const { code, stderr, inputs } = await run(['replicate', '--region', FIRST], {
    answers: { ...dynamoDb(tables, ['ACTIVE']), 'cloudformation:GetTemplate': () => template },
  });
  assert.equal(code, 0, stderr);
  const made = inputs.map(
    ({ input }) => input as { ReplicaUpdates?: { Create: { KMSMasterKeyId: string } }[] },
  );
  const [created] = made.flatMap(({ ReplicaUpdates = [] }) => ReplicaUpdates);
  assert.match(
    created?.Create.KMSMasterKeyId ?? '',
    new RegExp(`^arn:aws:kms:${SECOND}:\\d+:alias/daybook-dev$`),
  );
  const { key: _, ...replica } = tables.get(arnOf(SECOND, RESTORED)) ?? BARE;
  const { key: __, ...own } = tables.get(arnOf(FIRST, RESTORED)) ?? BARE;
  assert.deepEqual(replica, own);
});

test('a replica that cannot be made ends it, with DynamoDB’s reason', async () => {
  const { code, stderr } = await run(REPLICATE, {
    answers: dynamoDb(AFTER_RESTORE(), ['CREATING', 'CREATION_FAILED']),
  });
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`restored: expected a replica in ${SECOND}, found CREATION_FAILED: no key`),
  );
});

test('restore makes them at its end, when the epoch is new', async () => {
  const argv = ['restore', '--to', 'latest', '--table', RESTORED, '--region', FIRST];
  const { code, stdout, calls } = await run([...argv, '--dry-run']);
  assert.equal(code, 0);
  assert.deepEqual(calls, [], 'nothing was sent');
  const shown = stdout.split('\n').map((line) => JSON.parse(line) as ShownCall);
  const at = shown.findIndex(({ operation }) => operation === 'renewEpochs');
  const after = shown.slice(at + 1).filter(({ operation }) => /^(?:Update|Tag)/.test(operation));
  assert.deepEqual(
    after.map(({ operation, region, input }) => [operation, region, Object.keys(input as object)[1]]),
    [
      ['UpdateTable', FIRST, 'StreamSpecification'],
      ['UpdateTable', FIRST, 'ReplicaUpdates'],
      ['UpdateContinuousBackups', SECOND, 'PointInTimeRecoverySpecification'],
      ['TagResource', SECOND, 'Tags'],
      ['UpdateTable', SECOND, 'DeletionProtectionEnabled'],
    ],
  );
});

test('one region has nothing to replicate to, and a table has to be there', async () => {
  const alone = await runCloud(['replicate']);
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /regions: expected several, given eu-west-1/);
  const missing = await run(REPLICATE, { answers: dynamoDb(restoredIn([[FIRST, TABLE, SAFE]]), []) });
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /--table: expected a table in eu-west-1, given restored, which is none/);
});
