/**
 * Pages of other sites, as browsers let them: a POST that needs no leave, a name that was bound to this machine, a script
 * that asks for leave. Browsers tell where a request comes from by Origin and Sec-Fetch-Site; old ones by Origin alone.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { assertProblem } from '../http/assert-problem.ts';
import type { RawAnswer } from '../http/raw-connection.ts';
import { connectRaw, rawRequest } from '../http/raw-connection.ts';
import { startService } from '../http/service.ts';
import { PAYLOAD, startIssued } from './issued.ts';

const { issuers, as } = await startIssued();
const PAGE = 'https://pages.example.com';
const service = await startService({
  issuers,
  rateLimit: 'on',
  registers: {
    shared: {
      access: 'open',
      cors: { origins: [PAGE], maxAgeSeconds: 60 },
      rateLimit: { refillPerSecond: 0.001, capacity: 900 },
    },
    anywhere: { access: 'open', cors: { origins: '*' } },
    data: { access: 'jwt', ownership: true, cors: { origins: [PAGE] } },
  },
});
const own = `http://127.0.0.1:${service.port}`;
const alice = await as('alice');
const admin = { authorization: `Bearer ${service.adminKey}` };

async function written(): Promise<number> {
  const ledger = await (await service.fetch('/api/ledger', { headers: admin })).text();
  return (JSON.parse(ledger) as { totals: { accepted: number } }).totals.accepted;
}

/** What a browser says of a page that is not ours. */
const FOREIGN: Readonly<Record<string, Record<string, string>>> = {
  'another site': { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
  'another site, by an old browser': { origin: 'https://evil.example' },
  'another port of this machine': { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' },
  'another port, by an old browser': { origin: 'http://127.0.0.1:1' },
  'a sandbox or a file': { origin: 'null', 'sec-fetch-site': 'cross-site' },
  'a sandbox, by an old browser': { origin: 'null' },
  'a page that hides its origin': { 'sec-fetch-site': 'cross-site' },
  'a sibling that hides its origin': { 'sec-fetch-site': 'same-site' },
  'an origin that begins like ours': { origin: `${own}.evil.example` },
  'an origin that ends like ours': { origin: `https://evil.example?${own}` },
  'an origin with our host as its user': { origin: `http://127.0.0.1:${service.port}@evil.example` },
  'two origins': { origin: `${own}, https://evil.example` },
  'an empty origin': { origin: '', 'sec-fetch-site': 'cross-site' },
  'another case of what is allowed': { origin: PAGE.toUpperCase() },
  'what is allowed, by another scheme': { origin: PAGE.replace('https', 'http') },
  'an extension of a browser': { origin: 'chrome-extension://abcdefgh', 'sec-fetch-site': 'cross-site' },
};
/** Content types that need no leave (https://fetch.spec.whatwg.org/#cors-safelisted-request-header), and one that does. */
const TYPES = ['text/plain', 'application/x-www-form-urlencoded', 'application/json'];

/** Every way that a POST can take through the server. */
const WAYS: Readonly<
  Record<string, (path: string, headers: Record<string, string>) => Promise<Response | RawAnswer>>
> = {
  'in one packet': (path, headers) => raw(rawRequest(`POST ${path}`, headers, PAYLOAD)),
  'by Node’s parser': (path, headers) =>
    raw(rawRequest(`POST ${path}`, { te: 'trailers', ...headers }, PAYLOAD)),
  'by HTTP/1.0': (path, headers) =>
    raw(
      rawRequest(`POST ${path}`, headers, PAYLOAD)
        .replace(' HTTP/1.1', ' HTTP/1.0')
        .replace('host: localhost\r\n', ''),
    ),
  'without a socket': (path, headers) =>
    service.fetchInProcess(path, { method: 'POST', headers, body: PAYLOAD }),
};

async function raw(bytes: string) {
  const connection = await connectRaw(service.port);
  await connection.send(bytes);
  const answer = await connection.answer();
  connection.destroy();
  return answer;
}

for (const [who, headers] of Object.entries(FOREIGN)) {
  test(`${who} writes nothing, by any way, to an open register, with a token, or as the operator`, async () => {
    const before = await written();
    for (const [way, post] of Object.entries(WAYS)) {
      for (const type of TYPES) {
        const fields = { ...headers, 'content-type': type };
        for (const [path, credential] of [
          ['/app', {}],
          ['/epoch', {}],
          ['/EpochRegisterTime', {}],
          ['/shared', {}],
          ['/data', { authorization: alice['authorization'] as string }],
          ['/data', {}],
          ['/api/keys', admin],
        ] as const) {
          const answer = await post(path, { ...fields, ...credential });
          assert.equal(answer.status, 403, `${way} ${path} ${type}`);
          assert.match(await answer.text(), /"code":"CROSS_SITE".*"outcome":"not-written"/);
          assert.equal(answer.headers.get('access-control-allow-origin'), null);
        }
      }
    }
    assert.equal(await written(), before);
  });
}

test('our own pages, and programs that are no browser, write', async () => {
  for (const headers of [
    {},
    { origin: own, 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { origin: `http://localhost:${service.port}`, host: `localhost:${service.port}` },
  ] as Record<string, string>[]) {
    const fields = { host: `127.0.0.1:${service.port}`, ...headers };
    const bytes = rawRequest('POST /app', fields, PAYLOAD);
    assert.equal((await raw(bytes)).status, 201, JSON.stringify(headers));
  }
});

test('a name that was bound to this machine (DNS rebinding) reaches nothing, as reader, writer or operator', async () => {
  const before = await written();
  for (const host of [
    'evil.example',
    `evil.example:${service.port}`,
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'localhost.',
    '[::ffff:1.2.3.4]',
    '0.0.0.0',
  ]) {
    // To the browser that page has the same origin as this server.
    const fields = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin', ...admin };
    for (const bytes of [
      rawRequest('POST /app', fields, PAYLOAD),
      rawRequest('POST /app', { host }, PAYLOAD),
      rawRequest('POST /api/keys', fields, '{}'),
      rawRequest('GET /app', fields),
      rawRequest('GET /metrics', fields),
      rawRequest('GET /api/ledger', fields),
      rawRequest('OPTIONS /shared', { ...fields, origin: PAGE, 'access-control-request-method': 'POST' }),
      rawRequest('POST /app', fields, PAYLOAD).replace(' HTTP/1.1', ' HTTP/1.0'),
    ]) {
      const answer = await raw(bytes);
      assert.equal(answer.status, 421, `${host} ${bytes.slice(0, 20)} ${answer.body}`);
    }
  }
  assert.equal(await written(), before);
});

const CORS = [
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
  'access-control-allow-credentials',
];
const corsOf = (headers: Headers) =>
  Object.fromEntries(
    CORS.flatMap((name) =>
      headers.has(name) ? [[name.slice('access-control-'.length), headers.get(name)]] : [],
    ),
  );
const preflight = (path: string, origin: string, method = 'POST') =>
  service.fetch(path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization, content-type, idempotency-key',
    },
  });

describe('CORS', () => {
  test('is off unless it is configured, for preflights, answers and errors, and always under /api', async () => {
    for (const path of [
      '/app',
      '/epoch',
      '/api/keys',
      '/api/status',
      '/metrics',
      '/',
      '/openapi.json',
      '/healthz',
    ]) {
      assert.deepEqual(corsOf((await preflight(path, PAGE)).headers), {}, path);
      assert.deepEqual(corsOf((await service.fetch(path, { headers: { origin: PAGE } })).headers), {}, path);
    }
    assert.deepEqual(corsOf((await preflight('/shared', 'https://evil.example')).headers), {});
    assert.deepEqual(corsOf((await preflight('/shared', 'null')).headers), {});
  });

  test('a preflight of an allowed origin names what it may send, and for how long', async () => {
    for (const [path, methods] of [
      ['/shared', 'POST, GET, HEAD, OPTIONS'],
      ['/shared/stats', 'GET, HEAD, OPTIONS'],
      ['/shared/some-id', 'GET, HEAD, OPTIONS'],
      ['/shared/some-id/payload', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const { status, headers } = await preflight(path, PAGE);
      const { 'allow-headers': fields, 'expose-headers': _, ...rest } = corsOf(headers);
      assert.equal(status, 204);
      assert.deepEqual(rest, { 'allow-origin': PAGE, 'allow-methods': methods, 'max-age': '60' });
      for (const name of ['Authorization', 'Content-Type', 'Idempotency-Key', 'Prefer', 'Last-Event-ID'])
        assert.match(fields ?? '', new RegExp(`\\b${name}\\b`));
      assert.match(headers.get('vary') ?? '', /Origin/);
    }
  });

  test('answers let a script read what the contract says in headers', async () => {
    const headers = { origin: PAGE, 'sec-fetch-site': 'cross-site' };
    for (const answer of [
      await service.fetch('/shared', { method: 'POST', headers, body: 'x' }),
      await service.fetch('/shared?limit=1', { headers }),
      await service.fetch('/shared?format=csv', { headers }),
      await service.fetch('/shared/stats', { headers }),
    ]) {
      assert.ok(answer.ok);
      const { 'allow-origin': origin, 'expose-headers': exposed, ...rest } = corsOf(answer.headers);
      assert.deepEqual([origin, rest], [PAGE, {}]);
      for (const [name] of answer.headers) {
        const safe =
          /^(?:cache-control|content-.*|connection|date|keep-alive|transfer-encoding|vary|x-content-type-options|access-control-.*)$/;
        assert.ok(safe.test(name) || exposed?.toLowerCase().split(', ').includes(name), name);
      }
    }
  });

  test('so do errors: a script that is refused may read why', async () => {
    const headers = { origin: PAGE, 'sec-fetch-site': 'cross-site' };
    const noRoles = await as('alice', []);
    const json = { ...headers, 'content-type': 'application/json' };
    for (const [answer, status] of [
      [await service.fetch('/shared', { method: 'POST', headers: json, body: '{' }), 400],
      [await service.fetch('/shared?nonsense=1', { headers }), 400],
      [await service.fetch('/shared/nothing', { headers }), 404],
      [await service.fetch('/data', { method: 'POST', headers: json, body: PAYLOAD }), 401],
      [await service.fetch('/data', { headers }), 401],
      [await service.fetch('/data', { headers: { ...headers, ...noRoles } }), 403],
    ] as const) {
      assert.equal(answer.status, status);
      assert.equal(corsOf(answer.headers)['allow-origin'], PAGE);
      assert.match(corsOf(answer.headers)['expose-headers'] ?? '', /WWW-Authenticate/);
    }
  });

  test('a token of a page that is allowed works; cookies are never asked for', async () => {
    const headers = { ...alice, origin: PAGE, 'sec-fetch-site': 'cross-site' };
    const answer = await service.fetch('/data', { method: 'POST', headers, body: PAYLOAD });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('access-control-allow-credentials'), null);
  });

  test('for everybody means everybody, and no name is repeated', async () => {
    for (const origin of ['https://evil.example', 'null']) {
      const headers = { origin, 'sec-fetch-site': 'cross-site' };
      const answer = await service.fetch('/anywhere', { method: 'POST', headers, body: 'x' });
      assert.equal(answer.status, 201);
      assert.equal(corsOf(answer.headers)['allow-origin'], '*');
      await assertProblem(await service.fetch('/app', { method: 'POST', headers, body: 'x' }), 'CROSS_SITE', {
        kind: 'write',
      });
    }
  });
});
