/** Strangers with tokens of their own making, at a real server: what each is told, that nothing is written, what is logged. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import type { RawConnection } from '../http/raw-connection.ts';
import { connectRaw, rawRequest } from '../http/raw-connection.ts';
import { JSON_FIELDS, PAYLOAD, startGuarded } from '../support/guarded-daybook.ts';
import {
  confusedTokens,
  encodePart,
  makeSigningKey,
  signToken,
  unsecuredToken,
} from '../support/issuer-server.ts';

const guarded = await startGuarded({
  registers: {
    split: { access: { write: 'open', read: 'jwt' } },
    inbox: { access: { write: 'jwt', read: 'open' } },
  },
});
after(() => guarded.close());
const { key, port, claims, bearer } = guarded;
const stranger = await makeSigningKey('key-1');
const body = JSON.stringify(PAYLOAD);
const now = Math.floor(Date.now() / 1000);

/** Everything that was shown to the server in this file and must not be found in its log. */
const shown: string[] = [];
const INVALID = 'Bearer realm="daybook", error="invalid_token"';

async function assertRefused(authorization: string | undefined, status = 401, challenge = INVALID) {
  if (authorization !== undefined) shown.push(authorization.replace(/^\S* */, '') || authorization);
  const headers = authorization === undefined ? {} : { authorization };
  const before = await guarded.accepted();
  const answers = [
    await guarded.post('/data', authorization),
    await guarded.post('/inbox', authorization),
    await guarded.fetch('/data', { headers }),
    await guarded.fetch('/split', { headers }),
    await guarded.fetch('/data/stats', { headers }),
    await guarded.fetch('/data?live=sse&from=start', { headers }),
    await guarded.fetch('/data?format=csv', { method: 'HEAD', headers }),
  ];
  for (const answer of answers) {
    assert.equal(answer.status, status, await answer.text());
    const given = answer.headers.get('www-authenticate') ?? '';
    assert.equal(given.replace(/, scope="[a-z.]+"$/, ''), challenge);
    const text = await (answer.bodyUsed ? '' : answer.text());
    for (const part of shown) assert.ok(part.length < 8 || !text.includes(part), 'the answer repeats it');
  }
  assert.equal(await guarded.accepted(), before);
}

test('a token with the roles writes and reads, and each direction asks for its own', async () => {
  const before = await guarded.accepted();
  const both = await bearer('alice');
  assert.equal((await guarded.post('/data', both)).status, 201);
  assert.equal((await guarded.fetch('/data', { headers: { authorization: both } })).status, 200);
  const writer = await bearer('alice', ['inbox.write']);
  assert.equal((await guarded.post('/inbox', writer)).status, 201);
  assert.equal((await guarded.fetch('/inbox')).status, 200);
  assert.equal((await guarded.post('/split')).status, 201);
  assert.equal((await guarded.fetch('/split')).status, 401);
  const reader = await bearer('alice', ['split.read']);
  assert.equal((await guarded.fetch('/split', { headers: { authorization: reader } })).status, 200);
  assert.equal((await guarded.post('/data', reader)).status, 403);
  assert.equal(await guarded.accepted(), before + 3);
});

