import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createBudget, Hold } from './budget.ts';

test('what does not fit is not reserved, and leaves what was reserved before', () => {
  const budget = createBudget(100);
  const hold = new Hold(budget);
  assert.equal(hold.reserve(60), true);
  assert.equal(hold.reserve(41), false);
  assert.equal(hold.bytes, 60);
  assert.equal(budget.used, 60);
});

test('bytes that are handed over stay reserved until their taker releases them', () => {
  const budget = createBudget(100);
  const hold = new Hold(budget);
  hold.reserve(60);
  hold.handOver(50);
  hold.shrinkTo(0);
  assert.equal(budget.used, 50);
  budget.release(50);
  assert.equal(budget.used, 0);
});

test('nobody hands over or keeps more than is held', () => {
  const hold = new Hold(createBudget(100));
  hold.reserve(10);
  assert.throws(() => hold.handOver(11), RangeError);
  assert.throws(() => hold.shrinkTo(11), RangeError);
  assert.equal(hold.bytes, 10);
});

test('more cannot be released than was reserved', () => {
  assert.throws(() => createBudget(100).release(1), RangeError);
});
