/** Whose request it is behind API Gateway: what the authorizer said of it, for as long as its token lasts, and nothing else. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';

import { createIdentity } from '../../src/access/identity.ts';
import type { EntryPage, EntryView, Receipt } from '../../src/contract/messages.ts';
import { authenticateByAuthorizer, toAuthorizerContext } from '../../src/lambda/authorizer-identity.ts';
import { startService } from '../http/service.ts';

const service = await startService({ registers: { deploys: { access: 'key' } } });
const JSON_FIELDS = { 'content-type': 'application/json' };
const PAYLOAD = '{"informationOne":"one","informationTwo":"two"}';
const BOTH_ROLES = 'data.read data.write';
const INVALID = { code: 'UNAUTHENTICATED' };

let nowMs = Date.now();
const inAnHour = () => String(Math.floor(nowMs / 1_000) + 3_600);

/** What API Gateway hands on; `principalId` and `integrationLatency` are its own. */
function contextOf(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const context = { subject: 'alice', roles: BOTH_ROLES, issuer: 'example', exp: inAnHour(), ...changes };
  return { principalId: 'alice', integrationLatency: 12, ...context };
}

/** As the function of the API calls the application. */
function call(authorizer: unknown, path: string, init?: RequestInit): Promise<Response> {
  const authenticate = authenticateByAuthorizer(authorizer, () => nowMs);
  return service.fetchInProcess(path, init, authenticate && { authenticate });
}

const post = (authorizer: unknown, headers: Record<string, string> = {}, body = PAYLOAD) =>
  call(authorizer, '/data', { method: 'POST', headers: { ...JSON_FIELDS, ...headers }, body });

async function codeOf(answer: Response): Promise<string> {
  return `${answer.status} ${((await answer.json()) as { code?: string }).code}`;
}

async function ownEntries(subject: string): Promise<readonly EntryView[]> {
  const answer = await call(contextOf({ subject }), '/data');
  assert.equal(answer.status, 200);
  return ((await answer.json()) as EntryPage).entries;
}

async function statusMembers(roles: string): Promise<string[]> {
  const headers = { authorization: 'Bearer token' };
  const answer = await call(contextOf({ roles }), '/api/status', { headers });
  return Object.keys((await answer.json()) as object);
}

test('the authorizer and the function of the API understand each other', () => {
  const expiresAtMs = nowMs + 60_000;
  const identity = createIdentity({
    subject: 'alice',
    roles: ['data.read', 'admin'],
    kind: 'jwt',
    issuer: 'example',
    expiresAtMs,
  });
  const known = authenticateByAuthorizer(toAuthorizerContext(identity), () => nowMs)?.(undefined);
  assert.deepEqual(known, { ...identity, expiresAtMs: Math.floor(expiresAtMs / 1_000) * 1_000 });
  const endless = toAuthorizerContext({ ...identity, expiresAtMs: Number.MAX_VALUE });
  assert.equal(endless.exp, '253402300799');
});

test('an entry belongs to the subject that the authorizer verified, and is shown to nobody else', async () => {
  const answer = await post(contextOf({ subject: 'owner' }));
  assert.equal(answer.status, 201);
  const { id } = (await answer.json()) as Receipt;
  assert.deepEqual(
    (await ownEntries('owner')).map((entry) => [entry.id, entry.subject]),
    [[id, 'owner']],
  );
  assert.deepEqual(await ownEntries('somebody-else'), []);
  assert.equal((await call(contextOf({ subject: 'somebody-else' }), `/data/${id}`)).status, 404);
});

test('roles decide, for each direction by itself', async () => {
  const none = contextOf({ roles: '' });
  assert.equal(await codeOf(await post(none)), '403 FORBIDDEN');
  assert.equal(await codeOf(await call(none, '/data')), '403 FORBIDDEN');
  assert.equal(await codeOf(await post(contextOf({ roles: 'data.read' }))), '403 FORBIDDEN');
  assert.equal(await codeOf(await call(contextOf({ roles: 'data.write' }), '/data')), '403 FORBIDDEN');
  assert.equal(await codeOf(await call(contextOf({ roles: 'deploys.read' }), '/deploys')), '403 FORBIDDEN');
});

test('an operator is whoever has the role admin in the token, and nobody else', async () => {
  for (const path of ['/api/registers', '/api/ledger', '/api/keys']) {
    assert.equal(await codeOf(await call(contextOf(), path)), '403 FORBIDDEN');
    assert.equal((await call(contextOf({ roles: 'admin' }), path)).status, 200);
  }
  assert.ok((await statusMembers('admin')).includes('components'));
  assert.ok(!(await statusMembers(BOTH_ROLES)).includes('components'));
});

