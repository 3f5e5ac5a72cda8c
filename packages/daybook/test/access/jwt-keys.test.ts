/** The keys of an issuer over its life: rotated, withdrawn, not to be had, or something else than keys. */
import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { exportJWK } from 'jose';

import { TokenError } from '../../src/access/jwt/token-error.ts';
import { eventually } from '../support/eventually.ts';
import type { IssuerMode, SigningKey } from '../support/issuer-server.ts';
import { makeSigningKey, signToken, startIssuer } from '../support/issuer-server.ts';
import { CLAIMS, createTestVerifier, NOW } from '../support/token-verifier.ts';

const first = await makeSigningKey('first');
const second = await makeSigningKey('second');
const DAY = 86_400;
const LONG = { ...CLAIMS, exp: NOW + 30 * DAY };

const directory = await mkdtemp(join(tmpdir(), 'daybook-keys-'));
const closing: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closing) await close();
  await rm(directory, { recursive: true, force: true });
});

async function start(...keys: SigningKey[]) {
  const issuer = await startIssuer(...keys);
  closing.push(issuer.close);
  return { issuer, ...createTestVerifier({ jwks: issuer.jwks }) };
}

/** A token that was not seen before. */
let tokens = 0;
function fresh(key: SigningKey, header?: Record<string, unknown>): Promise<string> {
  tokens += 1;
  return signToken(key, { ...LONG, jti: String(tokens) }, header);
}

test('keys are read once, at their first use, however many tokens come at the same time', async () => {
  const { issuer, verdict } = await start(first);
  assert.equal(issuer.requests(), 0);
  const many = await Promise.all(Array.from({ length: 50 }, () => fresh(first)));
  assert.deepEqual(new Set(await Promise.all(many.map(verdict))), new Set(['alice']));
  assert.equal(issuer.requests(), 1);
});

test('load reads the keys before the first request, and an issuer that is away fails nothing', async () => {
  const { issuer, load, status, verdict } = await start(first);
  issuer.mode = 'error';
  await load();
  const { keys, failure, readAtMs } = status()['example'] ?? assert.fail();
  assert.deepEqual([keys, readAtMs], [undefined, undefined]);
  assert.match(failure ?? '', /^expected status 200 from http:.*, given 503$/);
  const up = await start(first);
  await up.load();
  assert.equal(await up.verdict(await fresh(first)), 'alice');
  assert.equal(up.issuer.requests(), 1);
  assert.equal(await verdict(await fresh(first)), 'keys-unavailable');
});

test('a rotation costs nobody a request: a token with a new key makes the keys be read', async () => {
  const { issuer, pass, verdict, events } = await start(first);
  assert.equal(await verdict(await fresh(first)), 'alice');
  issuer.published = [first.publicJwk, second.publicJwk];
  pass(31);
  const both = await Promise.all([fresh(second), fresh(second), fresh(first)]);
  assert.deepEqual(await Promise.all(both.map(verdict)), ['alice', 'alice', 'alice']);
  assert.equal(issuer.requests(), 2);
  assert.deepEqual(events, [
    { event: 'issuer-keys-changed', issuer: 'example', keys: 1 },
    { event: 'issuer-keys-changed', issuer: 'example', keys: 2 },
  ]);
});

test('tokens with unknown keys make the issuer be asked once in 30 seconds, not each', async () => {
  const { issuer, pass, verdict } = await start(first);
  await verdict(await fresh(first));
  for (let n = 0; n < 20; n += 1) {
    assert.equal(await verdict(await fresh(second, { kid: `unknown-${n}` })), 'bad-signature');
  }
  assert.equal(issuer.requests(), 1);
  pass(30);
  for (let n = 0; n < 20; n += 1) await verdict(await fresh(second, { kid: `unknown-${n}` }));
  assert.equal(issuer.requests(), 2);
});

test('a forged token with a key that is known makes nobody ask the issuer', async () => {
  const { issuer, pass, verdict } = await start(first);
  await verdict(await fresh(first));
  pass(31);
  assert.equal(await verdict(await fresh(second, { kid: 'first' })), 'bad-signature');
  assert.equal(issuer.requests(), 1);
});

test('keys that are no longer fresh are read again beside the requests, also by tokens that are remembered', async () => {
  const { issuer, pass, verdict, isRemembered } = await start(first);
  const token = await fresh(first);
  await verdict(token);
  issuer.mode = 'silent';
  pass(601);
  assert.ok(isRemembered(token), 'nobody waits for the issuer');
  assert.equal(await verdict(await fresh(first)), 'alice');
  await eventually('the issuer was asked', async () => issuer.requests() === 2);
});

