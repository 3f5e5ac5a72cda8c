import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { createClock } from './clock.ts';
import { createManualTime } from './testing/manual-time.ts';

const HOUR_MS = 3_600_000;
const START_MS = 1_800_000_000_000;

test('the clock starts at the wall clock and advances with the monotonic clock', () => {
  const time = createManualTime(START_MS);
  const clock = createClock(time);
  const first = clock.nowMicros();
  time.advance(1_500.25);
  assert.equal(first, START_MS * 1000);
  assert.equal(clock.nowMicros(), START_MS * 1000 + 1_500_250);
  assert.equal(clock.status().state, 'ok');
});

test('a wall clock that falls behind is met at half speed, never by standing still', () => {
  const time = createManualTime(START_MS);
  const clock = createClock(time);
  clock.nowMicros();
  time.step(-10_000);
  const atStep = clock.nowMicros();
  assert.equal(clock.status().state, 'clock-stepped');
  time.advance(10_000);
  assert.equal(clock.nowMicros() - atStep, 5_000_000);
  time.advance(10_000);
  assert.equal(clock.nowMicros() - atStep, 10_000_000);
  assert.equal(clock.status().state, 'ok');
  time.advance(1_000);
  assert.equal(clock.nowMicros(), time.wallMs() * 1000);
});

test('a wall clock ahead by a second or less is followed at once', () => {
  const time = createManualTime(START_MS);
  const clock = createClock(time);
  clock.nowMicros();
  time.step(900);
  assert.equal(clock.nowMicros(), time.wallMs() * 1000);
  assert.equal(clock.status().state, 'ok');
});

for (const [name, stepMs] of [
  ['an hour', HOUR_MS],
  ['a day', 24 * HOUR_MS],
] as const) {
  test(`a wall clock stepped ahead by ${name} is believed only after ten seconds`, () => {
    const time = createManualTime(START_MS);
    const clock = createClock(time);
    clock.nowMicros();
    time.step(stepMs);
    assert.equal(clock.nowMicros(), START_MS * 1000);
    assert.equal(clock.status().state, 'clock-stepped');
    time.advance(9_999);
    assert.equal(clock.nowMicros(), (START_MS + 9_999) * 1000);
    time.advance(1);
    assert.equal(clock.nowMicros(), time.wallMs() * 1000);
    assert.equal(clock.status().state, 'ok');
  });

  test(`a wall clock stepped back by ${name} makes stamps run at half speed and says so`, () => {
    const time = createManualTime(START_MS);
    const clock = createClock(time);
    clock.nowMicros();
    time.step(-stepMs);
    const first = clock.nowMicros();
    time.advance(60_000);
    assert.equal(clock.nowMicros() - first, 30_000_000);
    assert.equal(clock.status().state, 'clock-stepped');
  });
}

test('a step ahead that is taken back within ten seconds leaves no trace', () => {
  const time = createManualTime(START_MS);
  const clock = createClock(time);
  clock.nowMicros();
  time.step(HOUR_MS);
  clock.nowMicros();
  time.advance(5_000);
  clock.nowMicros();
  time.step(-HOUR_MS);
  time.advance(20_000);
  assert.equal(clock.nowMicros(), (START_MS + 25_000) * 1000);
  assert.equal(clock.status().state, 'ok');
});

test('a clock told to continue above a stamp never gives an earlier one', () => {
  const time = createManualTime(START_MS);
  const clock = createClock(time, (START_MS + 5_000) * 1000);
  assert.equal(clock.nowMicros(), (START_MS + 5_000) * 1000);
  time.advance(1_000);
  assert.equal(clock.nowMicros(), (START_MS + 5_500) * 1000);
});

test('under any sequence of steps and pauses stamps never go back and never stand still', () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
    fc.record({
      kind: fc.constant('step' as const),
      ms: fc.constantFrom(-24 * HOUR_MS, -HOUR_MS, -1_500, -3, 3, 800, 1_500, HOUR_MS, 24 * HOUR_MS),
    }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const time = createManualTime(START_MS);
      const clock = createClock(time);
      let last = clock.nowMicros();
      for (const { kind, ms } of events) {
        if (kind === 'step') time.step(ms);
        else time.advance(ms);
        const now = clock.nowMicros();
        const least = kind === 'advance' ? (ms * 1000) / 2 : 0;
        assert.ok(now - last >= least, `expected at least ${least} µs of progress, given ${now - last}`);
        last = now;
      }
    }),
  );
});

test('a process that was stopped takes the wall’s time at once, and only forward', () => {
  const time = createManualTime(START_MS);
  const clock = createClock(time);
  clock.nowMicros();
  time.step(HOUR_MS);
  clock.catchUp();
  assert.equal(clock.nowMicros(), (START_MS + HOUR_MS) * 1000);
  assert.equal(clock.status().state, 'ok');
  time.step(-HOUR_MS);
  clock.catchUp();
  assert.ok(clock.nowMicros() >= (START_MS + HOUR_MS) * 1000);
});
