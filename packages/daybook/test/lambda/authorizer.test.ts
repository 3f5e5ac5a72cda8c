/** The authorizer as API Gateway calls it: what it lets through, for which paths, and what it says of whom. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import type { APIGatewayAuthorizerResult } from 'aws-lambda';

import { makeKey } from '../../src/access/keys/key-text.ts';
import { createAuthorizer, handler } from '../../src/lambda/authorizer.ts';
import type { Claims } from '../support/issuer-server.ts';
import {
  confusedTokens,
  makeSigningKey,
  signToken,
  startIssuer,
  unsecuredToken,
} from '../support/issuer-server.ts';
import { AUDIENCE, CLAIMS, createTestVerifier, ISSUER, NOW } from '../support/token-verifier.ts';
import { API_ARN, authorizerEvent } from './authorizer-events.ts';

const key = await makeSigningKey('key-1');
const issuer = await startIssuer(key);
after(() => issuer.close());

type Settings = Omit<Parameters<typeof createTestVerifier>[0], 'jwks'>;

function openAuthorizer(settings: Settings = {}) {
  const tokens = createTestVerifier({ jwks: issuer.jwks, ...settings });
  const logged: unknown[] = [...tokens.events];
  const note = (fields: object): void => void logged.push(fields);
  let unverifiable = 0;
  let refused = 0;
  const authorize = createAuthorizer({
    tokens,
    log: { info: note, warn: note, error: note } as Parameters<typeof createAuthorizer>[0]['log'],
    onRefused: () => void (refused += 1),
    onUnverifiable: () => void (unverifiable += 1),
  });
  return {
    authorize,
    authorizeToken: (token: string) => authorize(authorizerEvent([`Bearer ${token}`])),
    pass: tokens.pass,
    logged: () => JSON.stringify([...tokens.events, ...logged]),
    unverifiable: () => unverifiable,
    refused: () => refused,
  };
}

const UNAUTHORIZED = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.message === 'Unauthorized';
const UNVERIFIABLE = { message: 'CREDENTIAL_UNVERIFIABLE' };
const sign = (changes: Claims = {}) => signToken(key, { ...CLAIMS, ...changes });

/** As IAM matches a resource: a star is any characters, slashes too ("IAM JSON policy elements: Resource"). */
function effectOn({ policyDocument }: APIGatewayAuthorizerResult, methodArn: string): string {
  const effects = policyDocument.Statement.filter((statement) => {
    assert.ok('Resource' in statement && typeof statement.Resource === 'string');
    const parts = statement.Resource.split('*').map((part) =>
      part.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`),
    );
    return new RegExp(`^${parts.join('.*')}$`).test(methodArn);
  }).map((statement) => statement.Effect);
  return effects.includes('Deny') ? 'Deny' : (effects[0] ?? 'none');
}

test('who a token names is told to the API, as texts', async () => {
  const { authorizeToken } = openAuthorizer();
  assert.deepEqual(await authorizeToken(await sign()), {
    principalId: 'alice',
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: `${API_ARN}/dev/*/*` }],
    },
    context: {
      subject: 'alice',
      roles: 'data.read data.write',
      issuer: 'example',
      exp: String(CLAIMS.exp + 5),
    },
  });
});

test('what is remembered for one request is right for every other one of the same token, and for no other API', async () => {
  const { authorize } = openAuthorizer();
  const bearer = `Bearer ${await sign()}`;
  for (const asked of [
    { method: 'POST', path: '/data' },
    { method: 'GET', path: '/' },
    { method: 'GET', path: '/data/01a1ff07-6a85-7e66-a526-3078a2c246d9/payload' },
  ]) {
    const answer = await authorize(authorizerEvent([bearer], asked));
    for (const methodAndPath of [
      'GET/data',
      'POST/data',
      'HEAD/data',
      'GET/data/stats',
      'GET/data/01a1ff07-6a85-7e66-a526-3078a2c246d9/payload',
      'DELETE/api/keys/6a168642fbae2764',
      'GET/',
    ])
      assert.equal(effectOn(answer, `${API_ARN}/dev/${methodAndPath}`), 'Allow', methodAndPath);
    assert.equal(effectOn(answer, `${API_ARN}/prd/GET/data`), 'none');
    assert.equal(effectOn(answer, `${API_ARN.replace('abcdef123', 'zyxwvu987')}/dev/GET/data`), 'none');
  }
});

describe('roles', () => {
  const cases: readonly (readonly [string, Claims, string, Settings?])[] = [
    ['a list', { roles: ['data.write', 'data.read'] }, 'data.read data.write'],
    ['one text', { roles: undefined, Role: 'data.read' }, 'data.read'],
    ['a scope', { roles: undefined, scope: 'openid data.read profile' }, 'data.read'],
    [
      'nested, as configured',
      { roles: undefined, realm: { roles: ['admin'] } },
      'admin',
      { roleClaims: ['realm.roles'] },
    ],
    [
      'those of others beside ours',
      { roles: ['data.read', 'Administrators', 'data.read extra'] },
      'data.read',
    ],
  ];
  for (const [what, claims, roles, settings] of cases) {
    test(`as ${what}`, async () => {
      const { authorizeToken } = openAuthorizer(settings);
      const answer = await authorizeToken(await sign(claims));
      assert.equal(answer.context?.['roles'], roles);
      assert.equal(effectOn(answer, `${API_ARN}/dev/GET/data`), 'Allow');
    });
  }

  for (const roles of [undefined, [], 'none of ours', [['data.read']], { 'data.read': true }, 7]) {
    test(`${JSON.stringify(roles) ?? 'absent'} let nobody through: 403, not an error`, async () => {
      const { authorizeToken } = openAuthorizer();
      const answer = await authorizeToken(await sign({ roles }));
      assert.equal(effectOn(answer, `${API_ARN}/dev/GET/data`), 'Deny');
      assert.equal(effectOn(answer, `${API_ARN}/dev/POST/app`), 'Deny');
    });
  }
});

test('what is not believed is answered with the one error that API Gateway makes a 401 of, and is not logged', async () => {
  const { authorize, logged, refused, unverifiable } = openAuthorizer();
  const stranger = await makeSigningKey('key-1');
  const tokens = [
    await signToken(stranger, CLAIMS),
    await sign({ exp: NOW - 60 }),
    await sign({ exp: undefined }),
    await sign({ nbf: NOW + 600 }),
    await sign({ aud: 'https://other.example.com' }),
    await sign({ iss: 'https://evil.example.com/' }),
    await sign({ sub: undefined }),
    await sign({ sub: 'key:ci' }),
    unsecuredToken(CLAIMS),
    ...(await confusedTokens(key, CLAIMS)),
    `${await sign()}x`,
    'no-token-at-all',
    'x'.repeat(9_000),
    `dbk_${'0'.repeat(16)}_${'a'.repeat(49)}`,
    'dbk_',
  ];
  const authorizations = [
    ...tokens.map((token) => [`Bearer ${token}`]),
    [],
    [''],
    ['Bearer'],
    [await sign()],
    [`Basic ${Buffer.from('alice:secret').toString('base64')}`],
    [`Bearer ${await sign()}, Bearer ${await sign()}`],
    [`Bearer ${await sign()}`, `Bearer ${await sign()}`],
  ];
  for (const authorization of authorizations) {
    await assert.rejects(authorize(authorizerEvent(authorization)), UNAUTHORIZED, String(authorization));
  }
  await assert.rejects(
    authorize({ methodArn: `${API_ARN}/dev/GET/`, headers: null, multiValueHeaders: null }),
    UNAUTHORIZED,
  );
  for (const token of tokens.filter(({ length }) => length > 20)) {
    for (const part of token.split('.')) assert.ok(part === '' || !logged().includes(part), part);
  }
  for (const claim of ['alice', 'evil.example.com', 'key:ci']) assert.ok(!logged().includes(claim), claim);
  assert.equal(unverifiable(), 0);
  assert.equal(refused(), authorizations.length + 1, 'each is an error to Lambda');
});

test('the name of the header field is known however it is written', async () => {
  const { authorize } = openAuthorizer();
  const bearer = `bearer ${await sign()}`;
  for (const name of ['authorization', 'AUTHORIZATION']) {
    assert.equal((await authorize(authorizerEvent([bearer], { name }))).principalId, 'alice');
  }
  const twice = authorizerEvent([bearer]);
  const headers = { ...twice.multiValueHeaders, authorization: ['Bearer other'] };
  await assert.rejects(authorize({ ...twice, multiValueHeaders: headers }), UNAUTHORIZED);
});

test('an API key is let through by its form and names nobody; only the store knows whether it is in force', async () => {
  const { authorizeToken, logged } = openAuthorizer();
  const { keyId, text } = makeKey();
  const answer = await authorizeToken(text);
  assert.equal(answer.principalId, keyId);
  assert.equal(answer.context, undefined);
  assert.equal(effectOn(answer, `${API_ARN}/dev/POST/data`), 'Allow');
  assert.ok(!logged().includes(text));
});

test('while the keys of an issuer cannot be had nobody is told that a token is bad; afterwards the same one gets in', async (t) => {
  t.after(() => void (issuer.mode = 'ok'));
  issuer.mode = 'error';
  const { authorizeToken, pass, refused, unverifiable } = openAuthorizer();
  const token = await sign();
  await assert.rejects(authorizeToken(token), UNVERIFIABLE);
  assert.deepEqual([unverifiable(), refused()], [1, 0]);
  issuer.mode = 'ok';
  pass(2);
  assert.equal((await authorizeToken(token)).principalId, 'alice');
});

test('known keys stay in use while the issuer is away', async (t) => {
  t.after(() => void (issuer.mode = 'ok'));
  const { authorizeToken, pass, unverifiable } = openAuthorizer();
  await authorizeToken(await sign());
  issuer.mode = 'error';
  pass(3_000);
  assert.equal((await authorizeToken(await sign({ sub: 'bob' }))).principalId, 'bob');
  assert.equal(unverifiable(), 0);
});

test('keys that are due are read before the answer, because the function is stopped behind it', async () => {
  const { authorizeToken, pass } = openAuthorizer();
  const token = await sign();
  await authorizeToken(token);
  const before = issuer.requests();
  pass(601);
  await authorizeToken(token);
  const rotated = await makeSigningKey('key-2');
  assert.equal(issuer.requests(), before + 1);
  issuer.published = [rotated.publicJwk];
  pass(601);
  await authorizeToken(token);
  await assert.rejects(authorizeToken(token), UNAUTHORIZED, 'the keys that were read then hold for the next');
  issuer.published = [key.publicJwk];
});

test('what is said of a token stays within its own size, however many roles it has', async () => {
  const { authorizeToken } = openAuthorizer();
  const many = Array.from({ length: 400 }, (_, n) => `r${n}.read`);
  const token = await sign({ sub: 's'.repeat(255), roles: many });
  assert.ok(token.length < 8_192 && token.length > 6_000, String(token.length));
  const { principalId, context } = await authorizeToken(token);
  assert.equal(principalId.length, 255);
  assert.ok(JSON.stringify(context).length < 8_192);
  assert.equal(String(context?.['roles']).split(' ').length, 400);
});

test('the handler reads the configuration that the function is deployed with', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'daybook-authorizer-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'daybook.config.json');
  const issuers = { example: { issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks } };
  await writeFile(file, JSON.stringify({ issuers, logLevel: 'silent' }));
  process.env['DAYBOOK_CONFIG'] = file;
  const token = await sign({ exp: Math.floor(Date.now() / 1_000) + 600 });
  assert.equal((await handler(authorizerEvent([`Bearer ${token}`]))).principalId, 'alice');
  await assert.rejects(handler(authorizerEvent(['Bearer other'])), UNAUTHORIZED);
});
