/**
 * A bell that rings when an entry was stored. Followers read the store when it rings; what rang carries no data, so a
 * missed ring costs a little time and never an entry.
 */

export interface Signal {
  ring(): void;
  /** How often it rang so far. */
  readonly rings: number;
  /**
   * Resolves when it has rung more often than `since`, after `timeoutMs`, or when `signal` aborts; never rejects. Read
   * `rings` before looking at the store, so that what is stored while looking is not slept over.
   */
  wait(since: number, timeoutMs: number, signal?: AbortSignal): Promise<'rung' | 'timeout' | 'aborted'>;
  /** Those who wait now. */
  readonly waiting: number;
}

export function createSignal(): Signal {
  let listeners = new Set<() => void>();
  let rings = 0;
  return {
    ring() {
      rings += 1;
      if (listeners.size === 0) return;
      const waiting = listeners;
      listeners = new Set();
      for (const wake of waiting) wake();
    },
    get rings() {
      return rings;
    },
    wait(since, timeoutMs, signal) {
      if (signal?.aborted === true) return Promise.resolve('aborted');
      if (rings !== since) return Promise.resolve('rung');
      return new Promise((resolve) => {
        const end = (how: 'rung' | 'timeout' | 'aborted') => {
          clearTimeout(timer);
          listeners.delete(wake);
          signal?.removeEventListener('abort', abort);
          resolve(how);
        };
        const wake = () => end('rung');
        const abort = () => end('aborted');
        const timer = setTimeout(() => end('timeout'), timeoutMs);
        listeners.add(wake);
        signal?.addEventListener('abort', abort, { once: true });
      });
    },
    get waiting() {
      return listeners.size;
    },
  };
}
