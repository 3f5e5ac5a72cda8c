/**
 * Whose bucket it is: that of a subject whatever its address, that of an address where nobody is known; and that a noisy
 * caller takes from its own bucket only. Callers come from other addresses by way of a trusted proxy.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { developmentIssuerSettings, openDevelopmentIssuer } from '../../src/access/jwt/development-issuer.ts';
import { assertProblem } from './assert-problem.ts';
import { assertNothingInFlight, startService } from './service.ts';

/** So slow that no token comes back while the tests run. */
const BUCKET = { refillPerSecond: 0.001, capacity: 5 };
const UNEVEN = { refillPerSecond: 0.001, capacity: 2.5 };

const dataDir = await mkdtemp(join(tmpdir(), 'daybook-rates-'));
after(() => rm(dataDir, { recursive: true, force: true }));
const issuer = await openDevelopmentIssuer(dataDir);
const settings = developmentIssuerSettings(dataDir);
const service = await startService({
  dataDir,
  rateLimit: 'on',
  trustedProxies: ['127.0.0.1'],
  issuers: { development: settings },
  registers: {
    owned: { access: 'jwt', rateLimit: BUCKET },
    other: { access: 'jwt', rateLimit: BUCKET },
    shared: { access: 'open', rateLimit: BUCKET },
    crowded: { access: 'jwt', rateLimit: BUCKET },
    uneven: { access: 'open', rateLimit: UNEVEN },
  },
});

async function tokenOf(subject: string): Promise<string> {
  const issuedAt = Math.floor(Date.now() / 1000);
  const roles = ['owned', 'other', 'crowded'].flatMap((name) => [`${name}.write`, `${name}.read`]);
  const { issuer: iss, audience } = settings;
  return issuer.sign({ subject, roles, issuer: iss, audience, issuedAt, expiresAt: issuedAt + 600 });
}

interface Caller {
  readonly token?: string;
  readonly address?: string;
}

function ask(method: 'GET' | 'POST', register: string, { token, address }: Caller): Promise<Response> {
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(address !== undefined && { 'x-forwarded-for': address }),
  };
  return service.fetch(`/${register}`, { method, headers });
}

async function statusesOf(answers: Iterable<Promise<Response>>): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const answer of await Promise.all(answers)) {
    await answer.text();
    counts[answer.status] = (counts[answer.status] ?? 0) + 1;
  }
  return counts;
}

const times = (count: number, make: (index: number) => Promise<Response>) =>
  statusesOf(Array.from({ length: count }, (_, index) => make(index)));

test('a subject has one bucket, whatever addresses it comes from', async () => {
  const alice = await tokenOf('alice');
  const spread = await times(20, (index) =>
    ask('POST', 'owned', { token: alice, address: `203.0.113.${index}` }),
  );
  assert.deepEqual(spread, { 201: BUCKET.capacity, 429: 20 - BUCKET.capacity });
  const renewed = await tokenOf('alice');
  assert.deepEqual(
    await times(1, () => ask('POST', 'owned', { token: renewed, address: '198.51.100.1' })),
    { 429: 1 },
    'another token of hers changes nothing',
  );
});

test('subjects behind one address have a bucket each, in each register and direction', async () => {
  const address = '203.0.113.50';
  for (const subject of ['bob', 'carol']) {
    const token = await tokenOf(subject);
    for (const register of ['owned', 'other']) {
      for (const [method, status] of [
        ['POST', 201],
        ['GET', 200],
      ] as const) {
        const given = await times(BUCKET.capacity + 2, () => ask(method, register, { token, address }));
        assert.deepEqual(given, { [status]: BUCKET.capacity, 429: 2 }, `${subject} ${method} ${register}`);
      }
    }
  }
});

