/**
 * What Daybook counts, in plain integers, because the hottest path does it; `exposition.ts` gives them to whoever asks.
 */
import type { Registry } from '@prometheus-io/client';

import type { MetricSources } from './metric-sources.ts';

export interface Metrics {
  countWrite(register: string, status: number): void;
  countRead(register: string, status: number): void;
  countBatch(entries: number): void;
  /** Everything, in the text format of Prometheus. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export function createMetrics(sources: MetricSources): Metrics {
  const writes = new Map<string, number>();
  const reads = new Map<string, number>();
  const counts = { writes, reads, batches: 0, entries: 0 };
  let registry: Promise<Registry> | undefined;

  /** Loaded at the first scrape: a server that nobody scrapes saves 9 MB. */
  async function load(): Promise<Registry> {
    const { createRegistry } = await import('./exposition.ts');
    return createRegistry(counts, sources);
  }

  return {
    countWrite: (register, status) => bump(writes, register, status),
    countRead: (register, status) => bump(reads, register, status),
    countBatch(entries) {
      counts.batches += 1;
      counts.entries += entries;
    },
    async expose() {
      registry ??= load();
      const loaded = await registry;
      return { contentType: loaded.contentType, text: await loaded.metrics() };
    },
  };
}

function bump(counts: Map<string, number>, register: string, status: number): void {
  const key = `${register} ${status}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
