/**
 * A client of a service that took `informationOne` and `informationTwo` with a JWT whose roles are in `Role`: its own
 * integration test (post a unique value, expect 201; read, expect 200 with that value) passes against `data`, at the stage
 * path that it used, once its issuer is configured. A token that nobody signed, which that service believed, does not.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, test } from 'node:test';

import type { EntryPage } from '../../src/contract/messages.ts';
import { AUDIENCE, ISSUER, JSON_FIELDS, startGuarded } from '../support/guarded-daybook.ts';
import { encodePart, signToken } from '../support/issuer-server.ts';

const guarded = await startGuarded({}, { env: { DAYBOOK_BASE_PATH: '/dev' } });
after(() => guarded.close());

const url = `${new URL(guarded.address).origin}/dev/data`;
const iat = Math.floor(Date.now() / 1000);
const CLAIMS = { sub: 'user-4711', Role: ['data.read', 'data.write'], iss: ISSUER, aud: AUDIENCE, iat };
const signed = async (changes: object = {}) =>
  `Bearer ${await signToken(guarded.key, { ...CLAIMS, exp: iat + 600, ...changes })}`;

const post = (authorization: string, informationOne: unknown, more: object = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { ...JSON_FIELDS, authorization },
    body: JSON.stringify({ informationOne, informationTwo: 'Information Two', ...more }),
  });
const get = (authorization: string) => fetch(url, { headers: { authorization } });

async function payloads(authorization: string): Promise<{ informationOne: string; subject: string }[]> {
  const answer = await get(authorization);
  assert.equal(answer.status, 200);
  const { entries } = (await answer.json()) as EntryPage;
  return entries.map(({ subject, payload }) => ({ ...(payload as { informationOne: string }), subject }));
}

test('its requests work: what was posted is read at once, by its own user', async () => {
  const authorization = await signed();
  const unique = `Unique ${Math.floor(performance.now() * 1e6)}`;
  assert.equal((await post(authorization, unique)).status, 201);
  const found = (await payloads(authorization)).filter(({ informationOne }) => informationOne === unique);
  assert.equal(found.length, 1);
  assert.equal(found[0]?.subject, 'user-4711');
  assert.deepEqual(await payloads(await signed({ sub: 'user-4712' })), []);
});

test('two posts in the same millisecond are two entries, also in one batch of arrivals', async () => {
  const authorization = await signed({ sub: 'busy' });
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => post(authorization, `post ${n}`)));
  assert.ok(answers.every(({ status }) => status === 201));
  assert.equal(new Set((await payloads(authorization)).map(({ informationOne }) => informationOne)).size, 50);
});

test('its forged token does not: no signature of its issuer, no end, whatever it says of itself', async () => {
  const before = await guarded.accepted();
  const headers = [
    { alg: 'HS256', typ: 'JWT' },
    { alg: 'none', typ: 'JWT' },
    { alg: 'ES256', typ: 'JWT', kid: 'key-1' },
  ];
  for (const header of headers) {
    for (const claims of [
      { sub: '1234567890', Role: CLAIMS.Role, iat: 1_516_239_022 },
      { ...CLAIMS, exp: iat + 600 },
    ]) {
      const input = `${encodePart(header)}.${encodePart(claims)}`;
      const signature = createHmac('sha256', 'your-256-bit-secret').update(input).digest('base64url');
      for (const token of [`${input}.${signature}`, `${input}.`, `${input}.${'A'.repeat(86)}`]) {
        assert.equal((await post(`Bearer ${token}`, 'forged')).status, 401);
        assert.equal((await get(`Bearer ${token}`)).status, 401);
      }
    }
  }
  assert.equal(await guarded.accepted(), before);
});

test('fields that are missing, empty or no text are refused by name, and a body that is null is', async () => {
  const authorization = await signed();
  const before = await guarded.accepted();
  for (const [body, field] of [
    ['{"informationOne":"a"}', '/informationTwo'],
    ['{"informationOne":"","informationTwo":"b"}', '/informationOne'],
    ['{"informationOne":5,"informationTwo":"b"}', '/informationOne'],
    ['{"informationOne":["a"],"informationTwo":"b"}', '/informationOne'],
    ['{"informationOne":null,"informationTwo":"b"}', '/informationOne'],
    ['null', ''],
    ['[]', ''],
    ['"text"', ''],
  ] as const) {
    const answer = await fetch(url, { method: 'POST', headers: { ...JSON_FIELDS, authorization }, body });
    assert.equal(answer.status, 422, body);
    const { errors } = (await answer.json()) as { errors: { pointer: string }[] };
    assert.deepEqual(
      errors.map(({ pointer }) => pointer),
      [field],
    );
  }
  for (const body of ['', '{"informationOne":', 'informationOne=a&informationTwo=b']) {
    const answer = await fetch(url, { method: 'POST', headers: { ...JSON_FIELDS, authorization }, body });
    assert.ok(answer.status === 400 || answer.status === 422, `${body}: ${answer.status}`);
  }
  assert.equal(await guarded.accepted(), before);
});

test('a body that names another user or another time writes as its own user, now', async () => {
  const authorization = await signed({ sub: 'honest' });
  const unique = `spread ${Math.floor(performance.now() * 1e6)}`;
  assert.equal(
    (await post(authorization, unique, { userId: 'victim', timestamp: 1, User: 'victim' })).status,
    201,
  );
  const [found] = await payloads(authorization);
  assert.deepEqual([found?.informationOne, found?.subject], [unique, 'honest']);
  assert.deepEqual(await payloads(await signed({ sub: 'victim' })), []);
});

test('more than a megabyte is read to its end, page by page', async () => {
  const authorization = await signed({ sub: 'large' });
  const long = 'x'.repeat(200_000);
  for (let n = 0; n < 8; n += 1) assert.equal((await post(authorization, `${n} ${long}`)).status, 201);
  const seen: string[] = [];
  for (let next: string | undefined = url; next !== undefined;) {
    const answer: Response = await fetch(next, { headers: { authorization } });
    const page = (await answer.json()) as EntryPage;
    seen.push(
      ...page.entries.map(({ payload }) =>
        (payload as { informationOne: string }).informationOne.slice(0, 1),
      ),
    );
    next = page.nextCursor === null ? undefined : `${url}?cursor=${page.nextCursor}`;
  }
  assert.deepEqual(seen, ['7', '6', '5', '4', '3', '2', '1', '0']);
});

test('a role in one text and a token without its scheme are answered, and crash nothing', async () => {
  assert.equal((await post(await signed({ Role: 'data.write' }), 'one role')).status, 201);
  assert.equal((await post(await signed({ Role: 'data.unknown' }), 'another role')).status, 403);
  assert.equal((await post((await signed()).slice('Bearer '.length), 'no scheme')).status, 401);
  assert.equal((await post('Bearer', 'no token')).status, 401);
});

test('neither its token nor its body is in the log', async () =>
  guarded.assertNotLogged(
    (await signed()).slice(7, 40),
    'Information Two',
    'user-4711',
    'your-256-bit-secret',
  ));
