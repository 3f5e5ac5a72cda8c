import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { createClock } from '../../clock.ts';
import { createDeliveryState } from './delivery-state.ts';
import { createMessages } from './messages.ts';

const SCHEMA = new URL('../../../migrations/sqlite-queue/0001-messages.sql', import.meta.url);
const START_MS = 1_000_000;

/** A queue in memory with a clock that is turned by hand. */
function open(maxWaiting?: number) {
  const db = new DatabaseSync(':memory:');
  db.exec(readFileSync(SCHEMA, 'utf8'));
  let nowMs = START_MS;
  const clock = createClock({ wallMs: () => nowMs, monotonicMs: () => nowMs });
  const messages = createMessages(db);
  const commit = (): void => db.exec('COMMIT');
  const state = createDeliveryState(db, clock, maxWaiting);
  return {
    state,
    send(count: number, delayMs = 0, bytes = 1) {
      const each = <T>(value: T): T[] => Array.from({ length: count }, () => value);
      const columns = {
        entries: each(1),
        oldestStamps: each(1),
        newestStamps: each(1),
        delaysMs: each(delayMs),
        bodyBytes: each(bytes),
        bodies: new Uint8Array(count * bytes),
      };
      messages.insert(columns, clock.nowMicros(), commit);
    },
    remove(...numbers: number[]) {
      messages.remove(numbers, commit);
      state.forget(numbers);
    },
    turn: (ms: number) => void (nowMs += ms),
    take: (max = 100, maxBytes = 1_000) => state.receive(max, maxBytes).messages.map(({ number }) => number),
    nextDueInMs: () => state.receive(0, 0).nextDueInMs,
  };
}

test('each message is given once, and again only when it was put back and its time has come', () => {
  const queue = open();
  queue.send(5);
  assert.deepEqual(queue.take(3), [1, 2, 3]);
  assert.deepEqual(queue.take(), [4, 5]);
  assert.deepEqual(queue.take(), []);
  queue.state.release([4, 2], 500);
  assert.equal(queue.nextDueInMs(), 500);
  queue.turn(499);
  assert.deepEqual(queue.take(), []);
  assert.equal(queue.nextDueInMs(), 1);
  queue.turn(1);
  assert.deepEqual(new Set(queue.take()), new Set([2, 4]));
  assert.equal(queue.state.out, 5);
});

test('what was acknowledged while it waited is not given', () => {
  const queue = open();
  queue.send(2);
  queue.take();
  queue.state.release([1, 2], 100);
  queue.remove(1);
  queue.turn(100);
  assert.deepEqual(queue.take(), [2]);
});

test('only what is out is put back, and once', () => {
  const queue = open();
  queue.send(3);
  assert.deepEqual(queue.take(2), [1, 2]);
  queue.state.release([1, 1, 3], 0);
  queue.state.release([1], 0);
  assert.deepEqual(queue.take(), [1, 3]);
});

test('a delayed send waits, by the time that has gone and not by a wall clock that is set', () => {
  const queue = open();
  queue.send(1, 1_000);
  queue.send(1);
  assert.deepEqual(queue.take(), [2]);
  assert.equal(queue.nextDueInMs(), 1_000);
  queue.turn(1_000);
  assert.deepEqual(queue.take(), [1]);
});

test('bytes are counted over what waited and what is fresh; the first comes whatever its size', () => {
  const queue = open();
  queue.send(4, 0, 100);
  assert.deepEqual(queue.take(10, 250), [1, 2]);
  queue.state.release([1, 2], 0);
  assert.deepEqual(queue.take(10, 150), [1]);
  assert.deepEqual(queue.take(10, 250), [2, 3]);
  assert.deepEqual(queue.take(10, 1), [4]);
});

test('while as many wait as are remembered, what is fresh waits as well', () => {
  const queue = open(2);
  queue.send(4);
  assert.deepEqual(queue.take(3), [1, 2, 3]);
  queue.state.release([1, 2], 1_000);
  assert.deepEqual(queue.take(), []);
  queue.remove(1);
  queue.turn(1_000);
  assert.deepEqual(queue.take(), [2, 4]);
});
