/**
 * The commands that touch data, against DynamoDB Local, SQS and S3 emulated, and a real server of Daybook on them. DynamoDB
 * Local knows neither restores, recovery to a point in time nor tags: for these the test stands in, and remembers.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CreateTableCommand, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';

import { createS3Objects } from '../../../daybook/src/objects/s3/s3-objects.ts';
import { createDeadLetters } from '../../../daybook/src/persister/dead-letters.ts';
import { createDynamoDbStore } from '../../../daybook/src/store/dynamodb/dynamodb-store.ts';
import { createSource, makeEntry } from '../../../daybook/src/testing/made-batches.ts';
import { runCli } from '../../../daybook/test/cli/run-cli.ts';
import { hasJava, startDynamoDbLocal } from '../../../daybook/test/support/dynamodb-local.ts';
import { eventually } from '../../../daybook/test/support/eventually.ts';
import { startFauxqs } from '../../../daybook/test/support/fauxqs.ts';
import { startDaybook } from '../../../daybook/test/support/start-daybook.ts';
import { startStrictS3 } from '../../../daybook/test/support/strict-s3.ts';
import type { Template } from '../../src/aws/assembly.ts';
import { createSdkCalls } from '../../src/aws/sdk-calls.ts';
import { appTemplate, REGION } from './small-assembly.ts';
import type { Answers, TestRunOptions } from './test-host.ts';
import { runCloud } from './test-host.ts';

const TABLE = 'entries';
const BUCKET = 'dead-letters';
const skip = hasJava ? false : 'needs Java for DynamoDB Local';

async function startAll() {
  const dynamoDb = await startDynamoDbLocal();
  const fauxqs = await startFauxqs({ persistent: false });
  const s3 = await startStrictS3(fauxqs.endpoint);
  after(async () => {
    await s3.close();
    await fauxqs.dispose();
    await dynamoDb.dispose();
  });
  // The SDK's own way to another endpoint.
  process.env['AWS_ENDPOINT_URL_DYNAMODB'] = dynamoDb.endpoint;
  const { region, credentials } = fauxqs;
  const buckets = new S3Client({ region, credentials, endpoint: s3.endpoint, forcePathStyle: true });
  await buckets.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const queues = new SQSClient({ region, credentials, endpoint: fauxqs.endpoint });
  const Attributes = { MessageRetentionPeriod: '1209600', VisibilityTimeout: '360' };
  await queues.send(new CreateQueueCommand({ QueueName: 'main', Attributes }));
  const table = (name: string, extra = ''): string =>
    `dynamodb://${REGION}/${name}?endpoint=${encodeURIComponent(dynamoDb.endpoint)}${extra}`;
  const env = (name: string, extra?: string): Record<string, string> => ({
    DAYBOOK_STORE: table(name, extra),
    DAYBOOK_REGION: REGION,
    DAYBOOK_QUEUE: `sqs://${region}/000000000000/main?endpoint=${encodeURIComponent(fauxqs.endpoint)}`,
    DAYBOOK_OBJECTS: `s3://${BUCKET}/?region=${region}&endpoint=${encodeURIComponent(s3.endpoint)}`,
  });
  const objects = createS3Objects({
    bucket: BUCKET,
    prefix: '',
    region,
    endpoint: s3.endpoint,
    forcePathStyle: true,
  });
  return { env, objects };
}

const started = hasJava ? await startAll() : undefined;

/** The deployed table is the one of this test. */
const named: Answers = {
  'cloudformation:ListStackResources': () => ({
    StackResourceSummaries: [
      {
        LogicalResourceId: 'Table',
        ResourceType: 'AWS::DynamoDB::Table',
        PhysicalResourceId: TABLE,
        ResourceStatus: 'CREATE_COMPLETE',
        LastUpdatedTimestamp: new Date(0),
      },
    ],
  }),
};

test(
  'drain without a key makes the servers of that region fail their readiness, until undrain',
  { skip },
  async () => {
    assert.ok(started);
    const table = 'drained';
    const server = await startDaybook({ env: started.env(table, '&createTable=on') });
    try {
      const readiness = async () => (await fetch(`${server.address}/readyz`)).status;
      const variables = { DAYBOOK_STORE: `dynamodb://${REGION}/${table}` };
      const template: Template = {
        Resources: {
          Api: {
            Type: 'AWS::Lambda::Function',
            Properties: { Description: 'Daybook: api', Environment: { Variables: variables } },
          },
        },
        Outputs: { Url: { Value: server.address } },
      };
      assert.equal(await readiness(), 200);
      const alone = await runCloud(['drain'], { template });
      assert.equal(alone.code, 1);
      assert.match(alone.stderr, /found no other region; --force drains eu-west-1 anyway/);

      const drained = await runCloud(['drain', '--force', '--reason', 'new disk'], { template });
      assert.equal(drained.code, 0, drained.stderr);
      assert.equal(drained.stdout, `region ${REGION}: drained`);
      await eventually('the server hears of it', async () => (await readiness()) === 503);
      const said = await (await fetch(`${server.address}/readyz`)).text();
      assert.match(said, /"code":"REGION_DRAINED".*operator:.*new disk/);
      const posted = await fetch(`${server.address}/app`, { method: 'POST', body: 'still taken' });
      assert.equal(posted.status, 202, 'what still comes is taken');

      const undrained = await runCloud(['undrain', '--json'], { template });
      assert.deepEqual(JSON.parse(undrained.stdout), { region: REGION, drained: false });
      await eventually('it is ready again', async () => (await readiness()) === 200);
    } finally {
      await server.stop();
    }
  },
);