test('what API Gateway remembers longer than the token lasts is refused, also when a tail goes on', async () => {
  const ended = contextOf({ exp: String(Math.floor(nowMs / 1_000)) });
  const before = (await ownEntries('alice')).length;
  assert.equal(await codeOf(await post(ended)), '401 UNAUTHENTICATED');
  assert.equal(await codeOf(await call(ended, '/data')), '401 UNAUTHENTICATED');
  assert.equal((await ownEntries('alice')).length, before);

  const authenticate = authenticateByAuthorizer(contextOf({ exp: inAnHour() }), () => nowMs);
  assert.ok(authenticate !== undefined);
  const known = await authenticate(undefined);
  assert.equal(known?.subject, 'alice');
  nowMs += 3_601_000;
  assert.throws(() => authenticate(undefined), INVALID);
});

test('nothing that a caller can send says who calls', async () => {
  const context = {
    subject: 'mallory',
    roles: 'admin data.write data.read',
    issuer: 'example',
    exp: inAnHour(),
  };
  const text = JSON.stringify(context);
  const forged = {
    requestcontext: JSON.stringify({ authorizer: context }),
    'x-amzn-request-context': JSON.stringify({ authorizer: context }),
    authorizer: text,
    principalid: 'mallory',
    subject: 'mallory',
    roles: 'admin',
    'x-amzn-oidc-identity': 'mallory',
    'x-daybook-subject': 'mallory',
  };
  const body = JSON.stringify({
    ...JSON.parse(PAYLOAD),
    ...context,
    requestContext: { authorizer: context },
  });
  const query = new URLSearchParams(context).toString();
  assert.equal(await codeOf(await post(undefined, forged, body)), '401 UNAUTHENTICATED');
  assert.equal(
    await codeOf(await call(undefined, '/api/registers', { headers: forged })),
    '401 UNAUTHENTICATED',
  );
  assert.equal(
    await codeOf(await call(undefined, `/data?${query}`, { method: 'POST', body })),
    '401 UNAUTHENTICATED',
  );

  const answer = await post(contextOf({ subject: 'honest' }), forged, body);
  assert.equal(answer.status, 201);
  const [entry] = await ownEntries('honest');
  assert.equal(entry?.subject, 'honest');
  assert.deepEqual(entry.payload, JSON.parse(body));
  assert.deepEqual(await ownEntries('mallory'), []);
  assert.equal(await codeOf(await call(contextOf(), '/api/registers', { headers: forged })), '403 FORBIDDEN');
});

test('an API key that was let through is held against the store', async () => {
  const admin = { authorization: `Bearer ${service.adminKey}`, ...JSON_FIELDS };
  const made = await service.fetch('/api/keys', {
    method: 'POST',
    headers: admin,
    body: JSON.stringify({ name: 'ci', scopes: ['deploys.write'] }),
  });
  const { key, keyId } = (await made.json()) as { key: string; keyId: string };
  const passed = { principalId: keyId, integrationLatency: 12 };
  const deploy = () =>
    call(passed, '/deploys', { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: 'one' });
  assert.equal((await deploy()).status, 201);
  assert.equal(
    await codeOf(await call(passed, '/data', { headers: { authorization: `Bearer ${key}` } })),
    '403 FORBIDDEN',
  );
  await service.fetch(`/api/keys/${keyId}`, { method: 'DELETE', headers: admin });
  assert.equal(await codeOf(await deploy()), '401 UNAUTHENTICATED');
});

describe('a context that is not ours', () => {
  const others: Readonly<Record<string, unknown>> = {
    'of no authorizer': undefined,
    'of the test console': null,
    'of a user pool': { claims: { sub: 'mallory', 'cognito:groups': 'admin' } },
    'of an HTTP API with tokens': { jwt: { claims: { sub: 'mallory' }, scopes: ['admin'] } },
    'of an HTTP API with IAM': { iam: { userId: 'mallory' } },
    'of another function': { principalId: 'mallory', roles: 'admin' },
    'with inherited members': Object.create({
      subject: 'mallory',
      roles: 'admin',
      issuer: 'x',
      exp: inAnHour(),
    }),
  };
  for (const [what, authorizer] of Object.entries(others)) {
    test(`${what} counts for nothing: we look at the credential ourselves`, async () => {
      assert.equal(
        authenticateByAuthorizer(authorizer, () => nowMs),
        undefined,
      );
      assert.equal(await codeOf(await post(authorizer)), '401 UNAUTHENTICATED');
    });
  }

  const damaged: readonly Readonly<Record<string, unknown>>[] = [
    { subject: '' },
    { subject: 'a\u0000b' },
    { subject: 'a'.repeat(256) },
    { subject: ['alice'] },
    { roles: undefined },
    { roles: ['admin'] },
    { issuer: undefined },
    { exp: undefined },
    { exp: '' },
    { exp: 'Infinity' },
    { exp: '1e99' },
    { exp: Number.MAX_SAFE_INTEGER },
  ];
  for (const change of damaged) {
    test(`${inspect(change).slice(0, 40)} is refused`, async () => {
      assert.equal(await codeOf(await post(contextOf(change))), '401 UNAUTHENTICATED');
    });
  }
});
