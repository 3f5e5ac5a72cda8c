import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createIdentity } from '../access/identity.ts';
import { TokenError } from '../access/jwt/token-error.ts';
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
    tokens: { verify: () => verification.promise },
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
