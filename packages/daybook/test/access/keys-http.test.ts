/** `/api/keys`: who may, what crosses the wire, and what is refused how. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { createdKeySchema, keyPageSchema, keySchema } from '../../src/contract/key-schemas.ts';
import type { CreatedKeyView, KeyPageView, KeyView } from '../../src/contract/key-messages.ts';
import { KEY_PROBLEMS } from '../../src/http/routes/keys.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { assertProblem } from '../http/assert-problem.ts';
import { eventually } from '../support/eventually.ts';
import { secretOf } from './forged-key.ts';
import { ADMIN_KEY, startKeysServer } from './keys-server.ts';

const directory = await mkdtemp(join(tmpdir(), 'daybook-keys-http-'));
const store = await createSqliteStore({ directory });
const server = startKeysServer(store);
after(async () => {
  await server.close();
  await store.close();
  await rm(directory, { recursive: true, force: true });
});
await eventually('the keys are loaded', async () => server.keys.status().state === 'ok', { everyMs: 5 });

function ask(path = '', init: RequestInit = {}): Promise<Response> {
  return server.fetch(`/api/keys${path}`, { ...init, headers: { authorization: `Bearer ${ADMIN_KEY}` } });
}

function post(body: unknown): Promise<Response> {
  return ask('', { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
}

async function make(fields: object = {}): Promise<CreatedKeyView> {
  const answer = await post({ name: 'ci', scopes: ['app.write'], ...fields });
  const text = await answer.text();
  assert.equal(answer.status, 201, text);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  return createdKeySchema.strict().parse(JSON.parse(text));
}

async function page(query = ''): Promise<KeyPageView> {
  const answer = await ask(query);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  return keyPageSchema.parse(await answer.json());
}

async function revoke(keyId: string): Promise<KeyView> {
  const answer = await ask(`/${keyId}`, { method: 'DELETE' });
  assert.equal(answer.status, 200);
  return keySchema.strict().parse(await answer.json());
}

test('only an admin may make, see or revoke keys', async () => {
  const { keyId } = await make();
  const before = (await page()).keys.length;
  const calls = [
    ['', { method: 'POST', body: '{"name":"x","scopes":["admin"]}' }],
    ['', { method: 'POST', body: 'x'.repeat(1_000_000) }],
    ['', {}],
    [`/${keyId}`, { method: 'DELETE' }],
  ] as const;
  for (const [path, init] of calls) {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { cookie: `admin=${ADMIN_KEY}` }]) {
      const answer = await server.fetch(`/api/keys${path}`, { ...init, headers });
      const kind = 'body' in init ? 'write' : 'read';
      await assertProblem(answer, 'UNAUTHENTICATED', { kind });
    }
  }
  const { keys } = await page();
  assert.equal(keys.length, before);
  assert.equal(keys.find((key) => key.keyId === keyId)?.status, 'active');
});

test('a key is shown once, whole, and works; nobody is shown a secret or a hash again', async () => {
  const { key, ...made } = await make({ name: 'shown', expiresAt: '2027-01-31' });
  assert.deepEqual(
    [made.subject, made.status, made.createdBy, made.expiresAt, made.lastUsedAt],
    ['key:shown', 'active', 'admin', '2027-01-31T00:00:00.000000Z', null],
  );
  assert.equal(server.keys.verify(key)?.subject, 'key:shown');
  const listed = (await page()).keys.find(({ keyId }) => keyId === made.keyId);
  assert.ok(listed?.lastUsedAt);
  assert.deepEqual({ ...listed, lastUsedAt: null }, made);
  const revoked = await revoke(made.keyId);
  assert.deepEqual([revoked.status, revoked.revokedBy], ['revoked', 'admin']);
  assert.equal(server.keys.verify(key), undefined);
  assert.deepEqual(await revoke(made.keyId), revoked);
  const said = JSON.stringify([await page(), revoked]) + server.logged.join('');
  assert.ok(!said.includes(secretOf(key)));
  assert.ok(!said.includes('hash'));
});

test('without an end a key ends in a year', async () => {
  const { createdAt, expiresAt } = await make();
  const days = (Date.parse(expiresAt) - Date.parse(createdAt)) / 86_400_000;
  assert.ok(Math.abs(days - 365) < 0.001);
});

test('keys are listed page by page, the newest first, each once', async () => {
  const made: string[] = [];
  for (let index = 0; index < 7; index += 1) made.unshift((await make({ name: `paged-${index}` })).keyId);
  const listed: string[] = [];
  let cursor: string | null = null;
  do {
    const next: KeyPageView = await page(`?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`);
    assert.ok(next.keys.length <= 3);
    listed.push(...next.keys.map(({ keyId }) => keyId));
    cursor = next.nextCursor;
  } while (cursor !== null);
  assert.deepEqual(listed.slice(0, 7), made);
  assert.equal(new Set(listed).size, listed.length);
  assert.equal(listed.length, (await page('?limit=1000')).keys.length);
});

for (const [what, body, code, detail] of [
  ['no body', '', 'BODY_NOT_JSON', /expected a JSON document such as/],
  ['half a document', '{"name":"secret-thing', 'BODY_NOT_JSON', /^expected a JSON document such as .*$/],
  ['a list', [], KEY_PROBLEMS.invalid, /^body: expected/],
  ['null', null, KEY_PROBLEMS.invalid, /^body: expected/],
  ['no scopes', { name: 'x' }, KEY_PROBLEMS.invalid, /^scopes: expected/],
  ['a name that is no text', { name: 7, scopes: ['admin'] }, KEY_PROBLEMS.invalid, /^name: expected/],
  ['a name with spaces', { name: 'a b', scopes: ['admin'] }, KEY_PROBLEMS.invalid, /^name: expected 1 to 64/],
  [
    'a scope of no register',
    { name: 'x', scopes: ['apple.read'] },
    KEY_PROBLEMS.invalid,
    /^scopes: expected scopes of app\.read, .*metrics; given "apple\.read"$/,
  ],
  [
    'an end that is no time',
    { name: 'x', scopes: ['admin'], expiresAt: '2027-02-30' },
    KEY_PROBLEMS.invalid,
    /^expiresAt: /,
  ],
  [
    'an end that was',
    { name: 'x', scopes: ['admin'], expiresAt: '2020-01-01' },
    KEY_PROBLEMS.invalid,
    /^expiresAt: /,
  ],
  [
    'a subject of its own',
    { name: 'x', scopes: ['admin'], subject: 'root' },
    KEY_PROBLEMS.invalid,
    /subject/,
  ],
  [
    'a keyId of its own',
    { name: 'x', scopes: ['admin'], keyId: '0'.repeat(16) },
    KEY_PROBLEMS.invalid,
    /keyId/,
  ],
  [
    'a prototype',
    '{"name":"x","scopes":["admin"],"__proto__":{"admin":true}}',
    KEY_PROBLEMS.invalid,
    /__proto__/,
  ],
] as const) {
  test(`a request with ${what} is refused, and makes nothing`, async () => {
    const before = (await page('?limit=1000')).keys.length;
    const problem = await assertProblem(await post(body), code, { kind: 'write' });
    assert.match(problem.detail, detail);
    assert.ok(!problem.detail.includes('secret-thing'));
    assert.equal((await page('?limit=1000')).keys.length, before);
  });
}

test('a body that is too large is refused before it has ended', async () => {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1;
      if (sent > 1_000) controller.error(new Error('nobody may read this far'));
      else controller.enqueue(new Uint8Array(10_000).fill(0x20));
    },
  });
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
  await assertProblem(await ask('', init), 'ENTRY_TOO_LARGE', { kind: 'write' });
  assert.ok(sent < 20);
});

for (const [query, code] of [
  ['limit=0', 'PARAMETER_INVALID'],
  ['limit=1001', 'PARAMETER_INVALID'],
  ['cursor=x', 'CURSOR_INVALID'],
  ['colour=red', 'PARAMETER_UNKNOWN'],
] as const) {
  test(`a list with ${query} is refused`, async () => {
    await assertProblem(await ask(`?${query}`), code, { kind: 'read' });
  });
}

test('what is no id of a key is unknown, whatever it looks like', async () => {
  for (const id of ['0123456789abcdef', 'x', '..%2f..%2fadmin.key', '%00', 'a'.repeat(300), '__proto__']) {
    const { detail } = await assertProblem(await ask(`/${id}`, { method: 'DELETE' }), KEY_PROBLEMS.unknown, {
      kind: 'read',
    });
    assert.match(detail, /^expected the keyId of an API key, given /);
  }
});

test('the methods of each path are told', async () => {
  for (const [path, methods] of [
    ['', 'GET, HEAD, POST, OPTIONS'],
    ['/0123456789abcdef', 'DELETE, OPTIONS'],
  ] as const) {
    const answer = await server.fetch(`/api/keys${path}`, { method: 'OPTIONS' });
    assert.deepEqual([answer.status, answer.headers.get('allow')], [204, methods]);
    await assertProblem(await ask(path, { method: 'PUT' }), 'METHOD_NOT_ALLOWED', { kind: 'read' });
  }
});
