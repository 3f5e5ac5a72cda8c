/**
 * What a body, a header or a target can say of who writes, when and where: nothing. And requests that two servers could
 * understand in two ways, at a real server, with a count of what was written.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import type { EntryPage, EntryView } from '../../src/contract/messages.ts';
import { isId } from '../../src/id.ts';
import { connectRaw } from '../http/raw-connection.ts';
import { PAYLOAD, startGuarded } from '../support/guarded-daybook.ts';

const guarded = await startGuarded({
  registers: { hooks: { access: 'open', idempotencyKeyFrom: 'x-delivery', clientIp: 'full' } },
});
after(() => guarded.close());
const alice = await guarded.bearer('alice');

const CLAIMED = {
  subject: 'mallory',
  userId: 'mallory',
  sub: 'mallory',
  user: { id: 'mallory' },
  principalId: 'mallory',
  id: '00000000-0000-7000-8000-000000000000',
  receivedAt: '1999-01-01T00:00:00.000000Z',
  timestamp: 1,
  register: 'audit',
  region: 'mars',
  position: 1,
  status: 'discarded',
  roles: ['admin'],
};
/** Written by hand: no object literal can have these as fields of its own. */
const POLLUTING =
  '"__proto__":{"subject":"mallory","roles":["admin"]},"constructor":{"prototype":{"admin":true}}';

async function newest(register: string): Promise<EntryView> {
  const page = (await (await guarded.admin(`/${register}?limit=1`)).json()) as EntryPage;
  return page.entries[0] as EntryView;
}

describe('fields of a body that claim an identity', () => {
  const claim = JSON.stringify({ ...PAYLOAD, ...CLAIMED }).slice(0, -1);
  const body = `${claim},${POLLUTING}}`;

  test('are kept as payload, byte for byte, and are nothing else', async () => {
    const before = new Date().toISOString();
    const answer = await guarded.post('/data', alice, body);
    assert.equal(answer.status, 201);
    const entry = await newest('data');
    const { id, register, subject, receivedAt, region, status } = entry;
    assert.ok(isId(id) && id !== CLAIMED.id);
    assert.deepEqual([register, subject, region, status], ['data', 'alice', 'local', 'stored']);
    assert.ok(receivedAt > before);
    const payload = await guarded.admin(`/data/${id}/payload`);
    assert.equal(await payload.text(), body);
    const own = await guarded.fetch(`/data/${id}`, { headers: { authorization: alice } });
    assert.equal(own.status, 200);
    const mallory = await guarded.bearer('mallory');
    for (const path of [`/data/${id}`, `/data/${CLAIMED.id}`])
      assert.equal((await guarded.fetch(path, { headers: { authorization: mallory } })).status, 404);
  });

  test('nor in the lines of a batch, in a form, in the query or in headers', async () => {
    const ndjson = { 'content-type': 'application/x-ndjson', authorization: alice };
    const batch = await guarded.fetch('/data', {
      method: 'POST',
      headers: ndjson,
      body: `${body}\n${body}\n`,
    });
    const results = (await batch.text()).trim().split('\n');
    assert.deepEqual(
      results.map((line) => (JSON.parse(line) as { status: number }).status),
      [201, 201],
    );
    assert.equal((await newest('data')).subject, 'alice');
    const headers = {
      subject: 'mallory',
      'x-subject': 'mallory',
      'x-user-id': 'mallory',
      'x-received-at': CLAIMED.receivedAt,
      'x-amzn-oidc-identity': 'mallory',
      'x-forwarded-user': 'mallory',
      'x-original-url': '/audit',
      'x-rewrite-url': '/data',
      'x-http-method-override': 'DELETE',
    };
    const query = new URLSearchParams({ subject: 'mallory', id: CLAIMED.id, register: 'data' }).toString();
    assert.equal((await guarded.post(`/hooks?${query}`, undefined, CLAIMED, headers)).status, 201);
    const { subject, id, register } = await newest('hooks');
    assert.deepEqual([subject, register], ['', 'hooks']);
    assert.notEqual(id, CLAIMED.id);
    assert.equal((await guarded.post(`/data?${query}`, undefined, CLAIMED, headers)).status, 401);
  });

  test('leave the server as it was', async () => {
    assert.equal((await guarded.fetch('/api/ledger')).status, 401);
    const { status } = await guarded.fetch('/data', {
      headers: { authorization: await guarded.bearer('bob', []) },
    });
    assert.equal(status, 403);
  });
});

