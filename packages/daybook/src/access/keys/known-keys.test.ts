/** The fold of key events: the same whatever their order, and a revocation always holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { microsToFirstId } from '../../id.ts';
import type { KeyEvent } from './key-event.ts';
import { createKnownKeys } from './known-keys.ts';

const KEY_IDS = ['00000000000000a1', '00000000000000a2', '00000000000000a3'];
const DAY_MICROS = 86_400_000_000;

function created(keyId: string, fields: { name?: string; expiresAt?: number } = {}): KeyEvent {
  const { name = 'ci', expiresAt = 100 * DAY_MICROS } = fields;
  const hash = Buffer.alloc(32, keyId);
  return {
    event: 'created',
    keyId,
    name,
    hash,
    scopes: ['app.write', 'nonsense'],
    expiresAt,
    createdBy: 'admin',
  };
}

function stateOf(events: readonly (readonly [KeyEvent, string])[]): unknown {
  const known = createKnownKeys();
  for (const [event, id] of events) known.apply(event, id);
  const ends = KEY_IDS.map((keyId) => [known.revocationOf(keyId), known.usedAt(keyId)]);
  return { keys: known.list(), ends };
}

test('any order and any repetition of events gives the same keys', () => {
  const anyEvent = fc
    .tuple(fc.constantFrom(...KEY_IDS), fc.constantFrom('revoked', 'used'), fc.nat(1_000))
    .map(([keyId, event, at]): KeyEvent =>
      event === 'revoked'
        ? { event, keyId, revokedBy: `admin-${at}` }
        : { event: 'used', uses: [{ keyId, usedAt: at }] },
    );
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 20 }), fc.infiniteStream(fc.nat()), (more, picks) => {
      const events = [...KEY_IDS.map((keyId) => created(keyId)), ...more].map(
        (event, index) => [event, microsToFirstId(1_000_000 + index)] as const,
      );
      const shuffled = [...events, ...events]
        .map((event) => ({ event, at: picks.next().value as number }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ event }) => event);
      assert.deepEqual(stateOf(shuffled), stateOf(events));
    }),
  );
});

test('an identity has the scopes that are roles, and all keys of a name are one subject', () => {
  const known = createKnownKeys();
  for (const [index, keyId] of KEY_IDS.entries()) known.apply(created(keyId), microsToFirstId(index));
  for (const keyId of KEY_IDS) {
    const identity = known.find(keyId)?.identity;
    assert.deepEqual(identity, { subject: 'key:ci', roles: new Set(['app.write']), kind: 'key' });
  }
});

test('what ended long ago is forgotten, what is in force is kept', () => {
  const known = createKnownKeys();
  const [expired = '', revoked = '', kept = ''] = KEY_IDS;
  const idOnDay = (day: number) => microsToFirstId(day * DAY_MICROS);
  known.apply(created(expired, { expiresAt: 9 * DAY_MICROS }), idOnDay(1));
  known.apply(created(revoked), idOnDay(1));
  known.apply({ event: 'revoked', keyId: revoked, revokedBy: 'admin' }, idOnDay(8));
  known.apply(created(kept), idOnDay(1));
  const uses = KEY_IDS.map((keyId) => ({ keyId, usedAt: 5 }));
  known.apply({ event: 'used', uses }, idOnDay(8));
  known.forget({ micros: 8 * DAY_MICROS, id: idOnDay(8) });
  assert.equal(known.size, 3);
  known.forget({ micros: 10 * DAY_MICROS, id: idOnDay(10) });
  assert.deepEqual(
    known.list().map(({ keyId }) => keyId),
    [kept],
  );
  assert.deepEqual(KEY_IDS.map(known.usedAt), [undefined, undefined, 5]);
  // Until the key would have ended by itself: it may be met again.
  known.apply(created(revoked), idOnDay(50));
  assert.notEqual(known.revocationOf(revoked), undefined);
  known.forget({ micros: 50 * DAY_MICROS, id: idOnDay(50) });
  assert.equal(known.find(revoked), undefined);
  assert.notEqual(known.revocationOf(revoked), undefined);
  known.forget({ micros: 101 * DAY_MICROS, id: idOnDay(101) });
  assert.equal(known.revocationOf(revoked), undefined);
});
