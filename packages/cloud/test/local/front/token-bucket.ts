/**
 * The token bucket of API Gateway: `burst` tokens at most, `ratePerSecond` more each second, one a request ("Throttle
 * requests to your REST APIs for better throughput", Amazon API Gateway). The burst is the size of the bucket.
 */
export interface TokenBucket {
  /** @returns whether there was one. */
  take(): boolean;
}

export function createTokenBucket(
  { ratePerSecond, burst }: { readonly ratePerSecond: number; readonly burst: number },
  nowMs: () => number,
): TokenBucket {
  let tokens = burst;
  let filledMs = nowMs();
  return {
    take() {
      const now = nowMs();
      tokens = Math.min(burst, tokens + ((now - filledMs) / 1000) * ratePerSecond);
      filledMs = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