const HEAD = 'host: localhost\r\ncontent-type: text/plain';

interface Forged {
  /** Lines of the head, the first one included. */
  readonly lines: readonly string[];
  readonly body?: string;
  readonly status: number;
  /** Entries that it may write. */
  readonly writes?: number;
}

/** A second request, which nobody sent as one. */
const SMUGGLED = 'POST /app HTTP/1.1\r\nhost: localhost\r\ncontent-length: 8\r\n\r\nsmuggled';

const MESSAGES: Readonly<Record<string, Forged>> = {
  'two lengths': {
    lines: ['POST /app HTTP/1.1', HEAD, 'content-length: 3', 'content-length: 0'],
    body: `abc${SMUGGLED}`,
    status: 400,
  },
  'two equal lengths': {
    lines: ['POST /app HTTP/1.1', HEAD, 'content-length: 3', 'content-length: 3'],
    body: `abc${SMUGGLED}`,
    status: 400,
  },
  'a list of lengths': {
    lines: ['POST /app HTTP/1.1', HEAD, 'content-length: 3, 3'],
    body: `abc${SMUGGLED}`,
    status: 400,
  },
  'a length with a sign': {
    lines: ['POST /app HTTP/1.1', HEAD, 'content-length: +3'],
    body: `abc${SMUGGLED}`,
    status: 400,
  },
  'a length in hexadecimal': {
    lines: ['POST /app HTTP/1.1', HEAD, 'content-length: 0x3'],
    body: `abc${SMUGGLED}`,
    status: 400,
  },
  'a length and chunks': {
    lines: ['POST /app HTTP/1.1', HEAD, 'content-length: 5', 'transfer-encoding: chunked'],
    body: `0\r\n\r\n${SMUGGLED}`,
    status: 400,
  },
  'chunks and a length': {
    lines: ['POST /app HTTP/1.1', HEAD, 'transfer-encoding: chunked', 'content-length: 5'],
    body: `0\r\n\r\n${SMUGGLED}`,
    status: 400,
  },
  'chunks by a name that is nearly right': {
    lines: ['POST /app HTTP/1.1', HEAD, 'transfer-encoding: xchunked', 'content-length: 3'],
    body: `abc${SMUGGLED}`,
    status: 400,
  },
  'chunks twice': {
    lines: ['POST /app HTTP/1.1', HEAD, 'transfer-encoding: chunked', 'transfer-encoding: identity'],
    body: `0\r\n\r\n${SMUGGLED}`,
    status: 400,
  },
  'a space before the colon': {
    lines: ['POST /app HTTP/1.1', HEAD, 'content-length : 3'],
    body: 'abc',
    status: 400,
  },
  'a folded field': {
    lines: ['POST /app HTTP/1.1', HEAD, 'x-a: b\r\n c: d', 'content-length: 0'],
    status: 400,
  },
  'a folded token': {
    lines: ['POST /data HTTP/1.1', HEAD, `authorization: Bearer\r\n ${alice.slice(7)}`, 'content-length: 0'],
    status: 400,
  },
  'a bare line feed in a field': {
    lines: ['POST /app HTTP/1.1', HEAD, 'x-a: b\ncontent-length: 3'],
    body: 'abc',
    status: 400,
  },
  'a bare carriage return in a field': {
    lines: ['POST /app HTTP/1.1', HEAD, 'x-a: b\rc: d', 'content-length: 0'],
    status: 400,
  },
  'a zero byte in a field': {
    lines: ['POST /app HTTP/1.1', HEAD, 'x-a: b\0c', 'content-length: 0'],
    status: 400,
  },
  'two hosts': { lines: ['POST /app HTTP/1.1', HEAD, 'host: localhost', 'content-length: 0'], status: 400 },
  'two hosts, the other one foreign': {
    lines: ['POST /app HTTP/1.1', 'host: evil.example', HEAD, 'content-length: 0'],
    status: 400,
  },
  'two idempotency keys': {
    lines: [
      'POST /app HTTP/1.1',
      HEAD,
      `idempotency-key: ${'a'.repeat(20)}`,
      `idempotency-key: ${'b'.repeat(20)}`,
      'content-length: 0',
    ],
    status: 400,
  },
  'an idempotency key with a comma and a space': {
    lines: ['POST /app HTTP/1.1', HEAD, `idempotency-key: ${'a'.repeat(20)}, b`, 'content-length: 0'],
    status: 400,
  },
  'the wrong version': { lines: ['POST /app HTTP/3.0', HEAD, 'content-length: 0'], status: 400 },
  'a foreign host by HTTP/1.0': {
    lines: ['POST /app HTTP/1.0', 'host: evil.example', 'content-length: 0'],
    status: 421,
  },
};

