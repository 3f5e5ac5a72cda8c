/**
 * How many connections, and how long anything may take: what is over a limit fails in time, says which limit it was, and
 * leaves nothing behind that the next call would meet.
 */
import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';

import type { PostgresStoreOptions } from '../../src/store/postgres/postgres-store.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { StoreError } from '../../src/store/store.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { startCutProxy } from '../support/cut-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { startPostgres } from '../support/postgres.ts';

const server = await startPostgres();
after(() => server.dispose());
const proxy = await startCutProxy(server.port);
after(() => proxy.close());
const database = await server.createDatabase();
const proxied = server.url(database).replace(`:${server.port}/`, `:${proxy.port}/`);
const opened: Store[] = [];
const toBatch = createSource('a-source');

afterEach(async () => {
  proxy.flow();
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

async function open(options: Partial<PostgresStoreOptions> = {}): Promise<Store> {
  const store = await createPostgresStore({
    url: server.url(database),
    region: 'limits',
    newEpoch: 'an-epoch',
    ...options,
  });
  opened.push(store);
  return store;
}

const write = (store: Store) => store.append(toBatch([makeEntry()]));

async function connections(): Promise<number> {
  const [row] = await server.query<{ open: string }>(
    `SELECT count(*) AS open FROM pg_stat_activity WHERE application_name = 'daybook limits'`,
  );
  return Number(row?.open);
}

/** Nobody gets the lane while `work` runs. */
async function whileLaneIsHeld<T>(work: () => Promise<T>): Promise<T> {
  const held = server
    .query(`BEGIN; SELECT FROM daybook.lane FOR UPDATE; SELECT pg_sleep(600)`, database)
    .catch(() => undefined);
  const holder = await eventually('the lane is held', async () => {
    const [row] = await server.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE 'BEGIN; SELECT FROM daybook.lane%'`,
    );
    return row?.pid;
  });
  try {
    return await work();
  } finally {
    await server.query(`SELECT pg_terminate_backend(${holder})`);
    await held;
  }
}

test('a store has no more connections than it may, and who waits too long for one is told which limit it was', async () => {
  const store = await open({ maxConnections: 2, connectTimeoutMs: 300 });
  const batches = Array.from({ length: 6 }, () => toBatch([makeEntry()]));
  const { refused, writing } = await whileLaneIsHeld(async () => {
    const all = batches.map((batch) =>
      store.append(batch).then(
        () => undefined,
        (thrown: unknown) => thrown as Error,
      ),
    );
    const first = await Promise.all(all.slice(2));
    assert.equal(await connections(), 2);
    return { refused: first, writing: all.slice(0, 2) };
  });
  for (const error of refused) {
    assert.match(
      String(error?.message),
      /none of the 2 connections \(maxConnections\) was free within 300 ms$/,
    );
    assert.ok(error instanceof StoreError);
    assert.deepEqual([error.reason, error.outcome], ['unavailable', 'not-written']);
  }
  assert.deepEqual(await Promise.all(writing), [undefined, undefined]);
});

test('who waits too long for a lock has written nothing, and may go on', async () => {
  const store = await open({ lockTimeoutMs: 100 });
  await whileLaneIsHeld(() =>
    assert.rejects(write(store), {
      reason: 'unavailable',
      outcome: 'not-written',
      message: /lock timeout.*55P03/,
    }),
  );
  await write(store);
});

test('a statement that takes too long is ended by the server, and has written nothing', async () => {
  const store = await open({ statementTimeoutMs: 100 });
  await whileLaneIsHeld(() =>
    assert.rejects(write(store), {
      reason: 'unavailable',
      outcome: 'not-written',
      message: /statement timeout.*57014/,
    }),
  );
  await write(store);
});

test('a server that says nothing any more is given up on, and what it did is unknown', async () => {
  const store = await open({ url: proxied, statementTimeoutMs: 100 });
  await write(store);
  proxy.stall();
  const batch = toBatch([makeEntry()]);
  await assert.rejects(store.append(batch), {
    reason: 'unavailable',
    outcome: 'unknown',
    message: /timeout/,
  });
  proxy.flow();
  await store.append(batch);
});

test('a server that does not answer at all is out of reach within the time for connecting', async () => {
  proxy.stall();
  await assert.rejects(open({ url: proxied, connectTimeoutMs: 200 }), {
    name: 'StoreError',
    reason: 'unavailable',
    message: /^postgres 127\.0\.0\.1:\d+\/test_1: .*timeout/,
  });
});

test('connections that are not used are closed', async () => {
  const store = await open({ poolIdleMs: 50 });
  await Promise.all([write(store), write(store), store.time()]);
  await eventually('they are closed', async () => (await connections()) === 0);
  await write(store);
});

test('a wrong password stops the start, in a line without it', async () => {
  const url = `postgres://tester:wrong-one@127.0.0.1:${server.port}/${database}`;
  await assert.rejects(open({ url }), (error: Error) => {
    assert.equal(error.name, 'StartError');
    assert.match(
      error.message,
      /^store: postgres 127\.0\.0\.1:\d+\/test_1: password authentication failed .*28P01\)$/,
    );
    assert.ok(!error.message.includes('wrong-one'));
    return true;
  });
});
