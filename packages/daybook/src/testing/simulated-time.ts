/**
 * Time that only goes by when everything that was due has happened: a clock, and sleeps in the order in which they end.
 * With one seeded chance for everything that happens in it, a run is repeatable to the last step.
 */
import type { TimeSource } from '../clock.ts';
import type { Sleep } from '../retry.ts';

export interface SimulatedTime extends TimeSource {
  nowMs(): number;
  /** Unix microseconds. */
  nowMicros(): number;
  readonly sleep: Sleep;
  /**
   * Lets time go by until the condition holds, which is asked after each step.
   * @returns false when it did not hold within that time.
   */
  runUntil(condition: () => boolean, withinMs: number): Promise<boolean>;
}

interface Waking {
  readonly atMs: number;
  /** Of two at the same time the one that began first ends first. */
  readonly order: number;
  readonly wake: () => void;
}

/** @param startMs Unix milliseconds at the beginning. */
export function createSimulatedTime(startMs: number): SimulatedTime {
  let elapsedMs = 0;
  let begun = 0;
  const wakings: Waking[] = [];

  function isBefore(a: Waking, b: Waking): boolean {
    return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
  }

  /** A binary heap: the first is the next. */
  function push(waking: Waking): void {
    let index = wakings.length;
    wakings.push(waking);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(wakings[parent] as Waking, waking)) break;
      wakings[index] = wakings[parent] as Waking;
      index = parent;
    }
    wakings[index] = waking;
  }

  function pop(): Waking | undefined {
    const [first] = wakings;
    const last = wakings.pop();
    if (wakings.length === 0 || last === undefined) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const right = wakings[child + 1];
      if (right !== undefined && isBefore(right, wakings[child] as Waking)) child += 1;
      const next = wakings[child];
      if (next === undefined || isBefore(last, next)) break;
      wakings[index] = next;
      index = child;
    }
    wakings[index] = last;
    return first;
  }

  return {
    wallMs: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    nowMs: () => elapsedMs,
    nowMicros: () => Math.floor((startMs + elapsedMs) * 1000),

    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const wake = (): void => {
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        signal?.addEventListener('abort', wake, { once: true });
        begun += 1;
        push({ atMs: elapsedMs + Math.max(0, ms), order: begun, wake });
      }),

    async runUntil(condition, withinMs) {
      const endMs = elapsedMs + withinMs;
      for (;;) {
        await everythingDue();
        if (condition()) return true;
        const next = pop();
        if (next === undefined || next.atMs > endMs) {
          if (next !== undefined) push(next);
          elapsedMs = Math.max(elapsedMs, endMs);
          return false;
        }
        elapsedMs = next.atMs;
        next.wake();
      }
    },
  };
}

/** An immediate runs only after every promise that can go on has gone on; no time is asked for. */
function everythingDue(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A seeded chance, from 0 (inclusive) to 1 (exclusive): mulberry32, good enough for tests and the same everywhere. */
export function createChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
