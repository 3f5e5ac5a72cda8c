/**
 * What the migrations make of a database: as `migrations/postgres/schema.txt` shows it, whoever migrates, and never
 * touched by a program that does not know it. `DAYBOOK_TEST_WRITE_SCHEMA=1` writes the file anew.
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { microsToFirstId } from '../../src/id.ts';
import { connect } from '../../src/store/postgres/connection.ts';
import { parseConnectionUrl } from '../../src/store/postgres/connection-url.ts';
import { migrate } from '../../src/store/postgres/migrate.ts';
import { makePartitions, monthsAround } from '../../src/store/postgres/partitions.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { describeSchema, modelOf } from '../support/described-schema.ts';
import { startPostgres } from '../support/postgres.ts';

const MIGRATIONS = fileURLToPath(new URL('../../migrations/postgres/', import.meta.url));
const SCHEMA_FILE = join(MIGRATIONS, 'schema.txt');

const server = await startPostgres();
after(() => server.dispose());
const scratch = await mkdtemp(join(tmpdir(), 'daybook-migrations-'));
after(() => rm(scratch, { recursive: true, force: true }));

const open = (database: string) =>
  createPostgresStore({ url: server.url(database), region: 'local', newEpoch: 'an-epoch' });

const connectTo = (database: string) =>
  connect({
    target: parseConnectionUrl(server.url(database)),
    password: undefined,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 10_000,
    lockTimeoutMs: 5_000,
    applicationName: 'test',
  });

async function migrated(): Promise<string> {
  const database = await server.createDatabase();
  await (await open(database)).close();
  return database;
}

test('the migrations make the schema that is on file', async () => {
  const database = await migrated();
  const described = await describeSchema((sql) => server.query(sql, database));
  const shown = described.filter(({ name }) => modelOf(name) === undefined).map(({ text }) => text);
  const text = `${shown.join('\n\n')}\n`;
  if (process.env['DAYBOOK_TEST_WRITE_SCHEMA'] !== undefined) await writeFile(SCHEMA_FILE, text);
  assert.equal(text, await readFile(SCHEMA_FILE, 'utf8'));
});

test('partitions are made like the ones on file, with all that is on them', async () => {
  const database = await migrated();
  const described = await describeSchema((sql) => server.query(sql, database));
  const [months, hashes] = ['entries_default', 'idempotency_key_00'].map((model) => {
    const like = described.filter(({ name }) => modelOf(name) === model);
    const expected = described
      .find(({ name }) => name === model)
      ?.text.split('\n')
      .slice(1);
    for (const { name, text } of like) {
      assert.deepEqual(text.replaceAll(name, model).split('\n').slice(1), expected, name);
    }
    return like;
  });
  assert.deepEqual([months?.length, hashes?.length], [5, 15]);
});

test('eight that start at once migrate once', async () => {
  const database = await server.createDatabase();
  const stores = await Promise.all(Array.from({ length: 8 }, () => open(database)));
  await Promise.all(stores.map((store) => store.close()));
  const applied = await server.query<{ version: number }>('SELECT version FROM daybook.migration', database);
  assert.deepEqual(
    applied.map(({ version }) => version),
    [1, 2],
  );
});

test('a schema of a newer program is left alone', async () => {
  const database = await migrated();
  await server.query(
    `INSERT INTO daybook.migration (version, name, sha256) VALUES (3, '0003-of-tomorrow.sql', '')`,
    database,
  );
  await assert.rejects(open(database), {
    name: 'StartError',
    message:
      'store: expected a schema of version 2 or older, given version 3: it was made by a newer Daybook',
  });
});

test('a migration that was changed after it was applied stops the start', async () => {
  const database = await migrated();
  await server.query(`UPDATE daybook.migration SET sha256 = 'another' WHERE version = 2`, database);
  await assert.rejects(open(database), {
    name: 'StartError',
    message:
      /^store: expected migration 0002-writes\.sql as it was applied \(SHA-256 another\), given another one/,
  });
});

test('a migration that fails leaves the database as it was', async () => {
  const database = await server.createDatabase();
  await cp(MIGRATIONS, scratch, { recursive: true });
  await writeFile(join(scratch, '0003-fails.sql'), 'CREATE TABLE daybook.half (); SELECT 1 / 0');
  const connection = await connectTo(database);
  try {
    await assert.rejects(migrate(connection, scratch), /division by zero/);
    const [found] = await connection.query<{ name: string | null }>(
      `SELECT to_regnamespace('daybook')::text AS name`,
    );
    assert.equal(found?.name, null);
    await migrate(connection);
  } finally {
    await connection.close();
  }
});

test('months reach from the last to the third from now, over the turn of the year', () => {
  const months = monthsAround(Date.UTC(2026, 10, 30, 23, 59) * 1000);
  assert.deepEqual(
    months.map(({ table }) => table),
    ['entries_2026_10', 'entries_2026_11', 'entries_2026_12', 'entries_2027_01', 'entries_2027_02'],
  );
  for (const [index, { from, to }] of months.entries()) {
    assert.equal(to, months[index + 1]?.from ?? microsToFirstId(Date.UTC(2027, 2) * 1000));
    assert.ok(from < to);
  }
});

test('a month that is made late takes its entries out of the default, also while others write', async () => {
  const database = await migrated();
  const store = await open(database);
  const now = await store.time();
  const [, , next] = monthsAround(now);
  assert.ok(next);
  await server.query(`DROP TABLE daybook.${next.table}`, database);
  const nextMonth = new Date(now / 1000);
  const micros = Date.UTC(nextMonth.getUTCFullYear(), nextMonth.getUTCMonth() + 1, 3) * 1000;
  const entries = Array.from({ length: 20 }, (_, index) => makeEntry({ micros: micros + index }));
  const toBatch = createSource('a');
  await store.append(toBatch(entries.slice(0, 10)));
  const connections = await Promise.all([connectTo(database), connectTo(database)]);
  await Promise.all([
    ...connections.map((connection) => makePartitions(connection)),
    ...entries.slice(10).map((entry) => store.append(toBatch([entry]))),
  ]);
  const countIn = async (table: string) => {
    const [row] = await server.query<{ entries: string }>(
      `SELECT count(*) AS entries FROM ONLY daybook.${table}`,
      database,
    );
    return Number(row?.entries);
  };
  assert.deepEqual(await Promise.all(['entries_default', next.table].map(countIn)), [0, 20]);
  const page = await store.list({ register: 'app', order: 'asc', limit: 100, maxBytes: 1_000_000 });
  assert.deepEqual(
    page.entries.map(({ id }) => id),
    entries.map(({ id }) => id),
  );
  await Promise.all([store, ...connections].map((each) => each.close()));
});
