import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createVerdict, MIN_ENTRIES, WINDOW_ENTRIES } from './verdict.ts';

test('a few entries that fail alone, and nothing else, are not systemic', () => {
  const verdict = createVerdict();
  for (let n = 1; n < MIN_ENTRIES; n += 1) verdict.note(`entry-${n}`, 'isolated');
  assert.equal(verdict.isSystemic(), false);
  verdict.note('one more', 'isolated');
  assert.equal(verdict.isSystemic(), true);
});

test('an entry that is tried again is not a further entry', () => {
  const verdict = createVerdict();
  for (let n = 0; n < WINDOW_ENTRIES; n += 1) verdict.note('the same', 'isolated');
  assert.equal(verdict.isSystemic(), false);
});

test('it takes more than half of the last entries', () => {
  const verdict = createVerdict();
  const half = WINDOW_ENTRIES / 2;
  for (let n = 0; n < half; n += 1) verdict.note(`good-${n}`, 'stored');
  for (let n = 0; n < half; n += 1) verdict.note(`bad-${n}`, 'isolated');
  assert.equal(verdict.isSystemic(), false);
  verdict.note('one more', 'isolated');
  assert.equal(verdict.isSystemic(), true);
});

test('what was stored since is remembered, and what was long ago is forgotten', () => {
  const verdict = createVerdict();
  for (let n = 0; n < WINDOW_ENTRIES; n += 1) verdict.note(`bad-${n}`, 'isolated');
  for (let n = 0; n <= WINDOW_ENTRIES / 2; n += 1) verdict.note(`good-${n}`, 'stored');
  assert.equal(verdict.isSystemic(), false);
});