describe('refused with 401, and nothing is written', () => {
  const forms: Readonly<Record<string, () => string | Promise<string>>> = {
    'signed by another key of the same name': async () => `Bearer ${await signToken(stranger, claims())}`,
    expired: () => bearer('alice', undefined, { exp: now - 60 }),
    'without an end': () => bearer('alice', undefined, { exp: undefined }),
    'not valid yet': () => bearer('alice', undefined, { nbf: now + 600 }),
    'for another audience': () => bearer('alice', undefined, { aud: 'https://other.example.com' }),
    'of another issuer': () => bearer('alice', undefined, { iss: 'https://evil.example.com/' }),
    'without a subject': () => bearer('alice', undefined, { sub: undefined }),
    'with the subject of a key': () => bearer('key:ci'),
    'without a signature': () => `Bearer ${unsecuredToken(claims())}`,
    'without a signature, with a made-up one': () => `Bearer ${unsecuredToken(claims(), 'AAAA')}`,
    oversized: () => bearer('alice', undefined, { padding: 'x'.repeat(8_000) }),
    'no token at all': () => 'Bearer not-a-token',
    'three dots': () => 'Bearer ...',
    'an encrypted one': () => 'Bearer a.b.c.d.e',
    'with claims that are no JSON': () =>
      `Bearer ${encodePart({ alg: 'ES256' })}.${encodePart('{"sub":')}.AAAA`,
    'a key that was never made': () => `Bearer dbk_0123456789abcdef_${'A'.repeat(49)}`,
    'of another scheme': async () => (await bearer('alice')).replace('Bearer', 'Basic'),
    'without a scheme': async () => (await bearer('alice')).replace('Bearer ', ''),
    'a scheme alone': () => 'Bearer',
    'two tokens in one header': async () => `${await bearer('alice')}, ${await bearer('bob')}`,
  };
  for (const [what, make] of Object.entries(forms)) {
    test(`a token: ${what}`, async () => assertRefused(await make()));
  }

  test('the public key taken for a shared secret', async () => {
    for (const token of await confusedTokens(key, claims())) await assertRefused(`Bearer ${token}`);
  });

  test('no token', () => assertRefused(undefined, 401, 'Bearer'));

  test('a token in the query, in a cookie, in a body or in another header', async () => {
    const token = (await bearer('alice')).slice('Bearer '.length);
    shown.push(token);
    const before = await guarded.accepted();
    for (const [path, headers] of [
      [`/data?access_token=${token}`, {}],
      ['/data', { cookie: `access_token=${token}; authorization=Bearer ${token}` }],
      ['/data', { 'x-authorization': `Bearer ${token}`, 'proxy-authorization': `Bearer ${token}` }],
    ] as const) {
      assert.equal((await guarded.post(path, undefined, PAYLOAD, headers)).status, 401);
      assert.equal((await guarded.fetch(path, { headers })).status, 401);
    }
    const form = new URLSearchParams({ access_token: token, ...PAYLOAD });
    assert.equal((await guarded.fetch('/data', { method: 'POST', body: form })).status, 401);
    assert.equal(await guarded.accepted(), before);
  });
});

describe('refused with 403, and nothing is written', () => {
  const SCOPE = 'Bearer realm="daybook", error="insufficient_scope"';
  const roles: Readonly<Record<string, unknown>> = {
    'no roles': null,
    'roles in one text': 'data.write data.read inbox.write split.read',
    'nested roles': { data: ['data.write'], write: true },
    'roles in a list of lists': [['data.write', 'data.read', 'inbox.write', 'split.read']],
    'no text among the roles': [1, null, { role: 'data.write' }],
    'roles of another case': ['Data.Write', 'DATA.READ', 'INBOX.WRITE'],
    'near roles': ['data.write ', 'data.*', 'data', '*', 'administrator', 'data.writer'],
  };
  for (const [what, given] of Object.entries(roles)) {
    test(`a token with ${what}`, async () => assertRefused(await bearer('alice', given), 403, SCOPE));
  }
  test('a token with its roles somewhere else', async () =>
    assertRefused(
      await bearer('alice', [], { permissions: ['data.write'], realm_access: { roles: ['data.read'] } }),
      403,
      SCOPE,
    ));
});

const role = (changes: object) => bearer('alice', undefined, { roles: undefined, ...changes });

test('roles are found as one text, as a list, and in the claim Role; the scheme is of no case', async () => {
  for (const authorization of [
    await bearer('alice', 'data.write'),
    await role({ Role: 'data.write' }),
    await role({ Role: ['data.read', 'data.write'] }),
    await role({ scope: 'openid data.write' }),
    (await bearer('alice')).replace('Bearer ', 'bearer '),
    (await bearer('alice')).replace('Bearer ', 'BEARER   '),
  ]) {
    assert.equal((await guarded.post('/data', authorization)).status, 201);
  }
});

test('of several Authorization headers none is taken, on the way of reads and on every way of writes', async () => {
  const before = await guarded.accepted();
  const [good, other] = [await bearer('alice'), await bearer('bob')];
  assert.equal((await guarded.post('/data', good)).status, 201);
  for (const [first, second] of [
    [good, other],
    [good, 'Bearer x'],
    ['Bearer x', good],
    [good, good],
  ]) {
    const two = `authorization: ${first}\r\nAuthorization: ${second}\r\n`;
    for (const start of [
      `POST /data HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n`,
      `POST /data HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n`,
      'GET /data HTTP/1.1\r\nhost: localhost\r\n',
    ]) {
      const { status } = await once(`${start}${two}\r\n${start.startsWith('POST') ? body : ''}`);
      assert.equal(status, 401, start);
    }
  }
  assert.equal(await guarded.accepted(), before + 1);
});

