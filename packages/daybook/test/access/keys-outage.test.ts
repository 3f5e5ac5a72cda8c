/** A server whose store fails in some way: what it says of keys meanwhile, and that it recovers by itself. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { createClock } from '../../src/clock.ts';
import { DaybookError } from '../../src/errors.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { StoreError } from '../../src/store/store.ts';
import { createManualTime } from '../../src/testing/manual-time.ts';
import { eventually } from '../support/eventually.ts';
import type { KeysServer, KeysServerOptions } from './keys-server.ts';
import { ADMIN, startKeysServer } from './keys-server.ts';

const directory = await mkdtemp(join(tmpdir(), 'daybook-keys-outage-'));
const open = new Set<{ close(): Promise<unknown> }>();
let stores = 0;
after(async () => {
  for (const one of [...open].toReversed()) await one.close();
  await rm(directory, { recursive: true, force: true });
});

async function openStore(): Promise<Store> {
  stores += 1;
  const own = join(directory, `store-${stores}`);
  await mkdir(own);
  const store = await createSqliteStore({ directory: own });
  open.add(store);
  return store;
}

function start(store: Store, options: KeysServerOptions = {}): KeysServer {
  const server = startKeysServer(store, { lookEveryMs: 5, ...options });
  open.add(server);
  return server;
}

const loaded = (server: KeysServer) =>
  eventually('the keys are loaded', async () => server.keys.status().state === 'ok', { everyMs: 5 });

/** A store in front of another one that can be changed, and fail. */
function createSwitchableStore(first: Store) {
  const state = { store: first, isAway: false, asked: 0 };
  function through<T>(call: (store: Store) => Promise<T>): Promise<T> {
    state.asked += 1;
    if (state.isAway) return Promise.reject(new StoreError('unavailable', 'not-written', 'gone fishing'));
    return call(state.store);
  }
  const store: Store = {
    ...first,
    append: (batch) => through((real) => real.append(batch)),
    probe: () => through((real) => real.probe()),
    list: (query) => through((real) => real.list(query)),
    tail: (query) => through((real) => real.tail(query)),
    head: (lane) => through((real) => real.head(lane)),
  };
  return Object.assign(state, { front: store });
}

test('a server that could not read the keys yet refuses keys for a while, and says why', async () => {
  const store = await openStore();
  const before = start(store);
  await loaded(before);
  const { text } = await before.keys.create({ name: 'ci', scopes: ['app.write'] }, ADMIN);

  const switchable = createSwitchableStore(store);
  switchable.isAway = true;
  const { keys } = start(switchable.front);
  await keys.started;
  const loading = {
    name: 'KeyError',
    reason: 'loading',
    message: /not been read from the store yet: gone fishing/,
  };
  assert.deepEqual(keys.status(), { state: 'loading', detail: 'gone fishing' });
  assert.throws(() => keys.verify(text), loading);
  assert.throws(() => keys.list(), loading);
  await assert.rejects(keys.create({ name: 'x', scopes: ['admin'] }, ADMIN), loading);
  await assert.rejects(keys.revoke('0123456789abcdef', ADMIN), loading);
  assert.equal(keys.verify('no key at all'), undefined);
  assert.equal(keys.status().state, 'loading');
  switchable.isAway = false;
  await eventually('it is loaded', async () => keys.status().state === 'ok', { everyMs: 5 });
  assert.ok(keys.verify(text));
});

test('one that cannot read on goes on with what it knows; its health says so after 10 s, until it can', async () => {
  const time = createManualTime(Date.UTC(2026, 10, 21));
  const switchable = createSwitchableStore(await openStore());
  const server = start(switchable.front, { clock: createClock(time) });
  await loaded(server);
  const { text } = await server.keys.create({ name: 'ci', scopes: ['app.write'] }, ADMIN);
  switchable.isAway = true;
  const { asked } = switchable;
  await eventually('it has asked again', async () => switchable.asked > asked + 1, { everyMs: 5 });
  assert.equal(server.keys.status().state, 'ok');
  time.advance(9_000);
  assert.equal(server.keys.status().state, 'ok');
  time.advance(3_000);
  assert.deepEqual(server.keys.status(), { state: 'behind', detail: 'not read for 12 s: gone fishing' });
  assert.ok(server.keys.verify(text));
  switchable.isAway = false;
  await loaded(server);
});

test('a store that was put back to an earlier state is read from its beginning', async () => {
  const [current, restored] = [await openStore(), await openStore()];
  const other = start(restored);
  await loaded(other);
  const { text } = await other.keys.create({ name: 'restored', scopes: ['app.write'] }, ADMIN);
  const switchable = createSwitchableStore(current);
  const server = start(switchable.front);
  await loaded(server);
  for (let index = 0; index < 5; index += 1)
    await server.keys.create({ name: 'x', scopes: ['admin'] }, ADMIN);
  await eventually('it has read what it wrote', async () => switchable.asked > 30, { everyMs: 5 });
  switchable.store = restored;
  await eventually('it knows the key', async () => server.keys.verify(text), { everyMs: 5 });
});

test('what is behind the place that was reached is found by looking back', async () => {
  const time = createManualTime(Date.UTC(2026, 10, 21));
  const clock = createClock(time);
  const store = await openStore();
  const switchable = createSwitchableStore(store);
  const server = start(switchable.front, { clock });
  await loaded(server);
  const other = start(store, { clock });
  await loaded(other);
  // As a replica that gives the entry to lists later than the head that counts it.
  const { tail } = switchable.front;
  Object.assign(switchable.front, {
    tail: async (query: Parameters<Store['tail']>[0]) => ({ ...(await tail(query)), entries: [] }),
  });
  const { text } = await other.keys.create({ name: 'ci', scopes: ['app.write'] }, ADMIN);
  const { asked } = switchable;
  await eventually('it has looked', async () => switchable.asked > asked + 5, { everyMs: 5 });
  assert.equal(server.keys.verify(text), undefined);
  time.advance(61_000);
  await eventually('it knows the key', async () => server.keys.verify(text), { everyMs: 5 });
});

test('uses that cannot be put on record are kept for the next time', async () => {
  const switchable = createSwitchableStore(await openStore());
  const server = start(switchable.front, { recordUsesEveryMs: 5 });
  await loaded(server);
  const { key, text } = await server.keys.create({ name: 'ci', scopes: ['app.write'] }, ADMIN);
  switchable.isAway = true;
  server.keys.verify(text);
  await eventually(
    'it has tried',
    async () => server.logged.some((line) => line.includes('"key-uses-not-recorded"')),
    {
      everyMs: 5,
    },
  );
  switchable.isAway = false;
  const fresh = start(switchable.store);
  await eventually(
    'another server knows of the use',
    async () => {
      await loaded(fresh);
      return fresh.keys.list().find(({ keyId }) => keyId === key.keyId)?.usedAt;
    },
    { everyMs: 5 },
  );
});

test('a key whose audit cannot be written is not made', async () => {
  const switchable = createSwitchableStore(await openStore());
  const server = start(switchable.front);
  await loaded(server);
  switchable.isAway = true;
  await assert.rejects(
    server.keys.create({ name: 'ci', scopes: ['admin'] }, ADMIN),
    (error) =>
      error instanceof DaybookError &&
      error.code === 'STORE_UNAVAILABLE' &&
      error.details.outcome === 'not-written',
  );
  switchable.isAway = false;
  assert.deepEqual(server.keys.list(), []);
  await eventually('the store takes keys again', () =>
    server.keys.create({ name: 'later', scopes: ['admin'] }, ADMIN).catch(() => undefined),
  );
  assert.equal(server.keys.list().length, 1);
});
