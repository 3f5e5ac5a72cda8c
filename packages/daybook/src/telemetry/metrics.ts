/**
 * What Daybook counts, in plain integers, because the hottest path does it; `exposition.ts` gives them to whoever asks.
 */
import type { Registry } from '@prometheus-io/client';

export interface MetricSources {
  readonly entriesInFlight: () => number;
  readonly bytesInFlight: () => number;
  readonly followers: () => number;
  readonly clockAheadSeconds: () => number;
  /** 1 while the component of that name is in its good state. */
  readonly components: () => Readonly<Record<string, boolean>>;
  /** Runs of batch numbers missing below the highest seen of a source: entries that are lost. */
  readonly missingBatches: () => Promise<number>;
}

export interface Metrics {
  countWrite(register: string, status: number): void;
  countRead(register: string, status: number): void;
  countBatch(entries: number): void;
  /** Everything, in the text format of Prometheus. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** The counts since the start. `REGISTER STATUS` to answers. */
export interface Counts {
  readonly writes: ReadonlyMap<string, number>;
  readonly reads: ReadonlyMap<string, number>;
  readonly batches: number;
  readonly entries: number;
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