test('a key that is withdrawn takes the tokens with it that were verified by it', async () => {
  const { issuer, pass, verdict, isRemembered, status } = await start(first, second);
  const token = await fresh(first);
  await verdict(token);
  issuer.published = [second.publicJwk];
  pass(601);
  await verdict(token);
  await eventually('the keys were read', async () => status()['example']?.keys === 1);
  assert.equal(isRemembered(token), false);
  assert.equal(await verdict(token), 'bad-signature');
  assert.equal(await verdict(await fresh(second)), 'alice');
});

test('an issuer that publishes no key any more is taken at its word', async () => {
  const { issuer, pass, verdict, status } = await start(first);
  const token = await fresh(first);
  await verdict(token);
  issuer.published = [];
  pass(601);
  await verdict(token);
  await eventually('the keys were read', async () => status()['example']?.keys === 0);
  assert.equal(await verdict(token), 'bad-signature');
});

test('the same keys read again change nothing: what is remembered stays', async () => {
  const { issuer, pass, verdict, isRemembered, status, events } = await start(first);
  const token = await fresh(first);
  await verdict(token);
  pass(601);
  await verdict(token);
  await eventually('the keys were read', async () => status()['example']?.readAtMs === (NOW + 601) * 1_000);
  assert.equal(issuer.requests(), 2);
  assert.ok(isRemembered(token));
  assert.equal(events.length, 1);
});

test('while the issuer is away its keys stay in use for a day, then nothing is believed until it is back', async () => {
  const { issuer, pass, verdict, isRemembered, status, events } = await start(first);
  const remembered = await fresh(first);
  await verdict(remembered);
  issuer.mode = 'error';
  pass(12 * 3_600);
  assert.equal(await verdict(await fresh(first)), 'alice');
  await eventually('the read failed', async () => status()['example']?.failure !== undefined);
  assert.ok(isRemembered(remembered));
  assert.equal(await verdict(await fresh(second)), 'keys-unavailable', 'it may be a new key of the issuer');
  pass(12 * 3_600 - 1);
  assert.equal(await verdict(await fresh(first)), 'alice');
  pass(1);
  assert.equal(isRemembered(remembered), false);
  assert.equal(await verdict(remembered), 'keys-unavailable');
  assert.equal(status()['example']?.keys, undefined);
  issuer.mode = 'ok';
  pass(31);
  assert.equal(await verdict(remembered), 'alice');
  assert.deepEqual(
    events.map(({ event }) => event),
    ['issuer-keys-changed', 'issuer-keys-unavailable', 'issuer-keys-available'],
  );
});

test('while the issuer is away it is asked with back-off, and a refusal says when to come again', async () => {
  const { issuer, pass, verify, verdict } = await start(first);
  issuer.mode = 'error';
  for (let n = 0; n < 20; n += 1) await verdict(await fresh(first));
  assert.equal(issuer.requests(), 1);
  await assert.rejects(Promise.resolve(verify(await fresh(first))), (error: unknown) => {
    assert.ok(error instanceof TokenError);
    assert.deepEqual([error.code, error.retryable, error.retryAfterSeconds], ['keys-unavailable', true, 1]);
    return true;
  });
  for (let second = 0; second < 300; second += 1) {
    pass(1);
    await verdict(await fresh(first));
  }
  assert.ok(issuer.requests() > 8 && issuer.requests() < 30, `${issuer.requests()} requests in five minutes`);
  issuer.mode = 'ok';
  pass(30);
  assert.equal(await verdict(await fresh(first)), 'alice');
});

const FAILURES: readonly (readonly [mode: IssuerMode, failure: RegExp])[] = [
  ['error', /^expected status 200 from http:.*, given 503$/],
  ['html', /^expected a JSON Web Key Set, given no JSON$/],
  ['no-keys', /^expected a JSON Web Key Set with a list of keys, given other JSON$/],
  ['huge', /^expected at most 262144 bytes from http:.*, given more$/],
  ['silent', /timeout/],
  ['dripping', /timeout/],
];
for (const [mode, expected] of FAILURES) {
  test(`an issuer that is ${mode} gives no keys, takes none away, and is told from one that does not know a key`, async () => {
    const issuer = await startIssuer(first);
    closing.push(issuer.close);
    const { verdict, status, pass, events } = createTestVerifier(
      { jwks: issuer.jwks },
      { keysTimeoutMs: 200 },
    );
    issuer.mode = mode;
    assert.equal(await verdict(await fresh(first)), 'keys-unavailable');
    assert.match(status()['example']?.failure ?? '', expected);
    assert.match(String(events[0]?.['failure']), expected);
    issuer.mode = 'ok';
    // On a busy machine the real answer may take longer than the limit too.
    await eventually('the keys are there', async () => {
      pass(30);
      return (await verdict(await fresh(first))) === 'alice';
    });
    issuer.mode = mode;
    pass(31);
    assert.equal(await verdict(await fresh(second)), 'keys-unavailable');
    assert.equal(await verdict(await fresh(first)), 'alice');
  });
}

