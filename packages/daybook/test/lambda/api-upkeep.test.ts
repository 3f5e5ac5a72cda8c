/** What a server does beside its requests: in a function the request that needs it, or a schedule, does it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CreatedKeyView, KeyPageView } from '../../src/contract/key-messages.ts';
import type { EntryPage } from '../../src/contract/messages.ts';
import { systemTime } from '../../src/clock.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { ADMIN, startKeysServer } from '../access/keys-server.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import { eventually } from '../support/eventually.ts';
import { apiFunction, startTables } from './api-function.ts';

const skip = hasJava ? false : 'needs Java';
const tables = hasJava ? await startTables() : undefined;
const start = (...given: Parameters<typeof apiFunction> extends [unknown, ...infer Rest] ? Rest : never) =>
  apiFunction(tables as NonNullable<typeof tables>, ...given);

const DAY_MICROS = 86_400_000_000;
const nowMicros = () => Math.floor(systemTime.wallMs() * 1000);
const bearer = (key: string) => [['authorization', `Bearer ${key}`]] as const;

/** The first key of a deployment, as an operator writes it into the table. */
async function adminKey(table: string): Promise<string> {
  const store = await (tables as NonNullable<typeof tables>).open(table);
  const server = startKeysServer(store);
  try {
    await server.keys.started;
    const request = { name: 'operator', scopes: ['app.read'], expiresAt: nowMicros() + DAY_MICROS };
    return (await server.keys.create({ ...request, scopes: ['admin'] }, ADMIN)).text;
  } finally {
    await server.close();
  }
}

test('a schedule lets entries go that their register no longer keeps', { skip }, async () => {
  const api = start({ registers: { short: { access: 'open', retentionDays: 1 } } });
  const store = await (tables as NonNullable<typeof tables>).open(api.table);
  const old = nowMicros() - 2 * DAY_MICROS;
  const expired = Array.from({ length: 3 }, (_, n) => makeEntry({ register: 'short', micros: old + n }));
  await store.append(createSource('old')([...expired, makeEntry({ micros: old })]));
  await api.call('alb', { method: 'POST', target: '/short' });
  const scheduled = {
    version: '0',
    id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '123456789012',
    time: '2026-11-21T07:55:00Z',
    region: 'eu-west-1',
    resources: ['arn:aws:events:eu-west-1:123456789012:rule/daybook'],
    detail: {},
  };
  assert.deepEqual(await api.invoke(scheduled), { short: 3 });
  assert.deepEqual(await api.invoke({ ...scheduled, source: 'aws.scheduler' }, 4_000), {});
  const left = async (register: string) =>
    (await api.call('alb', { target: `/${register}` })).json<EntryPage>().entries.length;
  assert.deepEqual([await left('short'), await left('app')], [1, 1]);
});

test(
  'keys are those of the store: made in one function, used in another, revoked for all',
  { skip },
  async () => {
    const api = start({ registers: { guarded: { access: 'key' } } });
    const admin = await adminKey(api.table);
    const made = await api.call('rest-api', {
      method: 'POST',
      target: '/api/keys',
      headers: [...bearer(admin), ['content-type', 'application/json']],
      body: JSON.stringify({ name: 'reader', scopes: ['guarded.read'] }),
    });
    assert.equal(made.status, 201, made.text);
    const { keyId, key } = made.json<CreatedKeyView>();

    const other = api.another();
    const read = () => other.call('rest-api', { target: '/guarded', headers: bearer(key) });
    assert.equal((await read()).status, 200);
    const listed = await api.call('rest-api', { target: '/api/keys', headers: bearer(admin) });
    const known = listed.json<KeyPageView>().keys.find((one) => one.keyId === keyId);
    assert.equal(known?.status, 'active');

    const revoked = await api.call('rest-api', {
      method: 'DELETE',
      target: `/api/keys/${keyId}`,
      headers: bearer(admin),
    });
    assert.equal(revoked.status, 200, revoked.text);
    await eventually('the other function refuses the key', async () => (await read()).status === 401);
  },
);

test('the last use of a key goes on record with the request that it came with', { skip }, async () => {
  const api = start();
  const admin = await adminKey(api.table);
  assert.equal((await api.call('alb', { target: '/api/registers', headers: bearer(admin) })).status, 200);
  const seen = await api.another().call('alb', { target: '/api/keys', headers: bearer(admin) });
  assert.notEqual(seen.json<KeyPageView>().keys[0]?.lastUsedAt, null);
});

test('while the table is away a key that is known goes on to count', { skip }, async () => {
  const { proxy } = tables as NonNullable<typeof tables>;
  const api = start();
  const admin = await adminKey(api.table);
  const ask = () => api.call('alb', { target: '/api/registers', headers: bearer(admin) }, 8_000);
  assert.equal((await ask()).status, 200);
  proxy.treat = () => 'drop';
  assert.equal((await ask()).status, 200);
  // One that never read them believes nobody.
  const cold = await api.another().call('alb', { target: '/api/registers', headers: bearer(admin) }, 3_000);
  assert.equal(cold.status, 503);
  proxy.treat = () => 'pass';
});
