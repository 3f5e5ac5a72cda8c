/**
 * The DynamoDB store when the database, the network or another writer fails it: nothing is lost, nothing is stored
 * twice, the ledger balances, and it recovers without being opened again.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { DynamoDbStoreOptions } from '../../src/store/dynamodb/dynamodb-store.ts';
import { createDynamoDbStore } from '../../src/store/dynamodb/dynamodb-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createSource, keyed, makeEntry } from '../../src/testing/made-batches.ts';
import type { DynamoDbLocal } from '../support/dynamodb-local.ts';
import { hasJava, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import type { DynamoDbProxy, Treatment } from '../support/dynamodb-proxy.ts';
import { startDynamoDbProxy } from '../support/dynamodb-proxy.ts';
import { eventually } from '../support/eventually.ts';

const PLENTY = 10_000_000;
/** More than one transaction holds. */
const MANY = 250;

async function storedIds(store: Store): Promise<string[]> {
  const { entries, more } = await store.list({
    register: 'app',
    order: 'asc',
    limit: 1000,
    maxBytes: PLENTY,
  });
  assert.equal(more, false);
  const { entries: tailed } = await store.tail({
    register: 'app',
    lane: 'local',
    after: 0,
    limit: 1000,
    maxBytes: PLENTY,
  });
  const ids = entries.map(({ id }) => id);
  assert.deepEqual(tailed.map(({ id }) => id).toSorted(), ids, 'list and tail agree');
  return ids;
}

async function accepted(store: Store): Promise<number[]> {
  const rows = await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }, 1000);
  return [rows.reduce((sum, row) => sum + row.accepted, 0), rows.reduce((sum, row) => sum + row.stored, 0)];
}

/** Treats the transactions as listed, the first one first, and passes everything else. */
function transactions(...treatments: readonly Treatment[]): DynamoDbProxy['treat'] {
  const left = [...treatments];
  return (operation) => (operation === 'TransactWriteItems' ? (left.shift() ?? 'pass') : 'pass');
}