async function connected<T>(use: (connection: RawConnection) => Promise<T>): Promise<T> {
  const connection = await connectRaw(port);
  try {
    return await use(connection);
  } finally {
    connection.destroy();
  }
}

const once = (bytes: string) =>
  connected(async (connection) => {
    await connection.send(bytes);
    return connection.answer();
  });

const request = (authorization: string, fields: Record<string, string> = {}) =>
  rawRequest('POST /data', { ...JSON_FIELDS, authorization, ...fields }, body);

describe('a token that was not seen before', () => {
  test('with the body in the same packet', async () => {
    assert.equal((await once(request(await bearer('alice')))).status, 201);
    assert.equal((await once(request(await bearer('alice'), { te: 'trailers' }))).status, 201);
    assert.equal((await once(request(`Bearer ${await signToken(stranger, claims())}`))).status, 401);
  });

  test('with the body in pieces, before and after it was verified', async () => {
    for (const pause of [0, 30]) {
      const bytes = request(await bearer('alice'));
      await connected(async (connection) => {
        for (let at = 0; at < bytes.length; at += 97) {
          await connection.send(bytes.slice(at, at + 97));
          if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
        }
        assert.equal((await connection.answer()).status, 201);
      });
    }
  });

  test('with chunks, and a body that is larger than a stream holds', async () => {
    const large = JSON.stringify({ ...PAYLOAD, filling: 'x'.repeat(200_000) });
    const fields = { ...JSON_FIELDS, 'transfer-encoding': 'chunked' };
    const chunks = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
    const authorization = await bearer('large');
    assert.equal((await once(rawRequest('POST /data', { ...fields, authorization }, chunks))).status, 201);
    const read = await guarded.fetch('/data', { headers: { authorization } });
    const { entries } = (await read.json()) as { entries: { payload: unknown }[] };
    assert.deepEqual(
      entries.map(({ payload }) => payload),
      [JSON.parse(large)],
    );
  });

  test('with Expect: 100-continue, asked for the body only when it is good', async () => {
    for (const [authorization, status] of [
      [await bearer('alice'), 201],
      [`Bearer ${await signToken(stranger, claims())}`, 401],
      [await bearer('alice', []), 403],
    ] as const) {
      const head = request(authorization, { expect: '100-continue' }).slice(0, -body.length);
      await connected(async (connection) => {
        await connection.send(head);
        const first = await connection.answer();
        if (status !== 201) {
          assert.equal(first.status, status);
          // Whether the body comes now or another request, nobody knows.
          assert.equal(first.headers.get('connection'), 'close');
          assert.equal(await connection.rest(), '');
          return;
        }
        assert.equal(first.status, 100);
        await connection.send(body);
        assert.equal((await connection.answer()).status, 201);
        await connection.send(request(authorization));
        assert.equal((await connection.answer()).status, 201);
      });
    }
  });

  test('pipelined: every request has the answer of its own token, in order', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 30 }, async (_, n) =>
        n % 3 === 1
          ? `Bearer ${await signToken(stranger, claims())}`
          : bearer(`pipe-${n}`, n % 3 === 0 ? undefined : []),
      ),
    );
    const expected = tokens.map((_, n) => [201, 401, 403][n % 3]);
    for (const fields of [{}, { te: 'trailers' }]) {
      const statuses = await connected(async (connection) => {
        await connection.send(tokens.map((token) => request(token, fields)).join(''));
        const given: number[] = [];
        for (const _ of tokens) given.push((await connection.answer()).status);
        return given;
      });
      assert.deepEqual(statuses, expected);
    }
  });
});

test('neither a token nor a payload nor a claim is in the log', () =>
  guarded.assertNotLogged(
    ...shown.filter((text) => text.length > 8),
    'alice',
    'informationOne',
    'x'.repeat(100),
  ));
