/**
 * S3 of the systems that Daybook covers: a gateway with tokens, a queue, a table. Its integration test as its document
 * writes it, its claim `Role`, and its weaknesses, which are not there: the topology `jwt-gateway` from its templates, on
 * this machine, with an issuer on loopback.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, test } from 'node:test';

import { eventually } from '../../daybook/test/support/eventually.ts';
import {
  encodePart,
  makeSigningKey,
  signToken,
  startIssuer,
} from '../../daybook/test/support/issuer-server.ts';
import { openTopology } from './local/topology.ts';

const ISSUER = 'https://login.example.com/';
const AUDIENCE = 'https://daybook.example.com';
const key = await makeSigningKey('key-1');
const issuer = await startIssuer(key);
after(() => issuer.close());
const cloud = await openTopology('jwt-gateway', 'dev', {
  changes: {
    access: { issuers: { example: { issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks } } },
    front: { kind: 'rest-api', throttle: { ratePerSecond: 1000, burst: 1000 } },
  },
});
cloud.poll('persister');
const url = `${cloud.front.url}/data`;

const iat = Math.floor(Date.now() / 1000);
const CLAIMS = { sub: 'user-4711', Role: ['data.read', 'data.write'], iss: ISSUER, aud: AUDIENCE, iat };
const signed = async (changes: object = {}): Promise<string> =>
  `Bearer ${await signToken(key, { ...CLAIMS, exp: iat + 600, ...changes })}`;

function post(
  authorization: string | undefined,
  informationOne: unknown,
  more: object = {},
): Promise<Response> {
  const body = JSON.stringify({ informationOne, informationTwo: 'Information Two', ...more });
  return send(authorization, body);
}

function send(authorization: string | undefined, body: string): Promise<Response> {
  const headers = {
    'content-type': 'application/json',
    ...(authorization !== undefined && { authorization }),
  };
  return fetch(url, { method: 'POST', headers, body });
}

interface Found {
  readonly informationOne: string;
  readonly subject: string;
}

async function read(authorization: string): Promise<Found[]> {
  const answer = await fetch(url, { headers: { authorization } });
  assert.equal(answer.status, 200);
  const { entries } = (await answer.json()) as {
    entries: { subject: string; payload: { informationOne: string } }[];
  };
  return entries.map(({ subject, payload }) => ({ informationOne: payload.informationOne, subject }));
}

function whenRead(authorization: string, count: number): Promise<Found[]> {
  return eventually(`${count} entries are read`, async () => {
    const found = await read(authorization);
    return found.length >= count && found;
  });
}

test('its integration test passes: what was posted is found by its own user, and by nobody else', async () => {
  const authorization = await signed();
  const unique = `Unique ${Math.floor(performance.now() * 1e6)}`;
  const answer = await post(authorization, unique);
  assert.equal(answer.status, 202);
  const { id, status } = (await answer.json()) as { id: string; status: string };
  assert.deepEqual([status, answer.headers.get('location')], ['queued', `/dev/data/${id}`]);
  const [found] = await whenRead(authorization, 1);
  assert.deepEqual(found, { informationOne: unique, subject: 'user-4711' });
  assert.deepEqual(await read(await signed({ sub: 'user-4712' })), []);
  // An id of somebody else reads like one that may still be on its way.
  const strange = await fetch(`${url}/${id}`, { headers: { authorization: await signed({ sub: 'other' }) } });
  assert.equal(strange.status, 202);
  const { status: told } = (await strange.json()) as { status: string };
  assert.equal(told, 'pending');
});

test('all of a load that batches messages is stored, and two posts of one millisecond are two', async () => {
  const authorization = await signed({ sub: 'busy' });
  const answers: Response[] = [];
  for (let n = 0; n < 10; n += 1)
    answers.push(...(await Promise.all([0, 1, 2, 3].map((m) => post(authorization, `post ${n}.${m}`)))));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [202]);
  const found = await whenRead(authorization, 40);
  assert.equal(new Set(found.map(({ informationOne }) => informationOne)).size, 40);
});

test('a token that nobody signed is refused before the application is asked, whatever it says of itself', async () => {
  const before = cloud.functionOf('api').counts().invocations;
  for (const header of [
    { alg: 'HS256', typ: 'JWT' },
    { alg: 'none', typ: 'JWT' },
    { alg: 'ES256', typ: 'JWT', kid: 'key-1' },
  ]) {
    for (const claims of [
      { sub: '1234567890', Role: CLAIMS.Role, iat: 1_516_239_022 },
      { ...CLAIMS, exp: iat + 600 },
    ]) {
      const input = `${encodePart(header)}.${encodePart(claims)}`;
      const signature = createHmac('sha256', 'your-256-bit-secret').update(input).digest('base64url');
      for (const token of [`${input}.${signature}`, `${input}.`, `${input}.${'A'.repeat(86)}`]) {
        const answer = await post(`Bearer ${token}`, 'forged');
        assert.ok(answer.status === 401 || answer.status === 403, String(answer.status));
        assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
      }
    }
  }
  assert.equal(cloud.functionOf('api').counts().invocations, before);
});

test('expired, not yet valid, of another issuer or audience: refused', async () => {
  for (const changes of [
    { exp: iat - 3_600 },
    { nbf: iat + 3_600 },
    { iss: 'https://evil.example.com/' },
    { aud: 'https://other.example.com' },
  ]) {
    const { status } = await post(await signed(changes), 'refused');
    assert.ok(status === 401 || status === 403, `${JSON.stringify(changes)}: ${status}`);
  }
});

test('no token is 401, a token without its scheme too, a role in one text is a role, and an unknown one is 403', async () => {
  assert.equal((await post(undefined, 'nobody')).status, 401);
  const { status } = await post((await signed()).slice('Bearer '.length), 'no scheme');
  assert.ok(status === 401 || status === 403);
  assert.equal((await post(await signed({ sub: 'text-role', Role: 'data.write' }), 'one role')).status, 202);
  assert.equal((await post(await signed({ sub: 'x', Role: 'data.unknown' }), 'another role')).status, 403);
  const reader = await signed({ sub: 'reader', Role: ['data.read'] });
  assert.equal((await post(reader, 'read only')).status, 403);
  assert.deepEqual(await read(reader), []);
});

test('a body cannot say who wrote it or when', async () => {
  const authorization = await signed({ sub: 'honest' });
  const before = Date.now();
  const more = {
    userId: 'victim',
    User: 'victim',
    subject: 'victim',
    timestamp: 1,
    receivedAt: '1970-01-01',
    id: 'x',
  };
  const answer = await post(authorization, 'spread', more);
  assert.equal(answer.status, 202);
  const { receivedAt } = (await answer.json()) as { receivedAt: string };
  assert.ok(Date.parse(receivedAt) >= before - 1);
  assert.deepEqual(await whenRead(authorization, 1), [{ informationOne: 'spread', subject: 'honest' }]);
  assert.deepEqual(await read(await signed({ sub: 'victim' })), []);
});

test('fields that are missing, empty or no text, a null and broken JSON are refused by name, not by a crash', async () => {
  const authorization = await signed({ sub: 'careless' });
  for (const [body, status] of [
    ['{"informationOne":"a"}', 422],
    ['{"informationOne":"","informationTwo":"b"}', 422],
    ['{"informationOne":5,"informationTwo":"b"}', 422],
    ['null', 422],
    ['{"informationOne":', 400],
  ] as const) {
    const answer = await send(authorization, body);
    assert.equal(answer.status, status, body);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  }
  assert.deepEqual(await read(authorization), []);
});

test('more than a megabyte is read to its end, page by page', async () => {
  const authorization = await signed({ sub: 'large' });
  const long = 'x'.repeat(200_000);
  for (let n = 0; n < 8; n += 1) assert.equal((await post(authorization, `${n} ${long}`)).status, 202);
  const numbers = await eventually('all eight are read', async () => {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const answer: Response = await fetch(`${url}${cursor && `?cursor=${cursor}`}`, {
        headers: { authorization },
      });
      assert.equal(answer.status, 200);
      const page = (await answer.json()) as {
        entries: { payload: { informationOne: string } }[];
        nextCursor: string | null;
      };
      seen.push(...page.entries.map(({ payload }) => payload.informationOne.slice(0, 1)));
      cursor = page.nextCursor;
    }
    return seen.length === 8 && seen;
  });
  assert.deepEqual(numbers, ['7', '6', '5', '4', '3', '2', '1', '0']);
});

test('what is open stays open without a token, and what is not does not become so', async () => {
  assert.equal((await fetch(`${cloud.front.url}/`)).status, 200);
  assert.equal((await fetch(`${cloud.front.url}/readyz`)).status, 200);
  assert.equal((await fetch(`${cloud.front.url}/app`, { method: 'POST' })).status, 202);
  assert.equal((await fetch(`${cloud.front.url}/api/dead-letters`)).status, 401);
});

test('an API key goes past the authorizer and is verified by the application', async () => {
  const admin = { authorization: `Bearer ${await cloud.adminKey()}` };
  await eventually(
    'the key is known',
    async () => (await fetch(`${cloud.front.url}/api/dead-letters`, { headers: admin })).status === 200,
  );
  const forged = `Bearer ${admin.authorization.slice('Bearer '.length, -1)}`;
  const answer = await fetch(`${cloud.front.url}/api/dead-letters`, { headers: { authorization: forged } });
  assert.equal(answer.status, 401);
});

test('neither tokens nor bodies nor who called are in a log', async () => {
  const token = (await signed()).slice(7, 60);
  for (const handler of ['api', 'authorizer', 'persister'] as const) {
    const lines = cloud.functionOf(handler).logs.lines().join('\n');
    for (const secret of [token, 'Information Two', 'user-4711', 'your-256-bit-secret'])
      assert.ok(!lines.includes(secret), `${handler}: ${secret}`);
  }
});
