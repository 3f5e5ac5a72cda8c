/**
 * Back-off with jitter; with `clock.ts` and `id.ts` the only place that asks for chance.
 */
import { setTimeout as timer } from 'node:timers/promises';

export interface BackOffOptions {
  /** The delay after the first failure; doubled with every further one. */
  readonly firstMs: number;
  readonly limitMs: number;
  /** A number from 0 (inclusive) to 1 (exclusive); replaced where a run must be repeatable. */
  readonly random?: () => number;
  readonly sleep?: Sleep;
}

/** Resolves after the time, or as soon as the signal aborts. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export interface BackOff {
  /** The next delay: 50–100 % of the current one, which doubles up to the limit. */
  next(): number;
  /** Waits for the next delay, or until the signal aborts. */
  wait(signal?: AbortSignal): Promise<void>;
  reset(): void;
}

export const sleep: Sleep = async (ms, signal) => {
  // An abort only ends the wait; nothing else makes a timer reject.
  await timer(ms, undefined, signal && { signal }).catch(() => undefined);
};

export const random = (): number => Math.random();

/** @param failures in a row, from 1. @returns 50–100 % of `firstMs` · 2^(failures − 1), at most of `limitMs`. */
export function backOffMs(failures: number, options: BackOffOptions): number {
  const delayMs = Math.min(options.limitMs, options.firstMs * 2 ** (failures - 1));
  return delayMs * (0.5 + (options.random ?? random)() / 2);
}

export function createBackOff(options: BackOffOptions): BackOff {
  let failures = 0;
  const next = (): number => {
    failures += 1;
    return backOffMs(failures, options);
  };
  return {
    next,
    wait: (signal) => (options.sleep ?? sleep)(next(), signal),
    reset() {
      failures = 0;
    },
  };
}
