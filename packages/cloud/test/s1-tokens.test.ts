/**
 * S1 with accounts for people, which its authors wished for: the topology `alb-lambda` with a user pool, from its templates,
 * on this machine. A balancer has no authorizer, so the function verifies tokens itself. The pool is an issuer on loopback
 * that signs what Amazon Cognito would; its name is the one in the template.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { makeSigningKey, signToken, startIssuer } from '../../daybook/test/support/issuer-server.ts';
import { openTopology } from './local/topology.ts';

const key = await makeSigningKey('pool-1', 'RS256');
const pool = await startIssuer(key);
after(() => pool.close());
const cloud = await openTopology('alb-lambda', 'dev', {
  changes: { network: { egress: 'nat' }, access: { cognito: true } },
  poolKeys: pool.jwks,
});
const url = `${cloud.front.url}/data`;

const iat = Math.floor(Date.now() / 1000);
/** "Understanding the access token", Amazon Cognito Developer Guide: no `aud`; groups of the pool. */
const CLAIMS = {
  sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
  iss: `https://cognito-idp.${cloud.region}.amazonaws.com/${cloud.outputOf('UserPoolId')}`,
  client_id: cloud.outputOf('UserPoolClientId'),
  'cognito:groups': ['data.read', 'data.write'],
  token_use: 'access',
  iat,
};
const signed = async (changes: object = {}): Promise<string> =>
  `Bearer ${await signToken(key, { ...CLAIMS, exp: iat + 600, ...changes })}`;

function post(authorization: string): Promise<Response> {
  const body = JSON.stringify({ informationOne: 'one', informationTwo: 'two' });
  const headers = { 'content-type': 'application/json', authorization };
  return fetch(url, { method: 'POST', headers, body });
}

test('somebody in a group of the pool writes, and reads what is their own, through the balancer', async () => {
  const written = await post(await signed());
  assert.equal(written.status, 201);
  for (const [sub, entries] of [
    [CLAIMS.sub, 1],
    ['ffffffff-bbbb-cccc-dddd-eeeeeeeeeeee', 0],
  ] as const) {
    const answer = await fetch(url, { headers: { authorization: await signed({ sub }) } });
    assert.equal(answer.status, 200);
    assert.equal(((await answer.json()) as { entries: unknown[] }).entries.length, entries);
  }
  assert.ok(pool.requests() > 0, 'the function fetched the keys itself');
});

test('who is in no group of it is refused, and so is a token of another pool, for another client, or at its end', async () => {
  assert.equal((await post(await signed({ 'cognito:groups': [] }))).status, 403);
  for (const changes of [{ iss: `${CLAIMS.iss}x` }, { client_id: 'another' }, { exp: iat - 3_600 }]) {
    const answer = await post(await signed(changes));
    assert.equal(answer.status, 401, JSON.stringify(changes));
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  }
});

test('health asks no issuer, and no other function is told of one', async () => {
  const before = pool.requests();
  assert.deepEqual(await cloud.front.checkHealth(), [{ healthy: true, status: 200 }]);
  assert.equal((await fetch(`${cloud.front.url}/readyz`)).status, 200);
  assert.equal(pool.requests(), before);
});