const TARGETS: Readonly<Record<string, Forged>> = Object.fromEntries(
  (
    [
      ['//data', 404],
      ['//localhost/data', 404],
      ['/%64ata', 404],
      ['/%2564ata', 404],
      ['/data%2f', 404],
      ['/data%00', 404],
      ['/data%0d%0aX:%20y', 404],
      ['/data;x', 404],
      ['/data;jsessionid=1', 404],
      ['/DATA', 404],
      ['/data//', 404],
      ['/data/x', 405],
      ['/data/stats', 405],
      ['/data\\', 400],
      ['/app\\..\\data', 400],
      ['http://evil.example/data', 421],
      ['http://localhost@evil.example/data', 421],
      ['http://evil.example@localhost/data', 401],
      ['http://localhost/data', 401],
      ['/app/../data', 401],
      ['/app/%2e%2e/data', 401],
      ['/app/..%2fdata', 405],
      ['/./data', 401],
      ['/data/', 401],
      ['/data?', 401],
      ['/data#/../app', 400],
      ['/audit', 405],
      ['/keys', 404],
      ['/api/keys', 401],
      ['/api/../data', 401],
    ] as const
  ).map(([target, status]) => [
    target,
    { lines: [`POST ${target} HTTP/1.1`, HEAD, 'content-length: 1'], body: '1', status },
  ]),
);

for (const [what, { lines, body = '', status, writes = 0 }] of Object.entries({ ...MESSAGES, ...TARGETS })) {
  test(`${what}: answered ${status}, ${writes} written`, async () => {
    const before = await guarded.accepted();
    const connection = await connectRaw(guarded.port);
    await connection.send(`${lines.join('\r\n')}\r\n\r\n${body}`);
    const answer = await connection.answer();
    assert.equal(answer.status, status, answer.body);
    // What came behind it was no request: one more has its own answer, or the connection has ended.
    if (answer.headers.get('connection') === 'close') assert.equal(await connection.rest(), '');
    connection.destroy();
    assert.equal(await guarded.accepted(), before + writes);
  });
}

test('dots that lead out of a register lead where every client goes, by the access that is there', async () => {
  const [inData, inHooks] = [await guarded.entries('data'), await guarded.entries('hooks')];
  const connection = await connectRaw(guarded.port);
  await connection.send(`POST /data/../hooks HTTP/1.1\r\n${HEAD}\r\ncontent-length: 1\r\n\r\n1`);
  assert.equal((await connection.answer()).status, 201);
  connection.destroy();
  assert.deepEqual([await guarded.entries('data'), await guarded.entries('hooks')], [inData, inHooks + 1]);
});

test('forwarding fields of a stranger say nothing: neither address nor protocol', async () => {
  const headers = {
    'x-forwarded-for': '10.0.0.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'evil.example',
    'x-real-ip': '10.0.0.1',
    forwarded: 'for=10.0.0.1;proto=https;host=evil.example',
  };
  const answer = await guarded.post('/hooks', undefined, {}, headers);
  assert.match(answer.headers.get('location') ?? '', /^\/hooks\//);
  const { clientIp, protocol } = await newest('hooks');
  assert.deepEqual([clientIp, protocol], ['127.0.0.1', 'http']);
  const help = await guarded.fetch('/', { headers: { accept: 'text/plain', ...headers } });
  assert.ok(!(await help.text()).includes('evil'));
});

test('none of it is in the log', () =>
  guarded.assertNotLogged('mallory', alice.slice(7), 'smuggled', 'informationOne', 'evil'));
