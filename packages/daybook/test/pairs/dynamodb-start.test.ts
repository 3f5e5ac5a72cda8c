/**
 * A start on DynamoDB: what cannot be used stops it with one line, what is only out of reach is waited for.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';

import type { DynamoDbLocal } from '../support/dynamodb-local.ts';
import { CREDENTIALS, hasJava, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import { eventually } from '../support/eventually.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook, tryStartDaybook } from '../support/start-daybook.ts';

/** The SDK then finds credentials nowhere, and asks no machine for them. */
const NOBODY = {
  AWS_ACCESS_KEY_ID: '',
  AWS_SECRET_ACCESS_KEY: '',
  AWS_EC2_METADATA_DISABLED: 'true',
  HOME: '/nonexistent',
};

/** The detail of `/readyz`; undefined when it is ready. */
async function unready({ address }: StartedDaybook): Promise<string | undefined> {
  const response = await fetch(`${address}/readyz`);
  const { detail } = (await response.json()) as { detail?: string };
  return response.status === 200 ? undefined : detail;
}

async function assertRefused(env: Record<string, string>, line: string): Promise<void> {
  const start = await tryStartDaybook({ env });
  if (start.started) await start.stop();
  assert.deepEqual(start.started || { exitCode: start.exitCode, stderr: start.stderr }, {
    exitCode: 2,
    stderr: `daybook: ${line}\n`,
  });
}

describe('a start on DynamoDB', { skip: !hasJava && 'DynamoDB Local needs Java' }, () => {
  let dynamoDb: DynamoDbLocal;
  before(async () => {
    dynamoDb = await startDynamoDbLocal({ persistent: true });
  });
  after(() => dynamoDb.dispose());

  const environment = (table: string, more = ''): Record<string, string> => ({
    ...CREDENTIALS,
    DAYBOOK_QUEUE: 'none',
    DAYBOOK_STORE: `dynamodb://${dynamoDb.awsRegion}/${table}?endpoint=${dynamoDb.endpoint}${more}`,
  });

  test('needs a table, unless it may make one', async () => {
    await assertRefused(
      environment('missing'),
      'store: expected a table missing with the keys pk (HASH, S), sk (RANGE, S), found none of that name',
    );
    for (const more of ['&createTable=on', '']) {
      const daybook = await startDaybook({ env: environment('made', more) });
      const answer = await fetch(`${daybook.address}/app`, { method: 'POST', body: '{}' });
      await daybook.stop();
      assert.equal(answer.status, 201);
    }
  });

  test('refuses a table of another shape, whoever made it', async () => {
    const client = new DynamoDBClient({ region: dynamoDb.awsRegion, endpoint: dynamoDb.endpoint });
    await client.send(
      new CreateTableCommand({
        TableName: 'wrong',
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'N' }],
      }),
    );
    client.destroy();
    for (const more of ['&createTable=on', '']) {
      await assertRefused(
        environment('wrong', more),
        'store: the table wrong: expected the keys pk (HASH, S), sk (RANGE, S), given id (HASH, N)',
      );
    }
  });

  test('waits without credentials, and says so', async () => {
    const daybook = await startDaybook({ env: { ...environment('made'), ...NOBODY } });
    try {
      await eventually('readiness names the credentials', async () =>
        /not reached yet: dynamodb: .*credentials/i.test((await unready(daybook)) ?? ''),
      );
      await eventually('the log does', async () => /"store-not-reached".*redentials/.test(daybook.stdout()));
    } finally {
      await daybook.stop();
    }
  });

  test('waits for what is away, and is ready by itself when it is there', async () => {
    await dynamoDb.stop();
    const daybook = await startDaybook({ env: environment('late', '&createTable=on') });
    try {
      await eventually('readiness names the address', async () =>
        /not reached yet: .*ECONNREFUSED/.test((await unready(daybook)) ?? ''),
      );
      const refused = await fetch(`${daybook.address}/app`, { method: 'POST', body: '{}' });
      const problem = (await refused.json()) as { code: string; outcome: string };
      assert.deepEqual(
        [refused.status, problem.code, problem.outcome],
        [503, 'STORE_UNAVAILABLE', 'not-written'],
      );
      await dynamoDb.start();
      await eventually('it is ready', async () => (await unready(daybook)) === undefined);
      const answer = await fetch(`${daybook.address}/app`, { method: 'POST', body: '{}' });
      assert.equal(answer.status, 201);
    } finally {
      await daybook.stop();
    }
  });
});
