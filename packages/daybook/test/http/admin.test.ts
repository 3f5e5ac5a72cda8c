/** Who may see what of the service: the admin key as bearer token, never a cookie, never being local. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Ledger, Registers, Status } from '../../src/contract/messages.ts';
import { ledgerSchema, registersSchema, statusSchema } from '../../src/contract/schemas.ts';
import { assertProblem } from './assert-problem.ts';
import { startService } from './service.ts';

const service = await startService({
  logLevel: 'trace',
  registers: {
    hooks: { access: 'open', keepHeaders: ['x-event'], idempotencyKeyFrom: 'x-id', clientIp: 'off' },
  },
});
const beyond = await startService({ host: '0.0.0.0' });
const admin = { authorization: `Bearer ${service.adminKey}` };

async function admitted<T>(path: string): Promise<T> {
  const answer = await service.fetch(path, { headers: admin });
  assert.equal(answer.status, 200);
  return (await answer.json()) as T;
}

const REFUSED: Readonly<Record<string, Record<string, string>>> = {
  'no credential': {},
  'another key': { authorization: 'Bearer 0123456789abcdef0123456789abcdef' },
  'an empty key': { authorization: 'Bearer ' },
  'the key in another scheme': {
    authorization: `Basic ${Buffer.from(`admin:${service.adminKey}`).toString('base64')}`,
  },
  'the key without a scheme': { authorization: service.adminKey },
  'the key and more': { authorization: `Bearer ${service.adminKey}x` },
  'the beginning of the key': { authorization: `Bearer ${service.adminKey.slice(0, -1)}` },
  'the key in a cookie': { cookie: `admin=${service.adminKey}; authorization=Bearer ${service.adminKey}` },
  'the key in a header of another name': { 'x-api-key': service.adminKey, 'x-forwarded-for': '127.0.0.1' },
};
for (const [what, headers] of Object.entries(REFUSED)) {
  test(`${what} opens nothing`, async () => {
    for (const path of ['/api/registers', '/api/ledger', '/api/ledger?limit=x'])
      for (const send of [service.fetch, service.fetchInProcess]) {
        const problem = await assertProblem(await send(path, { headers }), 'UNAUTHENTICATED', {
          kind: 'read',
        });
        assert.ok(!JSON.stringify(problem).includes(service.adminKey));
      }
    const metrics = await beyond.fetch('/metrics', { headers });
    await assertProblem(metrics, 'UNAUTHENTICATED', { kind: 'read' });
    const status = (await (await service.fetch('/api/status', { headers })).json()) as Status;
    assert.ok(!('components' in status));
  });
}

test('the key in the address opens nothing and is refused', async () => {
  const answer = await service.fetch(`/api/registers?key=${service.adminKey}`);
  assert.ok([400, 401].includes(answer.status));
  assert.ok(!(await answer.text()).includes(service.adminKey));
});

test('the name of the scheme is of no case', async () => {
  const answer = await service.fetch('/api/registers', {
    headers: { authorization: `bEARER ${service.adminKey}` },
  });
  assert.equal(answer.status, 200);
  await answer.text();
});

test('the key opens every page of the operator', async () => {
  const { registers } = registersSchema.parse(await admitted<Registers>('/api/registers'));
  assert.deepEqual(
    registers.map(({ name }) => name),
    ['app', 'data', 'epoch', 'hooks', 'audit'],
  );
  const named = (name: string) => registers.find((register) => register.name === name);
  const hooks = named('hooks');
  assert.deepEqual(hooks?.paths, ['POST /hooks', 'GET /hooks']);
  assert.deepEqual(
    [hooks?.keepHeaders, hooks?.idempotencyKeyFrom, hooks?.clientIp],
    [['x-event'], 'x-id', 'off'],
  );
  assert.deepEqual(named('audit')?.paths, ['GET /audit']);
  assert.deepEqual(named('epoch')?.paths, [
    'POST /epoch',
    'GET /epoch',
    'POST /EpochRegisterTime',
    'GET /getEpoch',
  ]);
});

test('anybody may see that the service is well, and no more', async () => {
  const answer = await service.fetch('/api/status');
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const status = statusSchema.parse(await answer.json());
  assert.deepEqual(Object.keys(status), ['status', 'version', 'region', 'time', 'databaseTime']);
  assert.equal(status.status, 'ok');
  const known = statusSchema.parse(await admitted<Status>('/api/status'));
  for (const component of Object.values(known.components ?? {})) assert.equal(component.state, 'ok');
  assert.ok(Object.keys(known.components ?? {}).includes('store'));
});

test('the ledger counts what was written, and balances', async () => {
  const before = ledgerSchema.parse(await admitted<Ledger>('/api/ledger'));
  const key = { 'idempotency-key': 'counted-only-once-by-it' };
  for (let n = 0; n < 3; n += 1) await service.write('hooks', 'x', key);
  await service.write('app', 'y');
  await service.fetch('/app', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' });
  const { balanced, totals, lost, queued, truncated, rows } = ledgerSchema.parse(
    await admitted<Ledger>('/api/ledger'),
  );
  assert.deepEqual([balanced, lost, queued, truncated], [true, [], 0, false]);
  assert.deepEqual([totals.accepted - before.totals.accepted, totals.stored - before.totals.stored], [2, 2]);
  assert.equal(
    rows.reduce((sum, row) => sum + row.stored, 0),
    totals.stored,
  );
});

test('a part of the ledger says that it is one', async () => {
  const { rows, truncated } = await admitted<Ledger>('/api/ledger?limit=1');
  assert.deepEqual([rows.length, truncated], [1, true]);
  assert.deepEqual((await admitted<Ledger>('/api/ledger?from=2001-01-01&to=2001-01-02')).rows, []);
});

for (const query of [
  'limit=0',
  'limit=100001',
  'limit=',
  'from=x',
  'to=2026-02-30',
  'from=2026-02-02&to=2026-02-01',
]) {
  test(`a ledger with ${query} is refused`, async () => {
    await assertProblem(
      await service.fetch(`/api/ledger?${query}`, { headers: admin }),
      'PARAMETER_INVALID',
      { kind: 'read' },
    );
  });
}

test('metrics are open on loopback, and beyond it to the operator', async () => {
  for (const answer of [
    await service.fetch('/metrics'),
    await beyond.fetch('/metrics', { headers: { authorization: `Bearer ${beyond.adminKey}` } }),
  ]) {
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=/);
    const text = await answer.text();
    for (const name of [
      'daybook_bytes_in_flight',
      'daybook_entries_stored_total',
      'process_resident_memory_bytes',
    ])
      assert.match(text, new RegExp(`^${name} `, 'm'));
  }
});

test('health says alive and ready, for as long as it is', async () => {
  for (const path of ['/healthz', '/readyz', '/health']) {
    const answer = await service.fetch(path);
    assert.equal(answer.status, 200, path);
    assert.match(((await answer.json()) as { status: string }).status, /^(?:ok|ready)$/);
  }
});

test('nothing private is logged, whatever was refused', async () => {
  const secret = 'do-not-log-this-anywhere';
  const headers = { authorization: `Bearer ${secret}`, cookie: secret, 'content-type': 'application/json' };
  await (await service.fetch(`/app?${secret}`, { headers })).text();
  await (await service.fetch('/app', { method: 'POST', headers, body: `{"${secret}` })).text();
  await (await service.fetch(`/${secret}`, { headers })).text();
  assert.ok(!service.logged.join('').includes(secret));
  assert.ok(!service.logged.join('').includes(service.adminKey));
});
