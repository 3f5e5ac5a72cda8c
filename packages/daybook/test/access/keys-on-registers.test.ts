/** API keys, tokens and the admin key at the doors of a server: registers by kind of credential, /api, the audit. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { CreatedKeyView } from '../../src/contract/key-messages.ts';
import type { EntryPage } from '../../src/contract/messages.ts';
import { assertProblem } from '../http/assert-problem.ts';
import { startService } from '../http/service.ts';
import { PAYLOAD, startIssued } from './issued.ts';

const { issuers, as } = await startIssued();
const service = await startService({
  issuers,
  registers: {
    devices: { access: 'key', ownership: true },
    people: { access: 'jwt' },
    both: { access: { write: ['key', 'jwt'], read: 'jwt' } },
  },
});
const admin = { authorization: `Bearer ${service.adminKey}` };

type Credential = Readonly<Record<string, string>>;

async function makeKey(scopes: readonly string[], name = 'device', by: Credential = admin) {
  const body = JSON.stringify({ name, scopes });
  const answer = await service.fetch('/api/keys', { method: 'POST', headers: by, body });
  assert.equal(answer.status, 201, await answer.clone().text());
  const { key, keyId } = (await answer.json()) as CreatedKeyView;
  return { keyId, secret: key.slice(-49), headers: { authorization: `Bearer ${key}` } };
}
const post = (register: string, headers: Credential) =>
  service.fetch(`/${register}`, { method: 'POST', headers, body: PAYLOAD });
const get = (path: string, headers: Credential = {}) => service.fetch(path, { headers });
const revoke = (keyId: string, by: Credential) =>
  service.fetch(`/api/keys/${keyId}`, { method: 'DELETE', headers: by });

test('a key opens what its scopes name, and nothing else', async () => {
  const { headers } = await makeKey(['devices.write']);
  assert.equal((await post('devices', headers)).status, 201);
  await assertProblem(await get('/devices', headers), 'FORBIDDEN', { kind: 'read' });
  await assertProblem(await post('both', headers), 'FORBIDDEN', { kind: 'write' });
  await assertProblem(await get('/api/keys', headers), 'FORBIDDEN', { kind: 'read' });
  assert.equal((await service.fetchInProcess('/both', { method: 'POST', headers })).status, 403);
});

test('a kind of credential that a register does not take is refused, whatever its roles', async () => {
  const scopes = ['people.write', 'people.read', 'both.write', 'both.read'];
  const { headers } = await makeKey(scopes);
  assert.equal((await post('people', headers)).status, 403);
  assert.equal((await get('/people', headers)).status, 403);
  assert.equal((await post('both', headers)).status, 201);
  assert.equal((await get('/both', headers)).status, 403);
  const token = await as('alice', ['devices.write', 'devices.read', 'both.write', 'both.read']);
  assert.equal((await post('devices', token)).status, 403);
  assert.equal((await get('/devices', token)).status, 403);
  assert.equal((await post('both', token)).status, 201);
  assert.equal((await get('/both', token)).status, 200);
});

test('a key owns what it writes; a new key of its name takes over, another does not', async () => {
  const scopes = ['devices.write', 'devices.read'];
  const first = await makeKey(scopes, 'meter-1');
  const { id } = (await (await post('devices', first.headers)).json()) as { id: string };
  const successor = await makeKey(scopes, 'meter-1');
  const other = await makeKey(scopes, 'meter-2');
  assert.equal((await get(`/devices/${id}`, successor.headers)).status, 200);
  assert.equal((await get(`/devices/${id}`, other.headers)).status, 404);
  const listed = (await (await get('/devices', other.headers)).json()) as EntryPage;
  assert.deepEqual(listed.entries, []);
});

test('a key that was revoked is refused at once, for every direction', async () => {
  const { keyId, headers } = await makeKey(['devices.write', 'devices.read']);
  assert.equal((await post('devices', headers)).status, 201);
  assert.equal((await revoke(keyId, admin)).status, 200);
  await assertProblem(await post('devices', headers), 'UNAUTHENTICATED', { kind: 'write' });
  await assertProblem(await get('/devices', headers), 'UNAUTHENTICATED', { kind: 'read' });
});

describe('the pages of the operator', () => {
  const PATHS = ['/api/registers', '/api/ledger', '/api/queue', '/api/keys'];

  test('open for the admin key, a key with the scope admin and a token with the role admin', async () => {
    const key = await makeKey(['admin'], 'operator');
    for (const credential of [admin, key.headers, await as('olga', ['admin'])]) {
      for (const path of PATHS) assert.equal((await get(path, credential)).status, 200, path);
      const made = await makeKey(['devices.read'], 'made', credential);
      assert.equal((await revoke(made.keyId, credential)).status, 200);
      // An admin writes and reads everywhere, and sees everybody's.
      for (const register of ['devices', 'people', 'both']) {
        assert.equal((await post(register, credential)).status, 201);
        const { entries } = (await (await get(`/${register}`, credential)).json()) as EntryPage;
        assert.ok(entries.length > 0);
      }
    }
  });

  test('stay shut for everybody else, and for the admin key anywhere but in its header', async () => {
    const scoped = await makeKey(['devices.read', 'devices.write', 'metrics', 'audit.read']);
    const token = await as('alice', ['data.read', 'data.write', 'metrics', 'audit.read']);
    for (const path of PATHS) {
      assert.equal((await get(path)).status, 401);
      assert.equal((await get(path, scoped.headers)).status, 403);
      assert.equal((await get(path, token)).status, 403);
      assert.equal(
        (await get(path, { cookie: `key=${service.adminKey}`, 'x-api-key': service.adminKey })).status,
        401,
      );
      assert.match(String((await get(`${path}?key=${service.adminKey}`)).status), /^40[01]$/);
    }
    assert.equal((await revoke(scoped.keyId, token)).status, 403);
    assert.equal((await revoke(scoped.keyId, scoped.headers)).status, 403);
    const status = (await (await get('/api/status', token)).json()) as object;
    assert.ok(!('components' in status));
  });
});

describe('the audit', () => {
  test('has who made and revoked which key, with no secret, before the answer', async () => {
    const operator = await as('olga', ['admin']);
    const { keyId, secret } = await makeKey(['devices.read'], 'audited', operator);
    await revoke(keyId, operator);
    const text = await (await get('/audit', admin)).text();
    assert.ok(!text.includes(secret));
    assert.ok(!text.includes(service.adminKey));
    const { entries } = JSON.parse(text) as EntryPage;
    const facts = entries
      .map(({ subject, payload }) => ({
        subject,
        ...(payload as { action: string; by: string; target: string }),
      }))
      .filter(({ target }) => target === keyId)
      .map(({ subject, action, by }) => [subject, action, by]);
    assert.deepEqual(facts, [
      ['olga', 'keys revoke', 'olga'],
      ['olga', 'keys create', 'olga'],
    ]);
  });

  test('can be read by those who may, in every way of reading, and by nobody else', async () => {
    const alice = await as('alice');
    const { headers } = await makeKey(['devices.read']);
    for (const path of [
      '/audit',
      '/audit?format=csv',
      '/audit?live=sse',
      '/audit/stats',
      '/audit/x',
      '/audit/x/payload',
    ]) {
      assert.equal((await get(path)).status, 401, path);
      assert.equal((await get(path, alice)).status, 403, path);
      assert.equal((await get(path, headers)).status, 403, path);
    }
    for (const credential of [admin, await as('olga', ['admin']), await as('auditor', ['audit.read'])])
      assert.equal((await get('/audit', credential)).status, 200);
  });

  test('cannot be written by anybody, nor can the registers of keys and drains', async () => {
    const roles = ['admin', 'audit.write', 'keys.write', 'drain.write'];
    const before = await (await get('/audit?format=ndjson', admin)).text();
    for (const credential of [{}, admin, await as('olga', roles)]) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const init = { method, headers: credential, body: PAYLOAD };
        for (const path of ['/audit', '/audit/', '/audit/some-id'])
          assert.equal((await service.fetch(path, init)).status, 405, `${method} ${path}`);
        for (const path of ['/keys', '/drain']) assert.equal((await service.fetch(path, init)).status, 404);
        assert.equal((await service.fetchInProcess('/audit', init)).status, 405);
      }
      for (const path of ['/keys', '/drain']) assert.equal((await get(path, credential)).status, 404);
    }
    assert.equal(await (await get('/audit?format=ndjson', admin)).text(), before);
    const asked = { method: 'POST', headers: admin, body: '{"name":"x","scopes":["audit.write"]}' };
    assert.equal((await service.fetch('/api/keys', asked)).status, 400);
  });
});
