import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { createWaitingNumbers } from './waiting-numbers.ts';

test('numbers come by their time, whatever the order in which they were added', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1_000, noNaN: true })), (dues) => {
      const waiting = createWaitingNumbers();
      for (const [number, dueMs] of dues.entries()) waiting.add(number, dueMs);
      assert.equal(waiting.size, dues.length);
      const taken: { number: number; dueMs: number }[] = [];
      for (let first = waiting.first(); first !== undefined; first = waiting.first()) {
        taken.push(first);
        waiting.dropFirst();
      }
      assert.deepEqual(
        taken.map(({ dueMs }) => dueMs),
        dues.toSorted((a, b) => a - b),
      );
      for (const { number, dueMs } of taken) assert.equal(dues[number], dueMs);
      assert.equal(new Set(taken.map(({ number }) => number)).size, dues.length);
    }),
  );
});

test('nothing is first where nothing waits', () => {
  const waiting = createWaitingNumbers();
  waiting.dropFirst();
  assert.equal(waiting.first(), undefined);
  assert.equal(waiting.size, 0);
});
