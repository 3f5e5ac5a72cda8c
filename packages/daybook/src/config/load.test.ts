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
    message: 'DAYBOOK_CONFIG: prot: expected a key of docs/config.md, given an unknown one',
  });
});

function inline(text: string): Record<string, string> {
  return {
    DAYBOOK_CONFIG: `data:application/json;base64,${Buffer.from(text).toString('base64')}`,
    DAYBOOK_STORE: 'postgres://daybook@db.example/daybook',
  };
}
