import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createAnswerClock } from './answer-clock.ts';

const SECOND = 1_000_000;

function createTime() {
  const time = { wallMs: () => 5_000_000, monotonicMs: () => time.now, now: 0 };
  return time;
}

const date = (seconds: number): string => new Date(seconds * 1000).toUTCString();

test('before the first answer the clock is that of the machine', () => {
  assert.equal(createAnswerClock(createTime()).nowMicros(), 5_000_000_000);
});

test('the clock is within a moment of the answers, and runs between them', () => {
  const time = createTime();
  const clock = createAnswerClock(time);
  clock.heard(date(100));
  time.now = 300;
  assert.equal(clock.nowMicros(), 100.3 * SECOND);
  // Cut to whole seconds, the later answers show that the first one was at 100.9 s.
  time.now = 100;
  clock.heard(date(101));
  assert.equal(clock.nowMicros(), 101 * SECOND);
  time.now = 500;
  clock.heard(date(101));
  assert.equal(clock.nowMicros(), 101.4 * SECOND);
});

test('a clock that is set back is followed, and what is no date is not', () => {
  const time = createTime();
  const clock = createAnswerClock(time);
  clock.heard(date(100));
  clock.heard(undefined);
  clock.heard('yesterday');
  assert.equal(clock.nowMicros(), 100 * SECOND);
  clock.heard(date(50));
  assert.equal(clock.nowMicros(), 50 * SECOND);
});
