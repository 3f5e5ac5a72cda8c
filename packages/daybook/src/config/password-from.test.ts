import assert from 'node:assert/strict';
import { test } from 'node:test';

import { loadConfig, parseConfig } from './load.ts';
import { parsePasswordFrom } from './password-from.ts';

const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-0a1b2c3d-4e5f-AbCdEf';
const STORE = 'postgres://daybook@db.example/daybook?sslmode=require';

test('a password is in a file or in a secret of AWS', () => {
  assert.deepEqual(parsePasswordFrom('file:/run/secrets/password'), {
    from: 'file',
    path: '/run/secrets/password',
  });
  assert.deepEqual(parsePasswordFrom('file:///run/secrets/a'), { from: 'file', path: '/run/secrets/a' });
  const secret = { from: 'aws-secret', arn: ARN, awsRegion: 'eu-west-1' };
  assert.deepEqual(parsePasswordFrom(`aws-secret:${ARN}`), secret);
  const endpoint = 'http://127.0.0.1:4566';
  assert.deepEqual(parsePasswordFrom(`aws-secret:${ARN}?endpoint=${endpoint}`), { ...secret, endpoint });
});

test('what names neither is not guessed at', () => {
  for (const text of [
    '',
    'file:',
    'file://host/password',
    '/run/secrets/password',
    'aws-secret:daybook',
    'aws-secret:arn:aws:secretsmanager:eu-west-1:12:secret:daybook-AbCdEf',
    `aws-secret:${ARN}?region=eu-west-1`,
    `secret:${ARN}`,
  ]) {
    assert.equal(parsePasswordFrom(text), undefined, text);
  }
});

test('store, replica and password come from the environment, beside what the file says of the store', async () => {
  const { store } = await loadConfig(
    {},
    {
      DAYBOOK_STORE: STORE,
      DAYBOOK_STORE_REPLICA: STORE.replace('db.', 'replica.'),
      DAYBOOK_STORE_PASSWORD_FROM: 'file:/run/secrets/password',
    },
  );
  assert.deepEqual(
    [store.url, store.replicaUrl, store.passwordFrom, store.maxConnections],
    [STORE, STORE.replace('db.', 'replica.'), 'file:/run/secrets/password', 10],
  );
});

test('a bad value is told with the name of its variable', async () => {
  await assert.rejects(loadConfig({}, { DAYBOOK_STORE: STORE, DAYBOOK_STORE_PASSWORD_FROM: 'daybook' }), {
    message:
      'store.passwordFrom (DAYBOOK_STORE_PASSWORD_FROM): expected file:/path or aws-secret:ARN, given "daybook"',
  });
});

test('there is one password, and something that takes it', () => {
  const passwordFrom = 'file:/run/secrets/password';
  const secret = 'postgres://daybook:secret@db.example/daybook';
  assert.throws(() => parseConfig({ store: { url: secret, passwordFrom } }), {
    message:
      'store.url (DAYBOOK_STORE): expected a postgres:// URL without a password beside store.passwordFrom, given one with a password',
  });
  assert.throws(() => parseConfig({ store: { url: STORE, replicaUrl: secret, passwordFrom } }), {
    message: /^store\.replicaUrl \(DAYBOOK_STORE_REPLICA\): .* given one with a password$/,
  });
  assert.throws(() => parseConfig({ store: { passwordFrom } }), { message: /^store\.url .* given sqlite:$/ });
});
