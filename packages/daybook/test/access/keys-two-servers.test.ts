/** Two server processes that share a PostgreSQL: what is done to a key at one counts at the other within seconds. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import type { CreatedKeyView } from '../../src/contract/key-messages.ts';
import { eventually } from '../support/eventually.ts';
import type { GuardedDaybook } from '../support/guarded-daybook.ts';
import { startGuarded } from '../support/guarded-daybook.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { startPostgres } from '../support/postgres.ts';

let postgres: TestPostgres;
const servers: GuardedDaybook[] = [];

before(async () => {
  postgres = await startPostgres();
  const url = postgres.url(await postgres.createDatabase());
  const registers = { devices: { access: 'key' as const } };
  for (let n = 0; n < 2; n += 1)
    servers.push(await startGuarded({ registers }, { env: { DAYBOOK_STORE: url, DAYBOOK_QUEUE: 'none' } }));
});
after(async () => {
  for (const server of servers) await server.close();
  await postgres?.dispose();
});

test('a key that one made opens the other, and is refused there within seconds after it was revoked', async () => {
  const [one, other] = servers as [GuardedDaybook, GuardedDaybook];
  const body = JSON.stringify({ name: 'shared', scopes: ['devices.write', 'devices.read'] });
  const made = await one.admin('/api/keys', { method: 'POST', body });
  assert.equal(made.status, 201, await made.clone().text());
  const { key, keyId } = (await made.json()) as CreatedKeyView;
  const credential = `Bearer ${key}`;
  assert.equal((await one.post('/devices', credential)).status, 201);
  await eventually(
    'the other knows it',
    async () => (await other.post('/devices', credential)).status === 201,
    { withinMs: 30_000 },
  );
  assert.equal((await one.admin(`/api/keys/${keyId}`, { method: 'DELETE' })).status, 200);
  assert.equal((await one.post('/devices', credential)).status, 401);
  await eventually(
    'the other refuses it',
    async () => (await other.post('/devices', credential)).status === 401,
    {
      withinMs: 30_000,
    },
  );
  const written = await other.entries('devices');
  assert.equal((await other.post('/devices', credential)).status, 401);
  assert.equal(await one.entries('devices'), written);
  // Each of them has an admin key of its own; who did what is in the one audit.
  const audit = await (await other.admin('/audit')).text();
  assert.match(audit, /"action":"keys revoke"/);
  for (const server of servers) server.assertNotLogged(key.slice(-49));
});
