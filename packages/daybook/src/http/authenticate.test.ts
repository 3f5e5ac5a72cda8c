import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createIdentity } from '../access/identity.ts';
import { TokenError } from '../access/jwt/token-error.ts';
import type { LastCaller } from './authenticate.ts';
import { createAuthenticate } from './authenticate.ts';

const alice = createIdentity({ subject: 'alice', roles: ['data.read'], kind: 'jwt' });

const neverLoaded = new Promise<undefined>(() => {});

test('so many requests may wait for the keys of the store, and no more', async () => {
  const authenticate = createAuthenticate({
    adminKey: 'the-admin-key',
    keys: { verify: () => neverLoaded },
    maxWaiting: 2,
  });
  for (let n = 0; n < 2; n += 1) assert.ok(authenticate('Bearer dbk_a') instanceof Promise);
  await assert.rejects(async () => authenticate('Bearer dbk_a'), { code: 'CREDENTIAL_UNVERIFIABLE' });
});

test('so many requests may wait for their tokens and no more; when they are answered there is room again', async () => {
  let verification = Promise.withResolvers<typeof alice>();
  const authenticate = createAuthenticate({
    adminKey: 'the-admin-key',
    keys: { verify: () => undefined },
    tokens: { verify: () => verification.promise, holds: () => false },
    maxWaiting: 2,
  });
  const unverifiable = { code: 'CREDENTIAL_UNVERIFIABLE' };
  for (const settle of [
    () => verification.resolve(alice),
    () => verification.reject(new TokenError('expired', 'expected one that is valid')),
  ]) {
    verification = Promise.withResolvers();
    const waiting = Promise.allSettled([authenticate('Bearer a'), authenticate('Bearer b')]);
    await assert.rejects(async () => authenticate('Bearer c'), unverifiable);
    await assert.rejects(async () => authenticate('Bearer a'), unverifiable);
    assert.equal((await authenticate('Bearer the-admin-key'))?.kind, 'admin');
    settle();
    await waiting;
  }
});

test('the same header on the same connection is believed without being verified again, while its token holds', async () => {
  let holds = true;
  const verified: string[] = [];
  const authenticate = createAuthenticate({
    adminKey: 'the-admin-key',
    keys: { verify: (key) => (verified.push(key), alice) },
    tokens: {
      verify: (token) => (verified.push(token), alice),
      holds: (identity) => identity === alice && holds,
    },
  });
  const last: LastCaller = { authorization: '', identity: undefined };
  for (let n = 0; n < 3; n += 1) assert.equal(await authenticate('Bearer a', last), alice);
  assert.deepEqual(verified, ['a']);
  await authenticate('Bearer b', last);
  await authenticate('Bearer a', last);
  await authenticate('bearer a', last);
  assert.deepEqual(verified, ['a', 'b', 'a', 'a']);
  holds = false;
  await authenticate('bearer a', last);
  assert.deepEqual(verified.splice(0), ['a', 'b', 'a', 'a', 'a']);
  holds = true;
  // A key can be revoked at any moment, and the admin key is no token.
  for (let n = 0; n < 2; n += 1) await authenticate('Bearer dbk_a', last);
  assert.deepEqual(verified, ['dbk_a', 'dbk_a']);
  assert.equal((await authenticate('Bearer the-admin-key', last))?.kind, 'admin');
  assert.equal(await authenticate(undefined, last), undefined);
  assert.throws(() => authenticate('Basic a', last), { code: 'UNAUTHENTICATED' });
});
