import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StartError } from '../errors.ts';
import { loadConfig, parseConfig } from './load.ts';

const MIB = 1024 * 1024;

test('the bytes in flight must hold the largest batch, or one could never be taken', () => {
  const maxBatchBytes = 2 * MIB;
  assert.doesNotThrow(() => parseConfig({ limits: { maxBatchBytes, maxBytesInFlight: maxBatchBytes } }));
  assert.throws(
    () =>
      parseConfig({ limits: { maxBatchBytes, maxBytesInFlight: maxBatchBytes - 1 } }, 'daybook.config.json'),
    new StartError(
      'daybook.config.json: limits.maxBytesInFlight: expected at least 2097152, what limits.maxBatchBytes allows one body, given 2097151',
    ),
  );
});

test('the bytes in flight must hold the largest entry of every register', () => {
  assert.throws(
    () =>
      parseConfig({
        limits: { maxBatchBytes: MIB, maxBytesInFlight: MIB },
        registers: { large: { access: 'open', maxEntryBytes: 2 * MIB } },
      }),
    new StartError(
      'limits.maxBytesInFlight: expected at least 2097152, what registers.large.maxEntryBytes allows one body, given 1048576',
    ),
  );
});

test('issuers may come by variable as JSON, for values that only a deployment knows', async () => {
  const cognito = {
    issuer: 'https://issuer.example/pool',
    clientId: 'c1',
    jwks: 'https://issuer.example/keys',
  };
  const { issuers } = await loadConfig({}, { DAYBOOK_ISSUERS: JSON.stringify({ cognito }) });
  assert.equal(issuers['cognito']?.issuer, cognito.issuer);
  await assert.rejects(loadConfig({}, { DAYBOOK_ISSUERS: '{"cognito":' }), {
    name: 'StartError',
    message: /^issuers \(DAYBOOK_ISSUERS\): /,
  });
});

test('the configuration may come by variable as a whole, where there is no place for a file', async () => {
  const { host, store } = await loadConfig(
    {},
    inline(JSON.stringify({ host: '0.0.0.0', store: { maxConnections: 7 } })),
  );
  assert.deepEqual(
    [host, store.url, store.maxConnections],
    ['0.0.0.0', 'postgres://daybook@db.example/daybook', 7],
  );
  await assert.rejects(loadConfig({}, inline('{"prot":1}')), {
    name: 'StartError',
    message:
      'DAYBOOK_CONFIG: prot: expected a key of docs/config.md, given an unknown one; the nearest is port',
  });
});

test('a value is told to come from where it came: the flag, the variable, or the file', async () => {
  const expected = 'expected a whole number from 0 to 65535, given';
  const cases = [
    [
      { DAYBOOK_PORT: '70000' },
      { ...inline('{"port":1}'), DAYBOOK_PORT: '2' },
      `port (--port): ${expected} 70000`,
    ],
    [{}, { ...inline('{"port":1}'), DAYBOOK_PORT: '70001' }, `port (DAYBOOK_PORT): ${expected} 70001`],
    [{}, inline('{"port":70002}'), `DAYBOOK_CONFIG: port: ${expected} 70002`],
  ] as const;
  for (const [flags, environment, message] of cases)
    await assert.rejects(loadConfig(flags, environment), new StartError(message));
});

test('the URL of a driver by variable beside other keys of the file: each is told to come from where it came', async () => {
  const { DAYBOOK_CONFIG } = inline('{"store":{"maxConnections":0}}');
  await assert.rejects(loadConfig({}, { DAYBOOK_CONFIG, DAYBOOK_STORE: 'sqlite:' }), {
    message: /^DAYBOOK_CONFIG: store\.maxConnections: expected /,
  });
  await assert.rejects(loadConfig({}, { DAYBOOK_CONFIG, DAYBOOK_STORE: 'mysql:' }), {
    message: /^store\.url \(DAYBOOK_STORE\): expected sqlite:/,
  });
  await assert.rejects(loadConfig({ DAYBOOK_STORE: 'mysql:' }, { DAYBOOK_CONFIG }), {
    message: /^store\.url \(--store\): expected sqlite:/,
  });
  await assert.rejects(loadConfig({}, { DAYBOOK_ISSUERS: '{"a":{"isuer":"x"}}' }), {
    message: /^issuers\.a\.isuer \(DAYBOOK_ISSUERS\): expected a key of .*; the nearest is issuer$/,
  });
});

test('a misspelt key is told as unknown, with the nearest one, and not as another that is missing', () => {
  const cases = [
    [{ registers: { app: { acces: 'open' } } }, 'registers.app.acces', '; the nearest is access'],
    [{ limits: { maxbatchbytes: 1 } }, 'limits.maxbatchbytes', '; the nearest is maxBatchBytes'],
    [{ registes: {} }, 'registes', '; the nearest is registers'],
    [{ colour: 'red' }, 'colour', ''],
  ] as const;
  for (const [given, key, hint] of cases) {
    const message = `daybook.config.json: ${key}: expected a key of docs/config.md, given an unknown one${hint}`;
    assert.throws(() => parseConfig(given, 'daybook.config.json'), new StartError(message));
  }
});

function inline(text: string): Record<string, string> {
  return {
    DAYBOOK_CONFIG: `data:application/json;base64,${Buffer.from(text).toString('base64')}`,
    DAYBOOK_STORE: 'postgres://daybook@db.example/daybook',
  };
}