test(
  'admin-key writes a key that servers take, and dead letters are worked on with it',
  { skip },
  async () => {
    assert.ok(started);
    const server = await startDaybook({ env: started.env(TABLE, '&createTable=on') });
    try {
      const options: TestRunOptions = {
        answers: named,
        template: { ...appTemplate, Outputs: { Url: { Value: `${server.address}/` } } },
      };
      const made = await runCloud(['admin-key', '--name', 'ana', '--expires', '8d'], options);
      assert.equal(made.code, 0, made.stderr);
      const key = made.stdout;
      assert.match(key, /^dbk_\w+$/, 'the key is on standard output, alone');
      assert.match(made.stderr, /^key [0-9a-f]{16} \(ana\): admin; until \d{4}-/);

      const headers = { authorization: `Bearer ${key}` };
      await eventually('the server takes the key', async () => {
        return (await fetch(`${server.address}/api/keys`, { headers })).status === 200;
      });

      const store = await createDynamoDbStore({ table: TABLE, awsRegion: REGION, region: REGION });
      const letters = createDeadLetters({ objects: started.objects, store });
      const entry = makeEntry({
        register: 'app',
        payload: Buffer.from('payload'),
        contentType: 'text/plain',
      });
      const batch = createSource('source')([entry]);
      const failedAt = { firstFailedAt: 1_000_000, lastFailedAt: 2_000_000 };
      await letters.write(entry, {
        code: 'rejected',
        message: 'no',
        attempts: 1,
        ...failedAt,
        source: 'source',
        n: 1,
      });
      await store.persist([{ batch, part: false, leftOut: [{ index: 0, as: 'dead' }] }]);

      const outputs: string[] = [];
      const withKey: TestRunOptions = {
        ...options,
        apiKey: key,
        async runProgram({ args, env = {} }) {
          const { exitCode, stdout, stderr } = await runCli(args, { env });
          outputs.push(stdout + stderr);
          return exitCode ?? 1;
        },
      };
      const listed = await runCloud(['dead-letters', 'list', '--register', 'app'], withKey);
      assert.equal(listed.code, 0, outputs.join(''));
      assert.match(outputs.join(''), new RegExp(`${entry.id}  app +rejected`));
      const replayed = await runCloud(['dead-letters', 'replay', entry.id, '--yes'], withKey);
      assert.equal(replayed.code, 0, outputs.join(''));
      assert.equal((await store.find('app', entry.id))?.status, 'stored');
      const none = await runCloud(['dead-letters', 'show', entry.id], withKey);
      assert.equal(none.code, 1, 'the exit code of Daybook is ours');

      const audit = await store.list({ register: 'audit', order: 'asc', limit: 10, maxBytes: 1_000_000 });
      const [first] = audit.entries.map(
        ({ payload }) => JSON.parse(Buffer.from(payload ?? []).toString()) as object,
      );
      assert.deepEqual(
        { ...first, by: '', requestId: '', detail: '', target: '' },
        {
          action: 'keys create',
          outcome: 'done',
          by: '',
          requestId: '',
          detail: '',
          target: '',
        },
      );
      await store.close();
    } finally {
      await server.stop();
    }
  },
);

test('a table without entries of Daybook, or none of that name, is told in one line', { skip }, async () => {
  const other: Answers = {
    'cloudformation:ListStackResources': () => ({
      StackResourceSummaries: [
        {
          LogicalResourceId: 'Table',
          ResourceType: 'AWS::DynamoDB::Table',
          PhysicalResourceId: 'nowhere',
          ResourceStatus: 'CREATE_COMPLETE',
          LastUpdatedTimestamp: new Date(0),
        },
      ],
    }),
  };
  const { code, stderr } = await runCloud(['admin-key'], { answers: other });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^daybook cloud: store: expected a table nowhere with the keys [^\n]*found none of that name$/,
  );
});

const nameOf = (arn = ''): string => arn.split('/').at(-1) ?? '';

