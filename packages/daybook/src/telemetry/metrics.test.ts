import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { PersisterStatus } from '../persister/persister.ts';
import { QueueError } from '../queue/queue.ts';
import type { MetricSources } from './metric-sources.ts';
import { createMetrics } from './metrics.ts';

const NOW_MICROS = 1_795_000_000_000_000;
const away = () => Promise.reject(new QueueError('unavailable', 'not-written', 'away'));

function sourcesWith(some: Partial<MetricSources>): MetricSources {
  return {
    entriesInFlight: () => 3,
    bytesInFlight: () => 0,
    followers: () => 0,
    isDrained: () => false,
    clockAheadSeconds: () => 0,
    components: () => ({ queue: true }),
    ledger: async () => ({ imbalance: 2, lostBatches: 1 }),
    nowMicros: () => NOW_MICROS,
    ...some,
  };
}

async function scrape(sources: MetricSources): Promise<(name: string) => string | undefined> {
  const { text } = await createMetrics(sources).expose();
  return (name) =>
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1);
}

test('depth, bytes and the age of the oldest are what the queue tells, asked once a scrape', async () => {
  let asked = 0;
  const value = await scrape(
    sourcesWith({
      async queue() {
        asked += 1;
        return { messages: 4, delivered: 1, entries: 40, bytes: 4_000, oldestSentAt: NOW_MICROS - 2_500_000 };
      },
    }),
  );
  assert.deepEqual(
    ['messages', 'delivered_messages', 'entries', 'bytes', 'oldest_age_seconds'].map((name) =>
      value(`daybook_queue_${name}`),
    ),
    ['4', '1', '40', '4000', '2.5'],
  );
  assert.equal(asked, 1);
});

test('what a queue does not tell is not a number, and nothing waiting has no age', async () => {
  const silent = { delivered: 0, entries: undefined, bytes: undefined, oldestSentAt: undefined };
  const value = await scrape(sourcesWith({ queue: async () => ({ messages: 4, ...silent }) }));
  assert.deepEqual(
    [value('daybook_queue_entries'), value('daybook_queue_oldest_age_seconds')].map((text) => Number(text)),
    [NaN, NaN],
  );
  const empty = await scrape(sourcesWith({ queue: async () => ({ messages: 0, ...silent }) }));
  assert.equal(empty('daybook_queue_oldest_age_seconds'), '0');
});

test('a queue and a store that are away do not take the other metrics out of sight', async () => {
  const value = await scrape(sourcesWith({ queue: away, ledger: away }));
  assert.equal(Number(value('daybook_queue_messages')), NaN);
  assert.equal(Number(value('daybook_ledger_lost_batches')), NaN);
  assert.equal(value('daybook_entries_in_flight'), '3');
});

test('the ledger shows in two numbers', async () => {
  const value = await scrape(sourcesWith({}));
  assert.equal(value('daybook_ledger_imbalance_entries'), '2');
  assert.equal(value('daybook_ledger_lost_batches'), '1');
  assert.equal(value('daybook_queue_messages'), undefined, 'there is no queue');
});

test('the persister shows what it did, and the one state that its breaker is in', async () => {
  const persister: Pick<PersisterStatus, 'breaker' | 'counters'> = {
    breaker: 'half-open',
    counters: { stored: 50, isolated: 5, dead: 2, retried: 3, broken: 1 },
  };
  const value = await scrape(sourcesWith({ persister: () => persister }));
  assert.deepEqual(
    ['entries_stored', 'entries_isolated', 'entries_dead', 'entries_sent_back', 'messages_broken'].map(
      (name) => value(`daybook_persister_${name}_total`),
    ),
    ['50', '5', '2', '3', '1'],
  );
  assert.deepEqual(
    ['closed', 'open', 'half-open'].map((state) => value(`daybook_persister_breaker{state="${state}"}`)),
    ['0', '0', '1'],
  );
});
