/**
 * Everything of the client that depends on time or chance: attempts with back-off and jitter, waiting, and random
 * idempotency keys.
 */
export interface RetryPolicy {
  /** Attempts in all, the first included. Default 5. */
  readonly attempts: number;
  /** Before the second attempt; doubles from there, 50–100 % of it is waited. Default 200. */
  readonly firstDelayMs: number;
  /** Default 5000. */
  readonly maxDelayMs: number;
  /** A longer `Retry-After` than this is not waited for: the call fails at once. Default 30 000. */
  readonly maxRetryAfterMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 5,
  firstDelayMs: 200,
  maxDelayMs: 5_000,
  maxRetryAfterMs: 30_000,
};

export interface Attempts {
  /** Waits and resolves to true when there may be another attempt; to false, at once, when there may not. */
  another(retryAfterMs: number | undefined, signal: AbortSignal | undefined): Promise<boolean>;
}

export function createAttempts(policy: RetryPolicy): Attempts {
  const delays = createDelays(policy.firstDelayMs, policy.maxDelayMs);
  let made = 1;
  return {
    async another(retryAfterMs = 0, signal) {
      made += 1;
      if (made > policy.attempts || retryAfterMs > policy.maxRetryAfterMs) return false;
      await pause(Math.max(retryAfterMs, delays.next()), signal);
      return true;
    },
  };
}

export interface Delays {
  /** 50–100 % of the current delay, which then doubles up to its limit. */
  next(): number;
  reset(): void;
}

export function createDelays(firstMs: number, limitMs: number): Delays {
  let delayMs = firstMs;
  return {
    next() {
      const jittered = delayMs * (0.5 + Math.random() / 2);
      delayMs = Math.min(limitMs, delayMs * 2);
      return jittered;
    },
    reset() {
      delayMs = firstMs;
    },
  };
}

/** Resolves after `delayMs`. @throws the signal's reason as soon as it is aborted. */
export function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
  const abort = () => {
    clearTimeout(timer);
    reject(signal?.reason as Error);
  };
  const timer = setTimeout(() => {
    signal?.removeEventListener('abort', abort);
    resolve();
  }, delayMs);
  signal?.addEventListener('abort', abort, { once: true });
  return promise;
}

/** `Retry-After` (RFC 9110 §10.2.3): seconds or a date; undefined when it is neither. */
export function parseRetryAfterMs(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

/**
 * 128 random bits in hex. Not `crypto.randomUUID`: browsers offer that on secure origins only, and a Daybook in a
 * private network is often reached by plain http.
 */
export function createIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
