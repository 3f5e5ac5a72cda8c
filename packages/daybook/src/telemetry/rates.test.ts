import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createRates } from './rates.ts';

test('a rate is what a counter grew by in the window, per second', () => {
  let now = 1_000;
  const counts = { stored: 5, dead: 0 };
  const rates = createRates({ read: () => counts, nowMs: () => now });
  assert.deepEqual(rates.perSecond(), { stored: 0, dead: 0 });
  now += 4_000;
  counts.stored = 47;
  assert.deepEqual(rates.perSecond(), { stored: 10.5, dead: 0 });
  rates.close();
});
