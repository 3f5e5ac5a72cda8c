/**
 * What lies where in the table, and what follows from it: which tables are taken, shards that change, several regions in
 * one table, what a replica sees too early, and what writes and reads cost.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { parseConfig } from '../../src/config/load.ts';
import type { Entry, StoredEntry } from '../../src/entry.ts';
import type { DynamoDbStoreOptions } from '../../src/store/dynamodb/dynamodb-store.ts';
import { renewEpochOfStore } from '../../src/renew-epoch.ts';
import { createDynamoDbStore } from '../../src/store/dynamodb/dynamodb-store.ts';
import type { Item, Write } from '../../src/store/dynamodb/item.ts';
import { keyOf } from '../../src/store/dynamodb/item.ts';
import { createTable } from '../../src/store/dynamodb/table.ts';
import type { Store } from '../../src/store/store.ts';
import { createLog } from '../../src/telemetry/log.ts';
import {
  BASE_MICROS,
  createSource,
  keyed,
  makeEntry,
  MINUTE_MICROS,
} from '../../src/testing/made-batches.ts';
import type { DynamoDbLocal } from '../support/dynamodb-local.ts';
import { hasJava, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import type { DynamoDbProxy } from '../support/dynamodb-proxy.ts';
import { startDynamoDbProxy } from '../support/dynamodb-proxy.ts';

const DAY_MICROS = 1440 * MINUTE_MICROS;
const ALL = { register: 'app', order: 'asc', limit: 1000, maxBytes: 10_000_000 } as const;
const ALL_TIME = { from: 0, to: Number.MAX_SAFE_INTEGER };

const idsOf = (entries: readonly Entry[]): string[] => entries.map(({ id }) => id);

async function listed(store: Store, query: Partial<Parameters<Store['list']>[0]> = {}): Promise<string[]> {
  return idsOf((await store.list({ ...ALL, ...query })).entries);
}

async function tailed(store: Store, lane: string, after = 0): Promise<string[]> {
  return idsOf((await store.tail({ ...ALL, lane, after })).entries);
}

function on(day: number, count: number): Entry[] {
  return Array.from({ length: count }, (_, index) =>
    makeEntry({ micros: BASE_MICROS + day * DAY_MICROS + index }),
  );
}

/** Of which each is a copy; in the order of their ids. */
function originals(entries: readonly StoredEntry[]) {
  return entries.map(({ id, duplicateOf }) => `${id} ${duplicateOf ?? 'none'}`).toSorted();
}

/** Both regions took the key: the smaller id is the original, however one looks. */
async function assertOneOriginal(store: Store, ...both: readonly Entry[]): Promise<void> {
  const [original, copy] = both.map(({ id }) => id).toSorted();
  const expected = [`${original} none`, `${copy} ${original}`];
  const page = { register: 'app', limit: 10, maxBytes: 1_000_000 };
  assert.deepEqual(originals((await store.list({ ...page, order: 'desc' })).entries), expected);
  const tails = await Promise.all(
    store.lanes.map(async ({ name }) => (await store.tail({ ...page, lane: name, after: 0 })).entries),
  );
  assert.deepEqual(originals(tails.flat()), expected);
  const found = await Promise.all(both.map(({ id }) => store.find('app', id)));
  assert.deepEqual(
    originals(found.flatMap((one) => (one?.status === 'stored' ? [one.entry] : []))),
    expected,
  );
}

