/** What a configured register keeps of a request besides its body. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startService } from './service.ts';

const service = await startService({
  registers: {
    hooks: {
      access: 'open',
      keepHeaders: ['x-event', 'user-agent'],
      keepQuery: ['team', '__proto__', 'constructor'],
      idempotencyKeyFrom: 'x-delivery',
      occurredAtFrom: 'when',
      clientIp: 'full',
    },
    quiet: { access: 'open', clientIp: 'off' },
    plain: { access: 'open' },
  },
});

const JSON_TYPE = { 'content-type': 'application/json' };

async function write(pathAndQuery: string, body: string, headers: Record<string, string> = {}) {
  const answer = await service.fetch(pathAndQuery, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body,
  });
  assert.equal(answer.status, 201, await answer.clone().text());
  const receipt = (await answer.json()) as { id: string; duplicate: boolean };
  const name = pathAndQuery.split('?')[0]?.slice(1) as string;
  return { answer, receipt, entry: await service.read(name, receipt.id) };
}

test('only the listed headers are kept, by their lower-case names', async () => {
  const { entry } = await write('/hooks', '{}', {
    'X-Event': 'push',
    'User-Agent': 'tests/1',
    authorization: 'Bearer secret',
    cookie: 'a=b',
    'x-forwarded-for': '203.0.113.9',
    'x-other': 'no',
  });
  assert.deepEqual(entry.headers, { 'x-event': 'push', 'user-agent': 'tests/1' });
});

test('a register that lists nothing keeps no headers and no query', async () => {
  const { entry } = await write('/plain?team=a', '{}', { 'X-Event': 'push' });
  assert.ok(!('headers' in entry) && !('query' in entry));
});

test('only the listed query parameters are kept, the first value of each', async () => {
  const { entry } = await write('/hooks?team=a%20b%26&team=c&other=1', '{}');
  assert.deepEqual(entry.query, { team: 'a b&' });
});

test('a query parameter named like a property of objects is only a name', async () => {
  const { entry } = await write('/hooks?constructor=1&__proto__=2', '{}');
  assert.deepEqual(Object.getOwnPropertyNames(entry.query), ['__proto__', 'constructor']);
  assert.deepEqual(Object.values(entry.query ?? {}), ['2', '1']);
});

test('a delivery id is the idempotency key, however short', async () => {
  const first = await write('/hooks', '{"a":1}', { 'x-delivery': 'd-1' });
  const again = await write('/hooks', '{"a":1}', { 'x-delivery': 'd-1' });
  assert.equal(first.receipt.duplicate, false);
  assert.deepEqual([again.receipt.id, again.receipt.duplicate], [first.receipt.id, true]);
  assert.equal(again.answer.headers.get('idempotency-replayed'), 'true');
  assert.equal(again.entry.idempotencyKey, 'd-1');
});

test('a caller’s own Idempotency-Key wins over the delivery id', async () => {
  const headers = { 'x-delivery': 'd-2', 'idempotency-key': 'a-key-of-the-caller' };
  const { entry } = await write('/hooks', '{}', headers);
  assert.equal(entry.idempotencyKey, 'a-key-of-the-caller');
});

test('a delivery id that is no key loses nothing: the entry is stored without a key', async () => {
  for (const bad of ['has a space', 'x'.repeat(256), 'é', '']) {
    const { entry } = await write('/hooks', '{}', { 'x-delivery': bad });
    assert.ok(!('idempotencyKey' in entry), bad);
  }
});

const DATES: Readonly<Record<string, string>> = {
  '"2026-11-21T07:55:43Z"': '2026-11-21T07:55:43.000000Z',
  '"2026-11-21T08:55:43+01:00"': '2026-11-21T07:55:43.000000Z',
  '"2026-11-21 07:55:43.5z"': '2026-11-21T07:55:43.500000Z',
  '"2026-11-21T07:55:43.368790999Z"': '2026-11-21T07:55:43.368790Z',
  '"2026-11-21"': '2026-11-21T00:00:00.000000Z',
  '"Sat, 21 Nov 2026 07:55:43 GMT"': '2026-11-21T07:55:43.000000Z',
  '"21 Nov 2026 07:55 -0100"': '2026-11-21T08:55:00.000000Z',
  '"1815-12-10"': '1815-12-10T00:00:00.000000Z',
  '1795247743368': '2026-11-21T07:55:43.368000Z',
  '0': '1970-01-01T00:00:00.000000Z',
};
for (const [claimed, expected] of Object.entries(DATES)) {
  test(`occurredAt of ${claimed} is the moment that it names`, async () => {
    assert.equal((await write('/hooks', `{"when":${claimed}}`)).entry.occurredAt, expected);
  });
}

for (const claimed of [
  '"yesterday"',
  '""',
  'null',
  'true',
  '{}',
  '[]',
  '[2026]',
  '"2026-02-30T00:00:00Z"',
  '"2026-13-01"',
  '1e300',
  '9007199254740993000',
  '-1e15',
  '"+275760-09-13T00:00:00Z"',
  '"12345-01-01"',
  '"version 2"',
  '"1"',
  '"2026-11-21T07:55:43"',
  '"Sat, 99 Nov 2026 07:55:43 GMT"',
]) {
  test(`an occurredAt of ${claimed} is no date: absent, and nothing is lost`, async () => {
    const { entry } = await write('/hooks', `{"when":${claimed}}`);
    assert.ok(!('occurredAt' in entry), entry.occurredAt);
    assert.ok('payload' in entry);
  });
}

test('occurredAt is taken from an own field of a JSON object only', async () => {
  for (const body of [
    '[]',
    '"2026-11-21"',
    'null',
    '{"__proto__":{"when":"2026-11-21"}}',
    '{"deeper":{"when":"2026-11-21"}}',
  ])
    assert.ok(!('occurredAt' in (await write('/hooks', body)).entry), body);
  const text = await write('/hooks', '{"when":"2026-11-21"}', { 'content-type': 'text/plain' });
  assert.ok(!('occurredAt' in text.entry));
});

test('a register that names no field takes no time from the payload', async () => {
  assert.ok(!('occurredAt' in (await write('/plain', '{"when":"2026-11-21","time":"2026-11-21"}')).entry));
});

test('the lines of a batch have the claims of their own and the headers of the request', async () => {
  const body = '{"when":"2026-11-21T07:55:43Z"}\n{"when":"never"}\n';
  const headers = { 'content-type': 'application/x-ndjson', 'x-event': 'batch' };
  await (await service.fetch('/hooks?team=t', { method: 'POST', headers, body })).text();
  const [second, first] = (await service.list('/hooks?limit=2')).entries;
  assert.match(first?.occurredAt ?? '', /^2026-11-21T07:55:43/);
  assert.ok(second !== undefined && !('occurredAt' in second));
  for (const entry of [first, second]) {
    assert.equal(entry?.headers?.['x-event'], 'batch');
    assert.deepEqual(entry?.query, { team: 't' });
  }
});

test('the client address is kept whole, as its network or not at all', async () => {
  assert.equal((await write('/hooks', '{}')).entry.clientIp, '127.0.0.1');
  assert.equal((await write('/plain', '{}')).entry.clientIp, '127.0.0.0');
  assert.ok(!('clientIp' in (await write('/quiet', '{}')).entry));
});

test('nothing in a body or a header can set what the server says', async () => {
  const claims =
    '{"id":"x","receivedAt":"1999-01-01T00:00:00Z","subject":"root","clientIp":"1.1.1.1","region":"moon"}';
  const headers = {
    'x-forwarded-for': '1.1.1.1',
    forwarded: 'for=1.1.1.1',
    'x-forwarded-proto': 'https',
    'x-subject': 'root',
  };
  const { entry, receipt } = await write('/hooks', claims, headers);
  assert.equal(entry.id, receipt.id);
  assert.deepEqual(
    [entry.subject, entry.clientIp, entry.region, entry.protocol],
    ['', '127.0.0.1', 'local', 'http'],
  );
  assert.ok(!entry.receivedAt.startsWith('1999'));
});
