/**
 * What retention frees goes back to the file system: months, the default and the keys, also of tables that other
 * registers and the newest entries stay in. Measures 20 000 entries; `SPACE_ENTRIES=200000` as many as that.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { connect } from '../../src/store/postgres/connection.ts';
import { parseConnectionUrl } from '../../src/store/postgres/connection-url.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { giveSpaceBack } from '../../src/store/postgres/space.ts';
import type { Store } from '../../src/store/store.ts';
import { createSource, keyed, makeEntry } from '../../src/testing/made-batches.ts';
import { assertStored, tailedIds } from '../../src/testing/store-conformance/observed.ts';
import { startPostgres } from '../support/postgres.ts';

const ENTRIES = Number(process.env['SPACE_ENTRIES'] ?? 20_000);
const BATCH_ENTRIES = 1_000;
const DAY_MICROS = 86_400_000_000;
/** The newest of them is not due. */
const DAYS = 40;
const PAYLOAD = Buffer.from(JSON.stringify({ text: 'x'.repeat(300) }));
/** Too large for a row: kept beside the table. */
const LARGE_PAYLOAD = Buffer.from(Array.from({ length: 4_000 }, (_, index) => (index * index * 31) % 251));

const server = await startPostgres({ settings: { autovacuum: 'off' } });
after(() => server.dispose());

async function bytesOf(database: string): Promise<number> {
  const [row] = await server.query<{ bytes: string }>(
    `SELECT sum(pg_total_relation_size(inhrelid)) AS bytes FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE relkind = 'r'`,
    database,
  );
  return Number(row?.bytes);
}

function connectTo(database: string) {
  return connect({
    target: parseConnectionUrl(server.url(database)),
    password: undefined,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 10_000,
    lockTimeoutMs: 5_000,
    applicationName: 'test',
  });
}

async function giveBack(database: string): Promise<void> {
  const connection = await connectTo(database);
  try {
    await giveSpaceBack(connection, () => false);
  } finally {
    await connection.close();
  }
}

async function expireAll(store: Store, before: number): Promise<number> {
  for (let sum = 0; ;) {
    const expired = await store.expire({ register: 'app', before, limit: 500 });
    sum += expired;
    if (expired < 500) return sum;
  }
}

for (const [where, endMicros, keyedShare] of [
  ['months', Date.now() * 1000, 2],
  ['the default', Date.UTC(2001, 1, 28) * 1000, Infinity],
] as const) {
  test(`at least 80 % of what expired goes back from ${where}, and what is not due stays`, async () => {
    const database = await server.createDatabase();
    const store = await createPostgresStore({ url: server.url(database), region: 'local', newEpoch: 'e' });
    try {
      const next = createSource('a');
      const kept: string[] = [];
      const young = endMicros - DAY_MICROS;
      for (let first = 0; first < ENTRIES; first += BATCH_ENTRIES) {
        const entries = Array.from({ length: BATCH_ENTRIES }, (_, index) => {
          const nth = first + index;
          const micros = Math.floor(endMicros - DAYS * DAY_MICROS * (1 - nth / ENTRIES));
          const fields = {
            micros,
            payload: nth % 50 === 0 ? LARGE_PAYLOAD : PAYLOAD,
            subject: nth % 3 === 0 ? `s-${nth % 7}` : '',
            register: nth % 20 === 0 ? 'kept' : 'app',
          };
          const entry = nth % keyedShare === 0 ? keyed(`key-${nth}`, 1, fields) : makeEntry(fields);
          if (fields.register === 'app' && micros >= young) kept.push(entry.id);
          return entry;
        });
        await store.append(next(entries));
      }
      const others = await tailedIds(store, 'kept');
      const written = await bytesOf(database);
      const expired = await expireAll(store, young);
      assert.equal(expired + kept.length + others.length, ENTRIES);

      // Entries come all the while.
      const live = createSource('live');
      const came: string[] = [];
      let given = false;
      const writing = (async () => {
        while (!given) {
          const entry = keyed(`live-${came.length}`, 1, {
            micros: endMicros + came.length,
            payload: PAYLOAD,
          });
          await store.append(live([entry]));
          came.push(entry.id);
        }
      })();
      await giveBack(database);
      given = true;
      await writing;

      // What came meanwhile takes as much as what was there; how many that were depends on the machine.
      const without = written * (1 + came.length / ENTRIES);
      const returned = without - (await bytesOf(database));
      const share = returned / (written * (expired / ENTRIES));
      assert.ok(
        share >= 0.8,
        `${Math.round(returned)} of ${written} bytes returned, ${(share * 100).toFixed(1)} %`,
      );
      // In the order in which they were stored.
      assert.deepEqual(await tailedIds(store, 'kept'), others);
      assert.deepEqual(await tailedIds(store), [...kept, ...came]);
      const listed = await store.list({ register: 'app', order: 'asc', limit: 1000, maxBytes: 1_000_000 });
      assert.deepEqual(
        listed.entries.map(({ id }) => id),
        [...kept, ...came].slice(0, listed.entries.length),
      );
      assert.equal((await store.append(live([keyed('live-0', 1)]))).exceptions[0]?.kind, 'duplicate');
      const late = keyed('late', 1, { micros: young - DAY_MICROS, payload: LARGE_PAYLOAD });
      await store.append(next([late]));
      await assertStored(store, late);
    } finally {
      await store.close();
    }
  });
}

test('a single entry at the very end keeps nothing before it', async () => {
  const database = await server.createDatabase();
  const store = await createPostgresStore({ url: server.url(database), region: 'local', newEpoch: 'e' });
  try {
    const next = createSource('a');
    const micros = Date.UTC(2001, 0, 1) * 1000;
    const entries = Array.from({ length: 10_000 }, (_, nth) =>
      makeEntry({ micros, payload: PAYLOAD, register: nth < 10 || nth === 9_999 ? 'kept' : 'app' }),
    );
    for (let first = 0; first < entries.length; first += BATCH_ENTRIES)
      await store.append(next(entries.slice(first, first + BATCH_ENTRIES)));
    const written = await bytesOf(database);
    await expireAll(store, micros + 1);
    await giveBack(database);
    const left = await bytesOf(database);
    assert.ok(left < 0.2 * written, `${left} of ${written} bytes left`);
    assert.equal((await tailedIds(store, 'kept')).length, 11);
  } finally {
    await store.close();
  }
});

test('where most is in use nothing is moved', async () => {
  const database = await server.createDatabase();
  const store = await createPostgresStore({ url: server.url(database), region: 'local', newEpoch: 'e' });
  try {
    const next = createSource('a');
    for (let made = 0; made < 10; made += 1)
      await store.append(next(Array.from({ length: 1_000 }, (_, index) => keyed(`k-${made}-${index}`, 1))));
    const places = () =>
      server.query<{ places: string }>(
        `SELECT md5(string_agg(ctid::text, ',' ORDER BY id)) AS places FROM daybook.entries`,
        database,
      );
    const before = await places();
    await giveBack(database);
    assert.deepEqual(await places(), before);
  } finally {
    await store.close();
  }
});

test('what an interrupted REINDEX left behind is removed', async () => {
  const database = await server.createDatabase();
  await (await createPostgresStore({ url: server.url(database), region: 'local', newEpoch: 'e' })).close();
  await server.query(
    `CREATE INDEX entries_default_pkey_ccnew ON daybook.entries_default (id);
     UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'daybook.entries_default_pkey_ccnew'::regclass`,
    database,
  );
  await giveBack(database);
  const left = await server.query(`SELECT FROM pg_class WHERE relname ~ '_ccnew'`, database);
  assert.deepEqual(left, []);
});