describe('DynamoDB store, layout', { skip: !hasJava && 'DynamoDB Local needs Java' }, () => {
  let dynamoDb: DynamoDbLocal;
  let proxy: DynamoDbProxy;
  let tables = 0;
  const opened: { close(): Promise<void> | void }[] = [];

  before(async () => {
    dynamoDb = await startDynamoDbLocal();
    proxy = await startDynamoDbProxy(dynamoDb.endpoint);
  });
  after(async () => {
    await Promise.all(opened.map(async (one) => await one.close()));
    await proxy.close();
    await dynamoDb.dispose();
  });

  function connection(table = `layout-${(tables += 1)}`) {
    return { table, awsRegion: dynamoDb.awsRegion, endpoint: proxy.endpoint };
  }

  async function open(options: Partial<DynamoDbStoreOptions> & { table: string }): Promise<Store> {
    const all = { ...connection(options.table), region: 'local', createTable: true, ...options };
    const store = await createDynamoDbStore(all);
    opened.push(store);
    return store;
  }

  /** The table itself, to look at items and to remove them. */
  function look(table: string) {
    const raw = createTable(connection(table));
    opened.push(raw);
    return raw;
  }

  test('a table that is missing is named, and only made on request', async () => {
    const { table } = connection();
    await assert.rejects(open({ table, createTable: false }), {
      name: 'StartError',
      message: `store: expected a table ${table} with the keys pk (HASH, S), sk (RANGE, S), found none of that name`,
    });
    await open({ table });
    await open({ table, createTable: false });
  });

  test('a table with other keys is refused, with what differs', async () => {
    const { table } = connection();
    const client = new DynamoDBClient({ region: dynamoDb.awsRegion, endpoint: dynamoDb.endpoint });
    await client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'at', KeyType: 'RANGE' },
        ],
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'at', AttributeType: 'N' },
        ],
      }),
    );
    client.destroy();
    await assert.rejects(open({ table }), {
      name: 'StartError',
      message: `store: the table ${table}: expected the keys pk (HASH, S), sk (RANGE, S), given pk (HASH, S), at (RANGE, N)`,
    });
  });

  test('a database that cannot be reached is unavailable, not unusable', async () => {
    const nowhere = { table: 'none', endpoint: 'http://127.0.0.1:1', maxAttempts: 1 };
    await assert.rejects(open(nowhere), { name: 'StoreError', reason: 'unavailable' });
  });

  test('DynamoDB Local is known by its tables and claims no durability', async () => {
    const { capabilities } = await open(connection());
    assert.equal(capabilities.durability, 'memory');
    assert.match(capabilities.durabilityProof, /^DynamoDB Local/);
  });

  /** As the command line asks for it. */
  function renew(table: string): Promise<void> {
    const url = `dynamodb://${dynamoDb.awsRegion}/${table}?endpoint=${proxy.endpoint}`;
    return renewEpochOfStore(parseConfig({ store: { url } }), createLog('silent'));
  }

  test('a new epoch goes to the lanes of the table at the address that is given', async () => {
    const { table } = connection();
    const [before] = (await open({ table })).lanes;
    await renew(table);
    const [renewed] = (await open({ table })).lanes;
    assert.equal(renewed?.name, before?.name);
    assert.notEqual(renewed?.epoch, before?.epoch);
  });

  test('a new epoch that was not taken down is no success', async () => {
    const { table } = connection();
    const [before] = (await open({ table })).lanes;
    proxy.treat = (operation) => (operation === 'TransactWriteItems' ? 'conflict' : 'pass');
    await assert.rejects(renew(table), { name: 'StoreError', reason: 'unavailable' });
    proxy.treat = () => 'pass';
    const [found] = (await open({ table })).lanes;
    assert.equal(found?.epoch, before?.epoch);
  });

  test('a table in which no lane is gets no epoch, and that is told', async () => {
    const { table } = connection();
    const raw = look(table);
    await raw.create();
    await assert.rejects(renew(table), {
      name: 'StartError',
      message: `store: expected a table of Daybook that was opened before, given ${table} without a lane`,
    });
  });

  test('a day keeps its shards, whatever the setting becomes', async () => {
    const { table } = connection();
    const [before, after] = [await open({ table, shards: 1 }), await open({ table, shards: 5 })];
    const [first, second, third] = [on(0, 20), on(0, 20), on(1, 40)];
    await before.append(createSource('a')(first));
    await after.append(createSource('b')([...second, ...third]));
    await after.append(createSource('c')(first));
    const expected = idsOf([...first, ...second, ...third]).toSorted();
    for (const store of [before, after]) {
      assert.deepEqual(await listed(store), expected);
      assert.deepEqual(await listed(store, { order: 'desc', limit: 50 }), expected.toReversed().slice(0, 50));
      for (const id of [expected[0], expected.at(-1)]) assert.ok(await store.find('app', id as string));
    }
    const raw = look(table);
    const shards: string[] = [];
    for await (const item of raw.query({ pk: 'local#bucket#app' })) shards.push(item['shards']?.N ?? '');
    assert.deepEqual(shards, ['1', '5']);
  });

  test('a list meets a year without entries in one request', async () => {
    const { table } = connection();
    const store = await open({ table });
    const entries = [0, 400].map((day) => makeEntry({ micros: BASE_MICROS + day * DAY_MICROS }));
    await store.append(createSource('a')(entries));
    let queries = 0;
    proxy.treat = (operation) => {
      if (operation === 'Query') queries += 1;
      return 'pass';
    };
    assert.deepEqual(await listed(store), idsOf(entries));
    assert.equal(queries, 3, 'the buckets, and each of the two');
  });

  test('two regions in one table are read together and never share an item', async () => {
    const { table } = connection();
    const [here, there] = [await open({ table, region: 'here' }), await open({ table, region: 'there' })];
    const [one, two] = [
      makeEntry({ region: 'here', idempotencyKey: 'k', fingerprint: new Uint8Array(32) }),
      makeEntry({ region: 'there', idempotencyKey: 'k', fingerprint: new Uint8Array(32) }),
    ];
    await here.append({ ...createSource('a')([one]), region: 'here' });
    await there.append({ ...createSource('a')([two]), region: 'there' });
    const late = await open({ table, region: 'here' });
    assert.deepEqual(late.lanes, [...here.lanes, { ...there.lanes[0] }]);
    assert.notEqual(here.lanes[0]?.epoch, there.lanes[0]?.epoch);
    assert.deepEqual(await listed(late), idsOf([one, two]));
    assert.deepEqual(await tailed(late, 'here'), [one.id]);
    assert.deepEqual(await tailed(late, 'there'), [two.id]);
    assert.equal((await late.find('app', two.id))?.status, 'stored');
    await assertOneOriginal(late, one, two);
    const rows = await late.ledger(ALL_TIME, 10);
    assert.deepEqual(
      rows.map(({ region, stored }) => [region, stored]),
      [
        ['here', 1],
        ['there', 1],
      ],
    );
    const from = BASE_MICROS;
    assert.deepEqual(
      await late.count({ register: 'app', from, bucketMicros: MINUTE_MICROS, buckets: 1 }),
      [2],
    );
    await late.vouch({ voucher: 'a', region: 'here', through: 1, binding: true });
    assert.equal(await late.vouchedThrough(), undefined, 'the other region cannot be known');
  });

  test('one name in two AWS regions is refused: one would overwrite the other', async () => {
    const { table } = connection();
    await open({ table, region: 'local', awsRegion: 'eu-west-1' });
    const item = { pk: { S: 'lane' }, sk: { S: 'local' }, epoch: { S: 'e' }, awsRegion: { S: 'us-east-1' } };
    await look(table).put(item);
    await assert.rejects(open({ table }), {
      name: 'StartError',
      message: /^store: expected the region local to be written in us-east-1,/,
    });
  });

  test('on a replica a tail stops at a log item or an entry that is not there yet, and goes on later', async () => {
    const { table } = connection();
    const [store, raw] = [await open({ table }), look(table)];
    const next = createSource('a');
    const entries = Array.from({ length: 4 }, () => makeEntry());
    for (const entry of entries) await store.append(next([entry]));
    const ids = idsOf(entries);

    async function without(item: Item, seen: readonly string[]): Promise<void> {
      await raw.delete(keyOf(item));
      const page = await store.tail({ ...ALL, lane: 'local', after: 0 });
      assert.deepEqual(idsOf(page.entries), seen);
      await raw.put(item);
      assert.deepEqual([...seen, ...(await tailed(store, 'local', page.through))], ids);
    }
    const log: Item[] = [];
    for await (const item of raw.query({ pk: 'local#log' })) log.push(item);
    await without(log[2] as Item, ids.slice(0, 2));
    const [day] = [...(await collect(raw.query({ pk: 'local#bucket#app' })))];
    const places = await collect(raw.query({ pk: `local#entry#app#${day?.['sk']?.S}#0` }));
    await without(places[1] as Item, ids.slice(0, 1));
  });

  test('what a write costs is what the decision says', async () => {
    const { table } = connection();
    const store = await open({ table });
    const next = createSource('a');
    const payload = Buffer.alloc(500);
    // Entries of today: of a day that is long past its bucket is written as well.
    const micros = await thisMinute(store);
    const made = (fields: Partial<Entry> = {}) => makeEntry({ micros, payload, ...fields });
    // A day, a register and a minute that are new cost once.
    await store.append(next([made()]));
    const units: number[] = [];
    proxy.treat = (operation, body) => {
      if (operation === 'TransactWriteItems') units.push(writeUnits(body));
      return 'pass';
    };
    const many = (count: number, make: (index: number) => Entry) =>
      next(Array.from({ length: count }, (_, i) => make(i)));
    await store.append(many(1, () => made()));
    await store.append(many(97, () => made()));
    await store.append(many(1, () => made({ subject: 's' })));
    await store.append(many(48, () => made({ subject: 's' })));
    await store.append(many(32, (index) => made({ subject: `s-${index}` })));
    const withKey = (index: number) =>
      keyed(`key-of-twenty-characters-${index}`, 1, { micros, payload, subject: 's' });
    await store.append(many(32, withKey));
    console.log(`write units of 1, 97 and 1, 48 of a subject, 32 of as many, 32 keyed: ${units.join(', ')}`);
    assert.deepEqual(units, [8, 208, 12, 204, 202, 202]);
    assert.deepEqual(await store.missingBatches(), []);
  });
});

/** Of the database's clock, its beginning; Unix microseconds. */
async function thisMinute(store: Store): Promise<number> {
  return Math.floor((await store.time()) / MINUTE_MICROS) * MINUTE_MICROS;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/**
 * As Amazon charges a transaction: two units for each KB begun of each item. DynamoDB Local tells other figures. Counters
 * and checks name items of less than 1 KB.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
function writeUnits(body: string): number {
  const { TransactItems } = JSON.parse(body) as { TransactItems: Write[] };
  const bytes = TransactItems.map(({ Put }) => (Put === undefined ? 1 : itemBytes(Put.Item as Item)));
  return bytes.reduce((sum, size) => sum + 2 * Math.ceil(size / 1024), 0);
}

function itemBytes(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => {
    // In the request, bytes are base64.
    const [[type, content]] = Object.entries(value) as [[string, string]];
    const size = type === 'B' ? Buffer.from(content, 'base64').byteLength : Buffer.byteLength(content);
    return sum + Buffer.byteLength(name) + size;
  }, 0);
}
