/**
 * The metrics in the text format of Prometheus. Everything is read when it is scraped.
 */
import { collectDefaultMetrics, Counter, Gauge, Registry } from '@prometheus-io/client';

import { createInstruments } from './instruments.ts';
import type { Counts, MetricSources } from './metric-sources.ts';
import { addPersisterMetrics, addQueueMetrics } from './queue-metrics.ts';

export function createRegistry(counts: Counts, sources: MetricSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  const counted = (name: string, help: string, answers: ReadonlyMap<string, number>): void => {
    const counter = new Counter({
      name,
      help,
      labelNames: ['register', 'status'],
      registers: [registry],
      collect() {
        counter.reset();
        for (const [key, count] of answers) {
          const [register = '', status = ''] = key.split(' ');
          counter.inc({ register, status }, count);
        }
      },
    });
  };
  counted('daybook_writes_total', 'Answers to write requests.', counts.writes);
  counted('daybook_reads_total', 'Answers to read requests of registers.', counts.reads);

  const instruments = createInstruments(registry);
  const { total, gauge } = instruments;
  total('daybook_batches_stored_total', 'Batches made durable: commits.', () => counts.batches);
  total('daybook_entries_stored_total', 'Entries in those batches.', () => counts.entries);

  gauge('daybook_entries_in_flight', 'Entries accepted and not yet durable.', sources.entriesInFlight);
  gauge('daybook_bytes_in_flight', 'Bytes held by requests under way.', sources.bytesInFlight);
  gauge('daybook_followers', 'Tails that wait for the next entry.', sources.followers);
  gauge('daybook_drained', '1 while the region is drained on purpose.', () => Number(sources.isDrained()));
  gauge('daybook_clock_ahead_seconds', 'Wall clock minus the stamping clock.', sources.clockAheadSeconds);
  gauge(
    'daybook_ledger_imbalance_entries',
    'Entries that the ledger of the last day has too many or too few; 0 when it balances.',
    async () => (await sources.ledger()).imbalance,
  );
  gauge(
    'daybook_ledger_lost_batches',
    'Acknowledged batches that can no longer arrive; 0 when nothing is lost.',
    async () => (await sources.ledger()).lostBatches,
  );
  if (sources.queue !== undefined) addQueueMetrics(instruments, sources.queue, sources.nowMicros);
  if (sources.persister !== undefined) addPersisterMetrics(instruments, registry, sources.persister);
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

  return registry;
}