describe('DynamoDB store, faults', { skip: !hasJava && 'DynamoDB Local needs Java' }, () => {
  let dynamoDb: DynamoDbLocal;
  let proxy: DynamoDbProxy;
  let tables = 0;
  const opened: Store[] = [];

  before(async () => {
    dynamoDb = await startDynamoDbLocal({ persistent: true });
    proxy = await startDynamoDbProxy(dynamoDb.endpoint);
  });
  after(async () => {
    await Promise.all(opened.map(async (store) => await store.close()));
    await proxy.close();
    await dynamoDb.dispose();
  });

  async function open(options: Partial<DynamoDbStoreOptions> = {}): Promise<Store> {
    tables += 1;
    proxy.treat = () => 'pass';
    const store = await createDynamoDbStore({
      table: `faults-${tables}`,
      awsRegion: dynamoDb.awsRegion,
      endpoint: proxy.endpoint,
      region: 'local',
      createTable: true,
      ...options,
    });
    opened.push(store);
    return store;
  }

  test('a throttled write is repeated until it goes through', async () => {
    const store = await open();
    proxy.treat = transactions('throttle', 'throttle', 'fail');
    const entry = makeEntry();
    await store.append(createSource('a')([entry]));
    assert.deepEqual(await storedIds(store), [entry.id]);
  });

  test('a table that stays throttled is unavailable and certainly not written, and then is available again', async () => {
    const store = await open({ maxAttempts: 2 });
    proxy.treat = () => 'throttle';
    const [entry, next] = [makeEntry(), createSource('a')];
    const batch = next([entry]);
    const refused = { name: 'StoreError', reason: 'unavailable', outcome: 'not-written' };
    await assert.rejects(store.append(batch), refused);
    await assert.rejects(store.probe(), refused);
    await assert.rejects(store.head('local'), refused);
    proxy.treat = () => 'pass';
    await store.append(batch);
    assert.deepEqual(await storedIds(store), [entry.id]);
  });

  test('a transaction whose answer is lost is repeated and stored once', async () => {
    const store = await open();
    proxy.treat = transactions('lose', 'lose');
    const [first, second] = [makeEntry(), makeEntry()];
    const next = createSource('a');
    await store.append(next([first]));
    await store.persist([{ batch: next([second]), part: false, leftOut: [] }]);
    assert.deepEqual(await storedIds(store), [first.id, second.id]);
    assert.deepEqual(await accepted(store), [2, 2]);
  });

  test('an outcome that is unknown says so, and the same batch given again is stored once', async () => {
    const store = await open({ maxAttempts: 1 });
    const batch = createSource('a')([makeEntry({ subject: 's' }), keyed('key-of-twenty-characters', 1)]);
    for (const treatment of ['lose', 'drop', 'fail'] as const) {
      proxy.treat = transactions(treatment);
      await assert.rejects(store.append(batch), { reason: 'unavailable', outcome: 'unknown' });
    }
    proxy.treat = () => 'pass';
    const again = await store.append(batch);
    assert.deepEqual(again.exceptions, []);
    assert.equal(again.lastPosition.number, await store.head('local'));
    assert.equal((await storedIds(store)).length, 2);
    assert.deepEqual(await accepted(store), [2, 2]);
  });

  test('the same with replays and discards', async () => {
    const store = await open({ maxAttempts: 1 });
    const [replayed, discarded] = [makeEntry(), makeEntry()];
    const leftOut = [0, 1].map((index) => ({ index, as: 'dead' as const }));
    await store.persist([{ batch: createSource('a')([replayed, discarded]), part: false, leftOut }]);
    proxy.treat = transactions('lose', 'lose');
    await assert.rejects(store.replay(replayed), { outcome: 'unknown' });
    await assert.rejects(store.discard(discarded), { outcome: 'unknown' });
    assert.equal(await store.replay(replayed), 'stored');
    assert.equal(await store.discard(discarded), true);
    const [row] = await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }, 10);
    assert.deepEqual([row?.accepted, row?.stored, row?.dead, row?.discarded], [2, 1, 0, 1]);
  });

  test('a batch that stops half-way is unknown, has no name yet, and is finished when it comes again', async () => {
    const store = await open({ maxAttempts: 1 });
    const next = createSource('a');
    const batch = next(Array.from({ length: MANY }, () => makeEntry()));
    proxy.treat = transactions('pass', 'throttle');
    await assert.rejects(store.append(batch), { reason: 'unavailable', outcome: 'unknown' });
    const half = await storedIds(store);
    assert.ok(half.length > 0 && half.length < MANY);
    assert.deepEqual(await accepted(store), [half.length, half.length]);
    await store.append(next([makeEntry()]));
    const [missing] = await store.missingBatches();
    assert.deepEqual([missing?.firstN, missing?.lastN, missing?.entries], [1, 1, MANY]);

    await store.persist([{ batch, part: false, leftOut: [] }]);
    assert.equal((await storedIds(store)).length, MANY + 1);
    assert.deepEqual(await accepted(store), [MANY + 1, MANY + 1]);
    assert.deepEqual(await store.missingBatches(), []);
  });

  test('while the database is down calls fail and say so; once it is back they succeed, without opening again', async () => {
    const store = await open({ maxAttempts: 1, requestTimeoutMs: 1_000 });
    const next = createSource('a');
    const [first, second, third] = [next([makeEntry()]), next([makeEntry()]), next([makeEntry()])];
    proxy.treat = transactions('lose');
    await assert.rejects(store.append(first), { reason: 'unavailable', outcome: 'unknown' });
    await dynamoDb.stop();
    await assert.rejects(store.append(second), { reason: 'unavailable' });
    await assert.rejects(store.list({ register: 'app', order: 'asc', limit: 1, maxBytes: 1 }), {
      reason: 'unavailable',
    });
    await dynamoDb.start();
    // It has forgotten the request whose answer was lost.
    await eventually('the store takes batches again', async () => await store.append(first));
    await store.append(second);

    dynamoDb.pause();
    await assert.rejects(store.append(third), { reason: 'unavailable', outcome: 'unknown' });
    dynamoDb.resume();
    await eventually('the store takes batches again', async () => await store.append(third));
    assert.equal((await storedIds(store)).length, 3);
    assert.deepEqual(await accepted(store), [3, 3]);
  });

  test('what no item can hold is refused for good, before anything of its batch is written', async () => {
    const store = await open();
    const large = makeEntry({ payload: Buffer.alloc(400 * 1024) });
    const [small, next] = [makeEntry(), createSource('a')];
    await assert.rejects(store.append(next([small, large])), {
      reason: 'rejected',
      outcome: 'not-written',
      message: new RegExp(`^entry ${large.id}: expected at most 409600 bytes`),
    });
    assert.deepEqual(await storedIds(store), []);
  });

  test('another entry under an id that is stored is refused for good', async () => {
    const store = await open();
    const entry = makeEntry({ payload: Buffer.from('a') });
    await store.append(createSource('a')([entry]));
    const other = { ...entry, payload: Buffer.from('b') };
    await assert.rejects(store.append(createSource('b')([other])), { reason: 'rejected' });
  });

  test('as many entries as the capabilities say are stored in one transaction, whatever they are', async () => {
    const store = await open({ requestTimeoutMs: 20_000 });
    const { maxAtomicEntries, maxEntryBytes } = store.capabilities;
    let count = 0;
    proxy.treat = (operation) => {
      if (operation === 'TransactWriteItems') count += 1;
      return 'pass';
    };
    const large = Array.from({ length: maxAtomicEntries }, (_, index) =>
      makeEntry({
        micros: (29_000_000 + index * 1440) * 60_000_000,
        payload: Buffer.alloc(maxEntryBytes),
        register: `r${index}`,
        subject: 's',
        idempotencyKey: `key-of-twenty-characters-${index}`,
      }),
    );
    await store.append(createSource('a')(large));
    assert.equal(count, 1);
    // Of today: of a day that is long past its bucket is written as well.
    const micros = await store.time();
    const small = Array.from({ length: 97 }, () => makeEntry({ micros }));
    await store.append(createSource('b')([makeEntry({ micros })]));
    await store.append(createSource('c')(small));
    assert.equal(count, 3, '97 that are anonymous and share a minute');
  });
});
