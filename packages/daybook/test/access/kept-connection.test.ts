/** Many writes on one kept connection, whose credential is not verified anew for each: what ends, ends for the next of them. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { connectRaw } from '../http/raw-connection.ts';
import { eventually } from '../support/eventually.ts';
import { AUDIENCE, ISSUER, startGuarded } from '../support/guarded-daybook.ts';
import { makeSigningKey, signToken } from '../support/issuer-server.ts';

const directory = await mkdtemp(join(tmpdir(), 'daybook-kept-'));
after(() => rm(directory, { recursive: true, force: true }));
const key = await makeSigningKey('key-1');
const jwks = join(directory, 'jwks.json');
const publish = (...keys: readonly object[]) => writeFile(jwks, JSON.stringify({ keys }));
await publish(key.publicJwk);
const guarded = await startGuarded({
  issuers: { example: { issuer: ISSUER, audience: AUDIENCE, jwks } },
  rateLimit: 'off',
  registers: { inbox: { access: ['jwt', 'key'], ownership: true }, other: { access: 'jwt' } },
});
after(() => guarded.close());

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;
async function bearer(subject: string, changes: object = {}): Promise<string> {
  const roles = ['inbox.write', 'inbox.read'];
  return `Bearer ${await signToken(key, { ...guarded.claims({ sub: subject, roles }), ...changes })}`;
}

async function keep() {
  const connection = await connectRaw(guarded.port);
  after(() => connection.destroy());
  return async (authorization: string, path = '/inbox'): Promise<number> => {
    const credential = authorization === '' ? '' : `Authorization: ${authorization}\r\n`;
    await connection.send(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${guarded.port}\r\n${credential}Content-Length: 3\r\n\r\none`,
    );
    return (await connection.answer()).status;
  };
}

async function written(subject: string): Promise<number> {
  const answer = await guarded.fetch('/inbox', { headers: { authorization: await bearer(subject) } });
  return ((await answer.json()) as { entries: unknown[] }).entries.length;
}

test('each write belongs to whom its own header names, and a header is no leave for another register', async () => {
  const post = await keep();
  const [carol, dave] = [await bearer('carol'), await bearer('dave')];
  for (const credential of [carol, carol, carol, dave, dave, carol, dave])
    assert.equal(await post(credential), 201);
  assert.deepEqual([await written('carol'), await written('dave')], [4, 3]);
  assert.equal(await post(carol, '/other'), 403);
  assert.equal(await post(''), 401);
  assert.equal(await post(`${carol}x`), 401);
  assert.equal(await post(carol), 201);
});

test('a token that ends is refused on the connection that it was used on', async () => {
  const post = await keep();
  // Within the tolerance for clocks, and soon beyond it.
  const ending = await bearer('erin', { exp: inSeconds(-3) });
  assert.equal(await post(ending), 201);
  assert.equal(await post(ending), 201);
  await eventually('it is refused', async () => (await post(ending)) === 401);
});

test('an API key that is revoked is refused on the connection that it was used on', async () => {
  const post = await keep();
  const made = await guarded.admin('/api/keys', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'ci', scopes: ['inbox.write'] }),
  });
  const { key: text, keyId } = (await made.json()) as { key: string; keyId: string };
  for (let n = 0; n < 3; n += 1) assert.equal(await post(`Bearer ${text}`), 201);
  assert.equal((await guarded.admin(`/api/keys/${keyId}`, { method: 'DELETE' })).status, 200);
  assert.equal(await post(`Bearer ${text}`), 401);
});

test('a key that its issuer withdraws takes the tokens of open connections with it', async () => {
  const post = await keep();
  const token = await bearer('frank');
  for (let n = 0; n < 3; n += 1) assert.equal(await post(token), 201);
  await publish();
  await eventually('it is refused', async () => (await post(token)) === 401);
  await publish(key.publicJwk);
  await eventually('it is believed again', async () => (await post(token)) === 201);
});
