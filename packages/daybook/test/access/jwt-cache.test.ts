/** What is remembered of verified tokens: how many, how long, and nothing of those that were refused. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

test('an identity holds as long as its token would be remembered, and no other identity does', async () => {
  const { verify, holds, pass } = createTestVerifier({ jwks: issuer.jwks });
  const token = await fresh({ exp: NOW + 60 });
  const identity = await verify(token);
  assert.ok(holds(identity));
  assert.ok(!holds({ ...identity }), 'one that looks the same was not verified');
  pass(64);
  assert.ok(holds(identity));
  pass(1);
  assert.ok(!holds(identity));
});

test('an identity holds while the keys of its issuer stay what they were', async () => {
  const { verify, holds, refreshed } = await withKeyFile();
  const lasting = await verify(await fresh());
  await refreshed([key.publicJwk]);
  assert.ok(holds(lasting), 'the same keys were read again');
  await refreshed([]);
  assert.ok(!holds(lasting), 'its key was withdrawn');
});

test('an identity holds although others pushed its token out of the memory', async () => {
  const { verify, holds, isRemembered } = createTestVerifier({ jwks: issuer.jwks }, { maxCachedTokens: 1 });
  const token = await fresh();
  const identity = await verify(token);
  await verify(await fresh());
  assert.ok(holds(identity));
  assert.ok(!isRemembered(token));
});

/** An issuer whose keys are in a file. */
async function withKeyFile() {
  const directory = await mkdtemp(join(tmpdir(), 'daybook-keys-'));
  after(() => rm(directory, { recursive: true, force: true }));
  const jwks = join(directory, 'jwks.json');
  await writeFile(jwks, JSON.stringify({ keys: [key.publicJwk] }));
  const verifier = createTestVerifier({ jwks });
  return {
    ...verifier,
    /** Publishes these keys, and waits until they were read. */
    async refreshed(keys: readonly object[]): Promise<void> {
      await writeFile(jwks, JSON.stringify({ keys }));
      verifier.pass(2);
      await verifier.load();
    },
  };
}