/** What DynamoDB Local has not. */
function standIn(client: DynamoDBClient): Answers {
  const local = createSdkCalls();
  const recovery = new Map<string, number>([[TABLE, 14]]);
  const tags = new Map<string, { Key: string; Value: string }[]>([
    [
      TABLE,
      [
        { Key: 'project', Value: 'daybook' },
        { Key: 'aws:cloudformation:stack-name', Value: 'x' },
      ],
    ],
  ]);
  return {
    ...named,
    'dynamodb:DescribeTable': (input, region) => local.send('dynamodb:DescribeTable', region, input),
    'dynamodb:UpdateTable': (input, region) => local.send('dynamodb:UpdateTable', region, input),
    'dynamodb:DescribeContinuousBackups': ({ TableName = '' }) => {
      const days = recovery.get(TableName);
      return {
        ContinuousBackupsDescription: {
          ContinuousBackupsStatus: 'ENABLED',
          PointInTimeRecoveryDescription: {
            PointInTimeRecoveryStatus: days === undefined ? 'DISABLED' : 'ENABLED',
            ...(days !== undefined && { RecoveryPeriodInDays: days }),
            EarliestRestorableDateTime: new Date('2026-11-07T08:00:00Z'),
            LatestRestorableDateTime: new Date('2026-11-21T07:55:00Z'),
          },
        },
      };
    },
    'dynamodb:UpdateContinuousBackups': ({ TableName = '', PointInTimeRecoverySpecification }) => {
      recovery.set(TableName, PointInTimeRecoverySpecification?.RecoveryPeriodInDays ?? 35);
      return {};
    },
    'dynamodb:ListTagsOfResource': ({ ResourceArn }) => ({ Tags: tags.get(nameOf(ResourceArn)) ?? [] }),
    'dynamodb:TagResource': ({ ResourceArn, Tags = [] }) => {
      tags.set(nameOf(ResourceArn), Tags as { Key: string; Value: string }[]);
      return {};
    },
    // A restore gives the items and the keys, and nothing else that matters here.
    'dynamodb:RestoreTableToPointInTime': async ({ TargetTableName }) => {
      const { Items = [] } = await client.send(new ScanCommand({ TableName: TABLE, ConsistentRead: true }));
      await client.send(
        new CreateTableCommand({
          TableName: TargetTableName,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
          AttributeDefinitions: ['pk', 'sk'].map((name) => ({ AttributeName: name, AttributeType: 'S' })),
        }),
      );
      for (const Item of Items) await client.send(new PutItemCommand({ TableName: TargetTableName, Item }));
      return {};
    },
  };
}

test(
  'a restored table has the settings of its source and a new epoch, and a server goes on with it',
  { skip },
  async () => {
    assert.ok(started);
    const client = new DynamoDBClient({ region: REGION });
    after(() => client.destroy());
    const first = await startDaybook({
      env: { ...started.env(TABLE, '&createTable=on'), DAYBOOK_QUEUE: 'none' },
    });
    const posted = await fetch(`${first.address}/app`, { method: 'POST', body: 'before the disaster' });
    assert.equal(posted.status, 201);
    const location = posted.headers.get('location') ?? '';
    const tail = await fetch(`${first.address}/app?live=long-poll&cursor=start`);
    const { nextCursor } = (await tail.json()) as { nextCursor: string };
    await first.stop();
    const answers = standIn(client);
    await createSdkCalls().send('dynamodb:UpdateTable', REGION, {
      TableName: TABLE,
      DeletionProtectionEnabled: true,
    });

    const outside = await runCloud(['restore', '--to', '2026-10-01T00:00:00Z', '--table', 'restored'], {
      answers,
    });
    assert.match(
      outside.stderr,
      /--to: expected a time from 2026-11-07T08:00:00.000Z to 2026-11-21T07:55:00.000Z/,
    );

    const { code, stdout, stderr } = await runCloud(
      ['restore', '--to', '2026-11-21T07:00:00Z', '--table', 'restored', '--json'],
      { answers },
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), {
      region: REGION,
      source: TABLE,
      table: 'restored',
      changes: [
        { setting: 'recoveryDays', from: 'off', to: 14 },
        { setting: 'tags', from: {}, to: { project: 'daybook' } },
        { setting: 'deletionProtection', from: false, to: true },
      ],
      lanes: [REGION],
      replicas: [],
    });
    const { Table } = await createSdkCalls().send('dynamodb:DescribeTable', REGION, {
      TableName: 'restored',
    });
    assert.equal(Table?.DeletionProtectionEnabled, true);

    const second = await startDaybook({ env: { ...started.env('restored'), DAYBOOK_QUEUE: 'none' } });
    try {
      assert.equal((await fetch(new URL(location, second.address))).status, 200);
      const late = await fetch(`${second.address}/app?live=long-poll&cursor=${nextCursor}`);
      assert.equal(late.status, 410, 'a cursor of before would skip what comes now');
    } finally {
      await second.stop();
    }
  },
);
