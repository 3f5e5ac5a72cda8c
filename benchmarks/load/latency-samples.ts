/**
 * Keeps every latency sample and answers exact quantiles; a phase has some 100 000 samples, so no histogram is needed.
 */
import type { LatencyFigures } from './messages.ts';

export interface LatencySamples {
  add(milliseconds: number): void;
  figures(): LatencyFigures;
}

export function createLatencySamples(): LatencySamples {
  let samples = new Float64Array(1 << 16);
  let count = 0;
  return {
    add(milliseconds) {
      if (count === samples.length) {
        const larger = new Float64Array(count * 2);
        larger.set(samples);
        samples = larger;
      }
      samples[count] = milliseconds;
      count += 1;
    },
    figures: () => latencyFigures(samples.subarray(0, count)),
  };
}

/** Exact quantiles (nearest rank); all zero without samples. Sorts `samples` in place. */
export function latencyFigures(samples: Float64Array): LatencyFigures {
  samples.sort();
  return {
    samples: samples.length,
    p50Ms: quantile(samples, 0.5),
    p99Ms: quantile(samples, 0.99),
    p999Ms: quantile(samples, 0.999),
    maxMs: quantile(samples, 1),
  };
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
