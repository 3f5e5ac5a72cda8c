/** What is remembered of verified tokens: how many, how long, and nothing of those that were refused. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { makeSigningKey, signToken, startIssuer } from '../support/issuer-server.ts';
import { CLAIMS, createTestVerifier, NOW } from '../support/token-verifier.ts';

const key = await makeSigningKey('key-1');
const issuer = await startIssuer(key);
after(() => issuer.close());

let tokens = 0;
function fresh(claims: object = {}): Promise<string> {
  tokens += 1;
  return signToken(key, { ...CLAIMS, jti: String(tokens), ...claims });
}

function freshOnes(count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => fresh()));
}

test('a token is verified once; then its identity is there at once, and the same', async () => {
  const { verify } = createTestVerifier({ jwks: issuer.jwks });
  const token = await fresh();
  const first = verify(token);
  assert.ok(first instanceof Promise);
  const identity = await first;
  assert.equal(verify(token), identity);
  assert.equal(verify(token), identity);
});

test('all who bring the same token at the same time wait for one verification, also if it fails', async () => {
  const { verify } = createTestVerifier({ jwks: issuer.jwks });
  for (const token of [await fresh(), await fresh({ aud: 'other' })]) {
    const all = Array.from({ length: 10 }, () => verify(token));
    assert.equal(new Set(all).size, 1);
    await Promise.allSettled(all.map(async (one) => one));
  }
});

test('a refusal is not remembered', async () => {
  const { verify, verdict, pass } = createTestVerifier({ jwks: issuer.jwks });
  const token = await fresh({ nbf: NOW + 60 });
  const refused = verify(token);
  assert.equal(await verdict(token), 'not-yet-valid');
  const again = verify(token);
  assert.notEqual(again, refused);
  await assert.rejects(Promise.resolve(again), { code: 'not-yet-valid' });
  pass(60);
  assert.equal(await verdict(token), 'alice');
  await assert.rejects(Promise.resolve(refused), { code: 'not-yet-valid' });
});

test('what is remembered ends with the token, tolerance included', async () => {
  const { isRemembered, verdict, pass } = createTestVerifier({ jwks: issuer.jwks });
  const token = await fresh({ exp: NOW + 60 });
  await verdict(token);
  pass(64);
  assert.ok(isRemembered(token));
  pass(1);
  assert.equal(isRemembered(token), false);
  assert.equal(await verdict(token), 'expired');
});

test('the number is bounded: the token used longest ago is forgotten, and verified again when it comes', async () => {
  const { isRemembered, verdict } = createTestVerifier({ jwks: issuer.jwks }, { maxCachedTokens: 3 });
  const [a = '', b = '', c = '', d = ''] = await freshOnes(4);
  for (const token of [a, b, c]) await verdict(token);
  assert.ok(isRemembered(a), 'and is now the one used last');
  await verdict(d);
  assert.deepEqual([a, c, d].map(isRemembered), [true, true, true]);
  assert.equal(isRemembered(b), false);
  assert.equal(await verdict(b), 'alice');
  assert.ok(isRemembered(b));
});

test('refused tokens push out nothing', async () => {
  const { isRemembered, verdict } = createTestVerifier({ jwks: issuer.jwks }, { maxCachedTokens: 2 });
  const kept = await freshOnes(2);
  for (const token of kept) await verdict(token);
  for (let n = 0; n < 20; n += 1) await verdict(await fresh({ aud: 'other' }));
  assert.deepEqual(kept.map(isRemembered), [true, true]);
});