test('a redirect is not followed, even to the real keys', async () => {
  const { issuer: real } = await start(first);
  const { issuer, verdict, status } = await start(second);
  Object.assign(issuer, { mode: 'redirect', location: real.jwks });
  assert.equal(await verdict(await fresh(first)), 'keys-unavailable');
  assert.match(status()['example']?.failure ?? '', /given 302$/);
  assert.equal(real.requests(), 0);
});

test('nobody listening is a failure with its reason', async () => {
  const { issuer } = await start(first);
  await issuer.close();
  closing.pop();
  const { verdict, status } = createTestVerifier({ jwks: issuer.jwks });
  assert.equal(await verdict(await fresh(first)), 'keys-unavailable');
  assert.match(status()['example']?.failure ?? '', /ECONNREFUSED/);
});

test('private and shared keys, and too many, are no key set', async () => {
  const { issuer, verdict, status, pass } = await start(first);
  const sets = [
    [[await exportJWK(first.privateKey)], 'expected public keys only, given 1 private or shared'],
    [
      [first.publicJwk, { kty: 'oct', k: 'c2VjcmV0', kid: 's' }],
      'expected public keys only, given 1 private or shared',
    ],
    [Array.from({ length: 101 }, () => first.publicJwk), 'expected at most 100 keys, given 101'],
  ] as const;
  for (const [keys, failure] of sets) {
    issuer.published = keys;
    assert.equal(await verdict(await fresh(first)), 'keys-unavailable');
    assert.equal(status()['example']?.failure, failure);
    pass(31);
  }
});

test('keys for encryption, of unknown types and without use do not disturb the others', async () => {
  const { kid: _, use: __, alg: ___, ...bare } = first.publicJwk;
  const { issuer, verdict } = await start();
  issuer.published = [
    { kty: 'NEW', kid: 'first' },
    { ...second.publicJwk, use: 'enc' },
    { ...bare, kid: 'first' },
  ];
  assert.equal(await verdict(await fresh(first)), 'alice');
  assert.equal(await verdict(await fresh(second)), 'bad-signature');
});

test('a token without kid is tried with the keys of its algorithm, four at most', async () => {
  const others = await Promise.all(['a', 'b', 'c', 'd'].map((kid) => makeSigningKey(kid)));
  const { verdict } = await start(...others.slice(0, 3), first);
  assert.equal(await verdict(await fresh(first, { kid: undefined })), 'alice');
  const five = await start(...others, first);
  assert.equal(await five.verdict(await fresh(first, { kid: undefined })), 'bad-signature');
  assert.equal(await five.verdict(await fresh(first)), 'alice');
});

test('a token without kid finds the new key of an issuer that rotates', async () => {
  const { issuer, verdict, pass } = await start(first);
  assert.equal(await verdict(await fresh(first, { kid: undefined })), 'alice');
  issuer.published = [second.publicJwk];
  pass(31);
  assert.equal(await verdict(await fresh(second, { kid: undefined })), 'alice');
  assert.equal(await verdict(await fresh(first, { kid: undefined })), 'bad-signature');
});

test('a file of keys is read again when it changes, and kept a minute when it cannot be read', async () => {
  const file = join(directory, 'jwks.json');
  const publish = async (...keys: SigningKey[]) => {
    await writeFile(`${file}.new`, JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }));
    await rename(`${file}.new`, file);
  };
  const { verdict, pass, status, isRemembered } = createTestVerifier({ jwks: file });
  assert.equal(await verdict(await fresh(first)), 'keys-unavailable');
  assert.match(status()['example']?.failure ?? '', /ENOENT/);
  await publish(first);
  pass(2);
  const token = await fresh(first);
  assert.equal(await verdict(token), 'alice');
  await publish(second);
  pass(2);
  assert.equal(await verdict(await fresh(second)), 'alice');
  assert.equal(isRemembered(token), false);
  assert.equal(await verdict(token), 'bad-signature');
  await writeFile(file, '{"keys":[');
  pass(59);
  assert.equal(await verdict(await fresh(second)), 'alice');
  await eventually('the file was read', async () => status()['example']?.failure !== undefined);
  pass(1);
  assert.equal(await verdict(await fresh(second)), 'keys-unavailable');
});

test('a file larger than a key set is not read to its end', async () => {
  const file = join(directory, 'large.json');
  await writeFile(file, ' '.repeat(300_000));
  const { verdict, status } = createTestVerifier({ jwks: file });
  assert.equal(await verdict(await fresh(first)), 'keys-unavailable');
  assert.match(
    status()['example']?.failure ?? '',
    /^expected at most 262144 bytes from .*large\.json, given more$/,
  );
});
