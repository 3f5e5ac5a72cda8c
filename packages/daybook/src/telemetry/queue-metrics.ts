/**
 * The metrics of what is between intake and store. What a queue cannot tell, or does not tell now, is NaN: it is not
 * nothing, and a scrape must not fail because something is away.
 */
import { Gauge } from '@prometheus-io/client';
import type { Registry } from '@prometheus-io/client';

import type { QueueStatus } from '../queue/queue.ts';
import type { Instruments } from './instruments.ts';
import type { MetricSources } from './metric-sources.ts';

const BREAKER_STATES = ['closed', 'open', 'half-open'] as const;
const MICROS_PER_SECOND = 1e6;

export function addQueueMetrics(
  { gauge }: Instruments,
  status: NonNullable<MetricSources['queue']>,
  nowMicros: () => number,
): void {
  let asking: Promise<QueueStatus> | undefined;
  /** All gauges of a scrape share one question. */
  const ask = () => (asking ??= status().finally(() => (asking = undefined)));

  const told = (name: string, help: string, value: (status: QueueStatus) => number | undefined) =>
    gauge(`daybook_queue_${name}`, help, async () => value(await ask()) ?? NaN);
  told('messages', 'Messages that are not acknowledged.', ({ messages }) => messages);
  told('delivered_messages', 'Those of them that a persister holds.', ({ delivered }) => delivered);
  told('entries', 'Entries in them; NaN where the queue does not tell.', ({ entries }) => entries);
  told('bytes', 'Bytes of them; NaN where the queue does not tell.', ({ bytes }) => bytes);
  told(
    'oldest_age_seconds',
    'Since the oldest was sent, 0 when nothing waits; NaN where the queue does not tell.',
    ({ messages, oldestSentAt }) => {
      if (oldestSentAt === undefined) return messages === 0 ? 0 : undefined;
      return Math.max(0, nowMicros() - oldestSentAt) / MICROS_PER_SECOND;
    },
  );
}

export function addPersisterMetrics(
  { total }: Instruments,
  registry: Registry,
  status: NonNullable<MetricSources['persister']>,
): void {
  const counted = (name: string, help: string, counter: keyof ReturnType<typeof status>['counters']): void =>
    total(`daybook_persister_${name}_total`, help, () => status().counters[counter]);
  counted('entries_stored', 'Entries handed over to the store.', 'stored');
  counted('entries_isolated', 'Entries that failed alone while the store was well.', 'isolated');
  counted('entries_dead', 'Those of them that became dead letters.', 'dead');
  counted('entries_sent_back', 'Those of them that will be tried again by themselves.', 'retried');
  counted('messages_broken', 'Messages that did not carry what was sent.', 'broken');
  const breaker = new Gauge({
    name: 'daybook_persister_breaker',
    help: '1 for the state that the breaker is in.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const state of BREAKER_STATES) breaker.set({ state }, Number(status().breaker === state));
    },
  });
}
