/**
 * The clock that stamps entries: UTC microseconds, always forward, never frozen. It is the wall clock at start plus
 * the monotonic clock; when the wall clock is stepped, this clock follows by the rules below and says so. With `id.ts`
 * and `retry.ts` it is the only module that asks the machine for the time.
 *
 *   wall behind ours          → run at half speed until they meet (state `clock-stepped` while more than 1 s apart)
 *   wall ahead by 1 s or less → take the wall's time at once
 *   wall ahead by more        → `clock-stepped`; believed once it has stayed ahead for 10 s
 */

/** Two sources of time, in milliseconds with a fraction; replaced in tests. */
export interface TimeSource {
  /** Unix time; may be stepped by anybody at any moment. */
  wallMs(): number;
  /** Never goes back, has no known origin. */
  monotonicMs(): number;
}

export interface ClockStatus {
  readonly state: 'ok' | 'clock-stepped';
  /** Wall minus ours, microseconds, at the last look. */
  readonly wallAheadMicros: number;
}

export interface Clock {
  /** Unix time in integer microseconds; never smaller than any earlier answer. */
  nowMicros(): number;
  /** Monotonic milliseconds, for measuring durations. */
  elapsedMs(): number;
  /**
   * Takes the wall's time at once if it is ahead. For a process that was stopped for a while and knows it: its monotonic
   * clock may have stood still.
   */
  catchUp(): void;
  status(): ClockStatus;
}

/** A wall clock further away than this is `clock-stepped`. */
const STEP_MICROS = 1_000_000;
/** How long a wall clock must stay ahead before a step forward is believed. */
const BELIEVE_AFTER_MS = 10_000;
/** `Date.now()` has whole milliseconds: being behind by up to two is no step, only rounding. */
const ROUNDING_MICROS = 2_000;

const ORIGIN_MS = performance.timeOrigin;

export const systemTime: TimeSource = {
  /** `Date.now()` has whole milliseconds; where the process's own fine clock agrees with it, that one is given. */
  wallMs() {
    const rough = Date.now();
    const fine = ORIGIN_MS + performance.now();
    return fine >= rough && fine < rough + 1 ? fine : rough;
  },
  monotonicMs: () => performance.now(),
};

/**
 * @param notBeforeMicros a lower bound for the first answer (0 for none): a restart continues above the newest stamp
 *   of the local store.
 */
export function createClock(source: TimeSource = systemTime, notBeforeMicros = 0): Clock {
  let monotonicMs = source.monotonicMs();
  let oursMicros = Math.max(Math.round(source.wallMs() * 1000), notBeforeMicros);
  let wallAheadMicros = 0;
  let aheadSinceMs: number | undefined;
  let slow = false;

  /** Advances ours by the monotonic time gone by, then compares it with the wall. */
  function advance(): void {
    const now = source.monotonicMs();
    const gone = Math.max(0, now - monotonicMs) * 1000;
    monotonicMs = now;
    oursMicros += slow ? gone / 2 : gone;
    wallAheadMicros = source.wallMs() * 1000 - oursMicros;
    if (wallAheadMicros >= 0) followForward(now);
    else followBackward();
  }

  function followForward(now: number): void {
    slow = false;
    if (wallAheadMicros > STEP_MICROS) {
      aheadSinceMs ??= now;
      if (now - aheadSinceMs < BELIEVE_AFTER_MS) return;
    }
    believe();
  }

  function believe(): void {
    aheadSinceMs = undefined;
    oursMicros += wallAheadMicros;
    wallAheadMicros = 0;
  }

  function followBackward(): void {
    aheadSinceMs = undefined;
    if (wallAheadMicros < -ROUNDING_MICROS) slow = true;
  }

  return {
    nowMicros() {
      advance();
      return Math.floor(oursMicros);
    },
    elapsedMs: () => source.monotonicMs(),
    catchUp() {
      advance();
      if (wallAheadMicros > 0) believe();
    },
    status() {
      advance();
      const state = Math.abs(wallAheadMicros) > STEP_MICROS ? 'clock-stepped' : 'ok';
      return { state, wallAheadMicros: Math.round(wallAheadMicros) };
    },
  };
}
