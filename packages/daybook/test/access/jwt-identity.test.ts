/** From the claims of a verified token to who calls and what the caller may do. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { Identity } from '../../src/access/identity.ts';
import type { Claims } from '../support/issuer-server.ts';
import { makeSigningKey, signToken, startIssuer } from '../support/issuer-server.ts';
import { AUDIENCE, CLAIMS, createTestVerifier, ISSUER } from '../support/token-verifier.ts';

const key = await makeSigningKey('key-1');
const issuer = await startIssuer(key);
after(() => issuer.close());

type Settings = Omit<Parameters<typeof createTestVerifier>[0], 'jwks'>;

async function identify(claims: Claims | Uint8Array, settings: Settings = {}): Promise<Identity> {
  const { verify } = createTestVerifier({ jwks: issuer.jwks, ...settings });
  return verify(await signToken(key, claims));
}

async function rolesOf(claims: Claims, settings?: Settings): Promise<string[]> {
  const { roles } = await identify({ ...CLAIMS, roles: undefined, ...claims }, settings);
  return [...roles].toSorted();
}

const READ_AND_WRITE = ['data.read', 'data.write'];

test('an identity is what was verified, and cannot be changed', async () => {
  const identity = await identify(CLAIMS);
  assert.deepEqual(identity, {
    subject: 'alice',
    roles: new Set(READ_AND_WRITE.toReversed()),
    kind: 'jwt',
    issuer: 'example',
    expiresAtMs: (CLAIMS.exp + 5) * 1_000,
  });
  assert.ok(Object.isFrozen(identity));
});

test('roles are found in each of the usual claims, in a list or a text', async () => {
  const both = ['data.write', 'data.read'];
  assert.deepEqual(await rolesOf({ roles: both }), READ_AND_WRITE);
  assert.deepEqual(await rolesOf({ Role: both }), READ_AND_WRITE);
  assert.deepEqual(await rolesOf({ 'cognito:groups': both }), READ_AND_WRITE);
  assert.deepEqual(await rolesOf({ scope: 'openid data.write  data.read profile' }), READ_AND_WRITE);
  assert.deepEqual(await rolesOf({ Role: 'data.write' }), ['data.write']);
  assert.deepEqual(await rolesOf({ roles: ['data.write'], Role: 'data.read', scope: 'admin' }), [
    'admin',
    ...READ_AND_WRITE,
  ]);
});

test('a text is one role, but where the claim is a scope', async () => {
  assert.deepEqual(await rolesOf({ Role: 'data.write data.read' }), []);
  assert.deepEqual(await rolesOf({ roles: 'no admin here' }), []);
  assert.deepEqual(await rolesOf({ scp: 'data.write data.read' }, { roleClaims: ['scp'] }), READ_AND_WRITE);
});

test('a token without roles, or with something else in their place, names its subject and allows nothing', async () => {
  const shapes: unknown[] = [
    undefined,
    null,
    true,
    7,
    '',
    [],
    {},
    { admin: true },
    [['admin']],
    [{ admin: 1 }],
    [null],
  ];
  for (const roles of shapes) {
    assert.deepEqual(await rolesOf({ roles, Role: roles, scope: roles }), [], JSON.stringify(roles));
  }
  assert.deepEqual(await rolesOf({ roles: [7, 'data.read', null] }), ['data.read']);
});

test('roles of other applications are not kept, and near ones are no roles', async () => {
  const others = [
    'Admin',
    'admin ',
    'DATA.READ',
    'data.delete',
    'data',
    '.read',
    'data.read.all',
    '__proto__',
    'uma',
  ];
  assert.deepEqual(await rolesOf({ roles: [...others, 'metrics'] }), ['metrics']);
});

test('nested roles are found by a path, and a name with dots is a name first', async () => {
  const nested = { realm_access: { roles: ['data.read'] }, 'https://example.com/roles': ['admin'] };
  const paths = ['realm_access.roles', 'https://example.com/roles'];
  assert.deepEqual(await rolesOf(nested), []);
  assert.deepEqual(await rolesOf(nested, { roleClaims: paths }), ['admin', 'data.read']);
  const both = { ...nested, 'realm_access.roles': 'data.write' };
  assert.deepEqual(await rolesOf(both, { roleClaims: paths }), ['admin', 'data.write']);
  const dead = [
    'realm_access.roles.0',
    'realm_access.length',
    'sub.length',
    'constructor.name',
    '__proto__.roles',
    '.',
    '',
  ];
  assert.deepEqual(await rolesOf(nested, { roleClaims: dead.filter((path) => path !== '') }), []);
});

test('with a prefix only what begins with it is a role of ours', async () => {
  const scope = 'admin https://daybook/data.read https://daybook/ other/admin';
  assert.deepEqual(await rolesOf({ scope }, { rolePrefix: 'https://daybook/' }), ['data.read']);
});

test('the subject may be another claim, and another issuer\u2019s alice is not this one\u2019s', async () => {
  const claims = { ...CLAIMS, email: 'alice@example.com', who: { id: 'a-1' } };
  assert.equal((await identify(claims, { subjectClaim: 'email' })).subject, 'alice@example.com');
  assert.equal((await identify(claims, { subjectClaim: 'who.id' })).subject, 'a-1');
  assert.equal((await identify(claims, { subjectPrefix: 'example:' })).subject, 'example:alice');
  await assert.rejects(identify({ ...CLAIMS, sub: '' }, { subjectPrefix: 'example:' }), {
    code: 'no-subject',
  });
});

test('an audience may be one of several on either side', async () => {
  assert.equal((await identify({ ...CLAIMS, aud: ['other', AUDIENCE] })).subject, 'alice');
  assert.equal((await identify(CLAIMS, { audience: ['other', AUDIENCE] })).subject, 'alice');
});

test('an access token of Amazon Cognito, which has no aud, is for its client', async () => {
  const access = { ...CLAIMS, aud: undefined, token_use: 'access', client_id: 'client-1' };
  const settings = { audience: undefined, clientId: ['client-1', 'client-2'] };
  assert.equal((await identify(access, settings)).subject, 'alice');
  assert.equal((await identify(CLAIMS, { clientId: 'client-1' })).subject, 'alice');
  const refused = [
    { ...access, client_id: 'client-3' },
    { ...access, client_id: undefined },
    { ...access, aud: 'client-1' },
  ];
  for (const claims of refused) await assert.rejects(identify(claims, settings), { code: 'wrong-audience' });
  await assert.rejects(identify(access), { code: 'wrong-audience' });
});

test('members given twice, and __proto__ among the claims, do no harm', async () => {
  const rest = `"iss":${JSON.stringify(ISSUER)},"aud":${JSON.stringify(AUDIENCE)},"exp":${CLAIMS.exp}`;
  const twice = `{"sub":"mallory","sub":"alice",${rest},"roles":["admin"],"roles":[]}`;
  const identity = await identify(Buffer.from(twice));
  assert.deepEqual([identity.subject, [...identity.roles]], ['alice', []]);
  const polluted = `{"sub":"alice",${rest},"__proto__":{"roles":["admin"],"polluted":true},"constructor":{"prototype":{"polluted":true}}}`;
  assert.deepEqual([...(await identify(Buffer.from(polluted))).roles], []);
  assert.equal('polluted' in {}, false);
  const inherited = `{${rest},"__proto__":{"sub":"alice"}}`;
  await assert.rejects(identify(Buffer.from(inherited)), { code: 'no-subject' });
});