test('who is not known goes by address: an IPv4 address, an IPv6 subscriber', async () => {
  for (const [first, same, another] of [
    ['203.0.113.7', '::ffff:203.0.113.7', '203.0.113.8'],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', '2001:db8:1:3::1'],
  ] as const) {
    const given = await times(BUCKET.capacity, () => ask('POST', 'shared', { address: first }));
    assert.deepEqual(given, { 201: BUCKET.capacity });
    assert.deepEqual(await times(1, () => ask('POST', 'shared', { address: same })), { 429: 1 }, same);
    assert.deepEqual(await times(1, () => ask('POST', 'shared', { address: another })), { 201: 1 }, another);
  }
});

test('a credential that nobody asks for gives nobody another bucket', async () => {
  const address = '203.0.113.90';
  await times(BUCKET.capacity, () => ask('POST', 'shared', { address }));
  for (const token of [await tokenOf('dave'), 'made-up'])
    assert.deepEqual(await times(1, () => ask('POST', 'shared', { address, token })), { 429: 1 });
});

test('one noisy caller is refused, and nobody else is', async (t) => {
  const [noisy, ...quiet] = await Promise.all(
    ['noisy', ...Array.from({ length: 20 }, (_, index) => `quiet-${index}`)].map(tokenOf),
  );
  const address = '203.0.113.66';
  const noise = times(600, () => ask('POST', 'crowded', { token: noisy ?? '', address }));
  const others = await statusesOf(
    quiet.flatMap((token) =>
      Array.from({ length: BUCKET.capacity }, () => ask('POST', 'crowded', { token, address })),
    ),
  );
  assert.deepEqual(others, { 201: quiet.length * BUCKET.capacity });
  assert.deepEqual(await noise, { 201: BUCKET.capacity, 429: 600 - BUCKET.capacity });
  t.diagnostic(`600 of one caller: ${BUCKET.capacity} taken; ${quiet.length} others: none refused`);
});

test('what is refused is not written, and names the key that changes it', async () => {
  const token = await tokenOf('erin');
  await times(BUCKET.capacity, () => ask('POST', 'other', { token }));
  const refused = await ask('POST', 'other', { token });
  const { detail } = await assertProblem(refused, 'RATE_LIMITED', { kind: 'write' });
  assert.ok(detail.includes('registers.other.rateLimit'), detail);
  const page = (await (await ask('GET', 'other', { token })).json()) as { entries: { subject?: string }[] };
  assert.equal(page.entries.filter(({ subject }) => subject === 'erin').length, BUCKET.capacity);
});

/** A List of one Item, a String with Integers as parameters (RFC 9651 §3.1, §3.3), as the draft of both fields asks for. */
function parametersOf(field: string | null, name: string): Record<string, number> {
  const [, text] = new RegExp(`^"${name}"((?:;[a-z]+=(?:0|[1-9][0-9]{0,14}))*)$`).exec(field ?? '') ?? [];
  assert.ok(text !== undefined, String(field));
  return Object.fromEntries(
    text
      .split(';')
      .slice(1)
      .map((parameter) => parameter.split('='))
      .map(([key = '', value]) => [key, Number(value)]),
  );
}

test('the fields are those of draft-ietf-httpapi-ratelimit-headers, also of a bucket with fractions', async () => {
  const left: number[] = [];
  for (const status of [201, 201, 429]) {
    const answer = await ask('POST', 'uneven', { address: '203.0.113.99' });
    await answer.text();
    assert.equal(answer.status, status);
    assert.deepEqual(parametersOf(answer.headers.get('ratelimit-policy'), 'uneven'), { q: 2, w: 2500 });
    const { r, t, ...others } = parametersOf(answer.headers.get('ratelimit'), 'uneven');
    assert.deepEqual(others, {});
    left.push(r ?? Number.NaN);
    if (status === 429) assert.equal(answer.headers.get('retry-after'), String(t));
  }
  assert.deepEqual(left, [1, 0, 0]);
});

test('after all that, no byte stays reserved', () => assertNothingInFlight(service));
