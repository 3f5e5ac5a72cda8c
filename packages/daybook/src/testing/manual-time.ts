/**
 * A source of time that tests move by hand: the wall clock can be stepped, the monotonic clock only advances.
 */
import type { TimeSource } from '../clock.ts';

export interface ManualTime extends TimeSource {
  /** Time goes by: both clocks advance. */
  advance(ms: number): void;
  /** Somebody sets the wall clock, forward or back. */
  step(ms: number): void;
}

export function createManualTime(startMs: number): ManualTime {
  let wall = startMs;
  let monotonic = 1_000;
  return {
    wallMs: () => wall,
    monotonicMs: () => monotonic,
    advance(ms) {
      wall += ms;
      monotonic += ms;
    },
    step(ms) {
      wall += ms;
    },
  };
}
