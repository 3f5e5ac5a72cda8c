import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createSignal } from './signal.ts';

const LONG_MS = 60_000;

test('a ring wakes everybody who waits', async () => {
  const signal = createSignal();
  const waits = Array.from({ length: 3 }, () => signal.wait(signal.rings, LONG_MS));
  assert.equal(signal.waiting, 3);
  signal.ring();
  assert.deepEqual(await Promise.all(waits), ['rung', 'rung', 'rung']);
  assert.equal(signal.waiting, 0);
});

test('a ring between looking and waiting is not slept over', async () => {
  const signal = createSignal();
  const { rings } = signal;
  signal.ring();
  assert.equal(await signal.wait(rings, LONG_MS), 'rung');
  assert.equal(signal.waiting, 0);
});

test('a wait ends when its time is over, or when it is aborted, and leaves nothing behind', async () => {
  const signal = createSignal();
  const gone = new AbortController();
  assert.equal(await signal.wait(0, 0), 'timeout');
  const wait = signal.wait(0, LONG_MS, gone.signal);
  gone.abort();
  assert.equal(await wait, 'aborted');
  assert.equal(await signal.wait(0, LONG_MS, gone.signal), 'aborted');
  assert.equal(signal.waiting, 0);
});

test('who waits again while being woken waits for the next ring', async () => {
  const signal = createSignal();
  let again: Promise<string> | undefined;
  const first = signal.wait(0, LONG_MS).then(() => (again = signal.wait(signal.rings, LONG_MS)));
  signal.ring();
  await Promise.race([first, new Promise((resolve) => setImmediate(resolve))]);
  assert.equal(signal.waiting, 1);
  signal.ring();
  assert.equal(await again, 'rung');
});
