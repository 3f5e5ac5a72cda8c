/**
 * Wakes whoever waits for a message. The count of rings tells one that looked for a message first and found none whether
 * the bell has rung since.
 */

export interface Bell {
  /** How often it has rung. */
  readonly rings: number;
  ring(): void;
  /** Resolves at the next ring, at once if it has rung since; or after the time, or when the signal aborts. */
  wait(since: number, ms: number, signal?: AbortSignal): Promise<void>;
}

/** The longest delay of a timer (https://nodejs.org/api/timers.html#settimeoutcallback-delay-args). */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function createBell(): Bell {
  const waiting = new Set<() => void>();
  let rings = 0;
  return {
    get rings() {
      return rings;
    },
    ring() {
      rings += 1;
      for (const wake of waiting) wake();
    },
    wait: (since, ms, signal) =>
      new Promise((resolve) => {
        if (rings !== since || signal?.aborted === true) return resolve();
        const timer = setTimeout(wake, Math.min(Math.ceil(ms), MAX_TIMER_MS));
        signal?.addEventListener('abort', wake, { once: true });
        waiting.add(wake);
        function wake(): void {
          clearTimeout(timer);
          signal?.removeEventListener('abort', wake);
          waiting.delete(wake);
          resolve();
        }
      }),
  };
}
