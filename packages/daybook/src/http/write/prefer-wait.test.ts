import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Entry } from '../../entry.ts';
import type { Found } from '../../store/store.ts';
import { createSignal } from '../../tail/signal.ts';
import type { HttpContext } from '../context.ts';
import { preferredWait, untilStored } from './prefer-wait.ts';

const entries = Array.from({ length: 100 }, (_, n) => ({ id: String(n), register: 'app' }) as Entry);

/** Only what waiting needs: a store that knows some entries, a bell, and a clock. */
function contextOf(find: (id: string) => Promise<Found | undefined>): HttpContext {
  return {
    store: { find: (_register: string, id: string) => find(id) },
    stored: createSignal(),
    draining: new AbortController().signal,
    nowMs: () => performance.now(),
  } as unknown as HttpContext;
}

const stored = (id: string) => ({ status: 'stored', entry: { id } }) as unknown as Found;

test('the wait is what was preferred, thirty seconds at most, and nothing for other preferences', () => {
  assert.equal(preferredWait('wait=10'), 10);
  assert.equal(preferredWait('respond-async, wait = "7"'), 7);
  assert.equal(preferredWait('wait=3600'), 30);
  assert.equal(preferredWait('respond-async'), 0);
  assert.equal(preferredWait(undefined), 0);
});

test('entries that come to the store while they are waited for are told as stored', async () => {
  const known = new Set<string>();
  const context = contextOf(async (id) => (known.has(id) ? stored(id) : undefined));
  const waiting = untilStored(context, entries, 20);
  for (const { id } of entries) {
    known.add(id);
    if (Number(id) % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  context.stored.ring();
  assert.deepEqual(
    (await waiting).map(({ kind }) => kind),
    entries.map(() => 'stored'),
  );
});

test('when the wait is over each entry is what it is then, also behind one that is missing', async () => {
  const context = contextOf(async (id) => (Number(id) < 50 ? undefined : stored(id)));
  const outcomes = await untilStored(context, entries, 0.05);
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    entries.map(({ id }) => (Number(id) < 50 ? 'queued' : 'stored')),
  );
});

test('a repeat is told as a duplicate of the first, and a dead entry stays queued without being waited for', async () => {
  const first = { id: 'first' } as Entry;
  const states: Record<string, Found> = {
    0: { status: 'duplicate', first } as Found,
    1: { status: 'dead' },
  };
  const outcomes = await untilStored(
    contextOf(async (id) => states[id]),
    entries.slice(0, 2),
    30,
  );
  assert.deepEqual(outcomes, [
    { kind: 'duplicate', firstId: 'first' },
    { kind: 'queued', entry: entries[1] },
  ]);
});

test('a store that fails or never answers leaves the entries queued', async () => {
  for (const find of [
    () => Promise.reject(new Error('away')),
    () => new Promise<undefined>(() => undefined),
  ]) {
    const outcomes = await untilStored(contextOf(find), entries, 0.05);
    assert.ok(outcomes.every(({ kind }) => kind === 'queued'));
  }
});
