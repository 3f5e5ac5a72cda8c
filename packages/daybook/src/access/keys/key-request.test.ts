/** What may be asked for when a key is made, and how a refusal says what was expected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkRequest, scopesOf } from './key-request.ts';

const DAY_MICROS = 86_400_000_000;
const now = 1_000 * DAY_MICROS;
const access = { write: 'open', read: 'open' } as const;
const known = scopesOf([
  { name: 'app', access },
  { name: 'data', access },
]);

test('a key can be for reading what Daybook alone writes, and not for writing it', () => {
  const internal = { write: 'internal', read: ['key'] } as const;
  assert.deepEqual(scopesOf([{ name: 'audit', access: internal }]), ['audit.read', 'admin', 'metrics']);
});
const request = { name: 'ci', scopes: ['app.write'] };
const check = (fields: object) => checkRequest({ ...request, ...fields }, { known, nowMicros: now });

test('a request without an end ends in a year, and a scope counts once', () => {
  assert.deepEqual(check({ scopes: ['app.write', 'admin', 'app.write'] }), {
    name: 'ci',
    scopes: ['app.write', 'admin'],
    expiresAt: now + 365 * DAY_MICROS,
  });
});

test('an end is kept in whole milliseconds, so that it is the same when it is read back', () => {
  assert.equal(check({ expiresAt: now + 5_000_999 }).expiresAt, now + 5_000_000);
});

for (const [what, fields, message] of [
  ['no name', { name: '' }, /^name: expected 1 to 64 letters/],
  ['a long name', { name: 'x'.repeat(65) }, /^name: /],
  ['a name that steers a terminal', { name: 'a\u001b[2J' }, /^name: /],
  ['a name with a colon', { name: 'key:ci' }, /^name: /],
  ['a name with a line break at its end', { name: 'ci\n' }, /^name: /],
  [
    'no scope',
    { scopes: [] },
    /^scopes: expected at least one of app\.read, app\.write, data\.read.*; given none$/,
  ],
  [
    'an unknown scope',
    { scopes: ['app.read', 'ap.read'] },
    /^scopes: expected scopes of app\.read, app\.write, data\.read, data\.write, admin, metrics; given "ap\.read"$/,
  ],
  ['an end that is now', { expiresAt: now }, /^expiresAt: expected a time from now on/],
  ['an end that was', { expiresAt: now - 1 }, /^expiresAt: /],
  ['an end too far away', { expiresAt: now + 6 * 366 * DAY_MICROS }, /^expiresAt: .* at the latest; given "/],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => check(fields), { name: 'KeyError', reason: 'invalid', message });
  });
}
