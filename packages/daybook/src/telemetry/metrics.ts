/**
 * Metrics in the Prometheus text format. Hot paths count in plain integers; the client library reads them when it is scraped.
 */
import { collectDefaultMetrics, Counter, Gauge, Registry } from '@prometheus-io/client';

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
  contentType: string;
  /** The exposition of everything, as text. */
  expose(): Promise<string>;
}

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const writes = new Map<string, number>();
  const reads = new Map<string, number>();
  let batches = 0;
  let entries = 0;

  const counted = (name: string, help: string, counts: Map<string, number>): void => {
    const counter = new Counter({
      name,
      help,
      labelNames: ['register', 'status'],
      registers: [registry],
      collect() {
        counter.reset();
        for (const [key, count] of counts) {
          const [register = '', status = ''] = key.split(' ');
          counter.inc({ register, status }, count);
        }
      },
    });
  };
  counted('daybook_writes_total', 'Answers to write requests.', writes);
  counted('daybook_reads_total', 'Answers to read requests of registers.', reads);

  const total = (name: string, help: string, value: () => number): void => {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        counter.reset();
        counter.inc(value());
      },
    });
  };
  total('daybook_batches_stored_total', 'Batches made durable: commits.', () => batches);
  total('daybook_entries_stored_total', 'Entries in those batches.', () => entries);

  const gauge = (name: string, help: string, value: () => number): void => {
    const metric: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: () => metric.set(value()),
    });
  };
  gauge('daybook_entries_in_flight', 'Entries accepted and not yet durable.', sources.entriesInFlight);
  gauge('daybook_bytes_in_flight', 'Bytes held by requests under way.', sources.bytesInFlight);
  gauge('daybook_followers', 'Tails that wait for the next entry.', sources.followers);
  gauge('daybook_clock_ahead_seconds', 'Wall clock minus the stamping clock.', sources.clockAheadSeconds);
  const missing: Gauge = new Gauge({
    name: 'daybook_missing_batch_runs',
    help: 'Runs of batches that are missing below the highest seen of their source; 0 when nothing is lost.',
    registers: [registry],
    collect: async () => missing.set(await sources.missingBatches()),
  });
  const component = new Gauge({
    name: 'daybook_component_ok',
    help: '1 while the component is in its good state.',
    labelNames: ['component'],
    registers: [registry],
    collect() {
      for (const [name, ok] of Object.entries(sources.components()))
        component.set({ component: name }, Number(ok));
    },
  });

  return {
    countWrite: (register, status) => bump(writes, register, status),
    countRead: (register, status) => bump(reads, register, status),
    countBatch(count) {
      batches += 1;
      entries += count;
    },
    contentType: registry.contentType,
    expose: () => registry.metrics(),
  };
}

function bump(counts: Map<string, number>, register: string, status: number): void {
  const key = `${register} ${status}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
