/**
 * By what Aurora is known: a function of the engine among those of the server. A real PostgreSQL is given one there, as only
 * who may change the server itself can, and one of the same name elsewhere, as anybody could.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { StoreCapabilities } from '../../src/store/store.ts';
import { startPostgres } from '../support/postgres.ts';

const server = await startPostgres({ settings: { full_page_writes: 'off' } });
after(() => server.dispose());

async function capabilitiesWith(sql: string): Promise<StoreCapabilities> {
  const database = await server.createDatabase();
  await server.query(sql, database);
  const url = server.url(database);
  const store = await createPostgresStore({ url, region: 'local', newEpoch: 'an-epoch' });
  try {
    await store.probe();
    const { durability, durabilityProof } = store.capabilities;
    return { ...store.capabilities, durability, durabilityProof };
  } finally {
    await store.close();
  }
}

const functionIn = (schema: string): string =>
  `CREATE FUNCTION ${schema}.aurora_version() RETURNS text LANGUAGE sql AS $$ SELECT '17.4.1' $$`;

test('a function among those of the server is told, with whose word it is', async () => {
  const { durability, durabilityProof } = await capabilitiesWith(functionIn('pg_catalog'));
  assert.equal(durability, 'replicated-fsync');
  assert.match(durabilityProof, /^Amazon Aurora 17\.4\.1 .*by Amazon's statement/);
});

test('one that somebody made elsewhere changes nothing, although it is found first', async () => {
  const schema = `CREATE SCHEMA ahead; ALTER ROLE CURRENT_USER SET search_path = ahead, public; ${functionIn('ahead')}`;
  const { durability, durabilityProof } = await capabilitiesWith(schema);
  assert.equal(durability, 'page-cache');
  assert.match(durabilityProof, /^PostgreSQL .*full_page_writes=off/);
});
