/**
 * API keys of servers that share a store: what one of them does, the others know within seconds, also while they cannot
 * read for a while. On PostgreSQL, and on DynamoDB Local where there is Java.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { createDynamoDbStore } from '../../src/store/dynamodb/dynamodb-store.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { DynamoDbLocal } from '../support/dynamodb-local.ts';
import { hasJava, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import { eventually } from '../support/eventually.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { startPostgres } from '../support/postgres.ts';
import type { KeysServer } from './keys-server.ts';
import { ADMIN, startKeysServer } from './keys-server.ts';

interface Fleet {
  readonly servers: readonly [KeysServer, KeysServer];
  /** One more server, with a store of its own. */
  join(): Promise<KeysServer>;
  close(): Promise<void>;
}

async function startFleet(openStore: () => Promise<Store>): Promise<Fleet> {
  const opened: { close(): Promise<unknown> }[] = [];
  async function join(): Promise<KeysServer> {
    const store = await openStore();
    // Seldom enough that nothing goes on record before somebody closes.
    const server = startKeysServer(store, { lookEveryMs: 100 });
    opened.push(store, server);
    await eventually('the keys are loaded', async () => server.keys.status().state === 'ok', { everyMs: 10 });
    return server;
  }
  return {
    servers: [await join(), await join()],
    join,
    async close() {
      for (const one of opened.toReversed()) await one.close();
    },
  };
}

const known = (server: KeysServer, text: string) =>
  eventually('the other server knows the key', async () => server.keys.verify(text), { everyMs: 10 });
const refused = (server: KeysServer, text: string) =>
  eventually('the other server refuses it', async () => server.keys.verify(text) === undefined, {
    everyMs: 10,
  });

/** A server knows its own uses at once, those of others later. */
const unused = (server: KeysServer) => server.keys.list().map((one) => ({ ...one, usedAt: 0 }));

function testFleet(fleetOf: () => Fleet): void {
  test('a key made on one server is known to the others, and refused by all when one of them revoked it', async () => {
    const [a, b] = fleetOf().servers;
    const { key, text } = await a.keys.create({ name: 'ci', scopes: ['app.write'] }, ADMIN);
    assert.deepEqual(await known(b, text), { subject: 'key:ci', roles: new Set(['app.write']), kind: 'key' });
    await b.keys.revoke(key.keyId, { subject: 'key:ops', requestId: 'r' });
    assert.equal(b.keys.verify(text), undefined);
    await refused(a, text);
    assert.deepEqual(unused(a), unused(b));
  });

  test('a server can revoke what another one made this very moment', async () => {
    const [a, b] = fleetOf().servers;
    for (let times = 0; times < 5; times += 1) {
      const { key } = await a.keys.create({ name: 'fresh', scopes: ['app.write'] }, ADMIN);
      assert.equal((await b.keys.revoke(key.keyId, ADMIN))?.status, 'revoked');
    }
  });

  test('a server that joins later knows all of it, and the uses that others put on record', async () => {
    const fleet = fleetOf();
    const [a, b] = fleet.servers;
    const kept = await a.keys.create({ name: 'kept', scopes: ['app.write'] }, ADMIN);
    const gone = await a.keys.create({ name: 'gone', scopes: ['app.write'] }, ADMIN);
    await b.keys.revoke(gone.key.keyId, ADMIN);
    const leaving = await fleet.join();
    assert.ok(leaving.keys.verify(kept.text));
    await leaving.close();
    const c = await fleet.join();
    assert.ok(c.keys.list().find(({ name }) => name === 'kept')?.usedAt);
    assert.ok(c.keys.verify(kept.text));
    assert.equal(c.keys.verify(gone.text), undefined);
  });
}

describe('on PostgreSQL', () => {
  let postgres: TestPostgres;
  let fleet: Fleet;
  before(async () => {
    postgres = await startPostgres();
    const database = await postgres.createDatabase();
    fleet = await startFleet(() =>
      createPostgresStore({ url: postgres.url(database), region: 'local', newEpoch: 'an-epoch' }),
    );
  });
  after(async () => {
    await fleet.close();
    await postgres.dispose();
  });

  testFleet(() => fleet);

  test('while the store is away nothing is made or revoked, and known keys are believed; afterwards all goes on', async () => {
    const [a, b] = fleet.servers;
    const { key, text } = await a.keys.create({ name: 'through', scopes: ['app.write'] }, ADMIN);
    await known(b, text);
    await postgres.stop('immediate');
    const away = { name: 'DaybookError', code: 'STORE_UNAVAILABLE' };
    await assert.rejects(a.keys.create({ name: 'never', scopes: ['app.write'] }, ADMIN), away);
    await assert.rejects(a.keys.revoke(key.keyId, ADMIN), away);
    assert.ok(a.keys.verify(text));
    assert.ok(b.keys.verify(text));
    await postgres.start();
    await eventually(
      'it is revoked',
      async () => (await b.keys.revoke(key.keyId, ADMIN).catch(() => undefined))?.status === 'revoked',
    );
    await refused(a, text);
    assert.equal(a.keys.status().state, 'ok');
  });
});

describe('on DynamoDB', { skip: hasJava ? false : 'needs Java' }, () => {
  let dynamoDb: DynamoDbLocal;
  let fleet: Fleet;
  before(async () => {
    dynamoDb = await startDynamoDbLocal();
    const { awsRegion, endpoint } = dynamoDb;
    fleet = await startFleet(() =>
      createDynamoDbStore({ table: 'keys', awsRegion, endpoint, region: 'local', createTable: true }),
    );
  });
  after(async () => {
    await fleet.close();
    await dynamoDb.dispose();
  });

  testFleet(() => fleet);
});
