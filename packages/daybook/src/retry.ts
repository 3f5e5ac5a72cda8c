/**
 * Back-off with jitter; with `clock.ts` and `id.ts` the only place that asks for chance.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface BackOff {
  /** Waits 50–100 % of the current delay, then doubles it up to the limit. */
  wait(signal?: AbortSignal): Promise<void>;
  reset(): void;
}

export function createBackOff({ firstMs, limitMs }: { firstMs: number; limitMs: number }): BackOff {
  let delayMs = firstMs;
  return {
    async wait(signal) {
      const jittered = delayMs * (0.5 + Math.random() / 2);
      delayMs = Math.min(limitMs, delayMs * 2);
      await sleep(jittered, undefined, signal && { signal });
    },
    reset() {
      delayMs = firstMs;
    },
  };
}
