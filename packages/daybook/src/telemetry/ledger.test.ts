import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Queue, QueueStatus } from '../queue/queue.ts';
import type { LedgerRow, MissingBatches } from '../store/store.ts';
import { createLedgerWatch } from './ledger-watch.ts';
import type { LedgerSources } from './ledger.ts';
import { imbalanceOf, readLedger } from './ledger.ts';

const SECOND = 1_000_000;
const NOW = 1_795_000_000 * SECOND;
const DAY = { from: NOW - 86_400 * SECOND, to: NOW };

const row = (some: Partial<LedgerRow>): LedgerRow => ({
  minute: 0,
  region: 'local',
  register: 'app',
  accepted: 0,
  stored: 0,
  duplicate: 0,
  dead: 0,
  discarded: 0,
  expired: 0,
  retrying: 0,
  ...some,
});

const missingSince = (since: number): MissingBatches => ({
  source: 'a',
  firstN: 4,
  lastN: 6,
  entries: 30,
  since,
});

function sources(parts: {
  readonly rows?: readonly LedgerRow[];
  readonly missing?: readonly MissingBatches[];
  readonly queue?: Partial<QueueStatus> & { readonly depth?: 'exact' | 'approximate' };
}): LedgerSources {
  const { rows = [], missing = [], queue } = parts;
  const status = { messages: 0, delivered: 0, entries: undefined, bytes: undefined, oldestSentAt: undefined };
  return {
    store: {
      ledger: async (_range, limit) => rows.slice(0, limit),
      missingBatches: async () => [...missing],
    },
    ...(queue && {
      queue: {
        capabilities: { depth: queue.depth ?? 'exact', retentionMs: 1_000_000 } as Queue['capabilities'],
        status: async () => ({ ...status, ...queue }),
      },
    }),
    nowMicros: () => NOW,
  };
}

async function lostAfter(
  agoSeconds: number,
  queue: NonNullable<Parameters<typeof sources>[0]['queue']>,
): Promise<number> {
  const missing = [missingSince(NOW - agoSeconds * SECOND)];
  return (await readLedger(sources({ missing, queue }), DAY, 10)).lost.length;
}

test('a row balances when what was accepted is in one state each', () => {
  assert.equal(
    imbalanceOf(
      row({ accepted: 7, stored: 2, duplicate: 1, dead: 1, discarded: 1, expired: 1, retrying: 1 }),
    ),
    0,
  );
  assert.equal(imbalanceOf(row({ accepted: 7, stored: 5 })), 2);
  assert.equal(imbalanceOf(row({ accepted: 5, stored: 7 })), 2);
});

test('without a queue a batch that is missing is lost', async () => {
  const { lost } = await readLedger(sources({ missing: [missingSince(NOW)] }), DAY, 10);
  assert.equal(lost.length, 1);
});

test('a batch that the queue may still hold is queued, and lost once everything in the queue is younger than its gap', async () => {
  const judged = async (since: number) =>
    readLedger(
      sources({ missing: [missingSince(since)], queue: { messages: 1, oldestSentAt: NOW - 100 * SECOND } }),
      DAY,
      10,
    );
  const waiting = await judged(NOW - 50 * SECOND);
  assert.deepEqual([waiting.lost.length, waiting.queued], [0, 30]);
  const gone = await judged(NOW - 150 * SECOND);
  assert.deepEqual([gone.lost.length, gone.queued], [1, 0]);
});

test('an empty queue leaves a batch a minute to arrive; one that does not tell ages leaves it its retention', async () => {
  assert.deepEqual([await lostAfter(30, {}), await lostAfter(90, {})], [0, 1]);
  const vague = { messages: 0, depth: 'approximate' } as const;
  assert.deepEqual([await lostAfter(90, vague), await lostAfter(1_100, vague)], [0, 1]);
});

test('the watch sums up the day and reads it once a minute, and again at once after a failure', async () => {
  let nowMs = 0;
  let reads = 0;
  let broken = true;
  const { store } = sources({ rows: [row({ accepted: 3, stored: 1 })], missing: [missingSince(0)] });
  const ask = createLedgerWatch({
    store: {
      ...store,
      ledger: async (range, limit) => {
        reads += 1;
        if (broken) throw new Error('away');
        return store.ledger(range, limit);
      },
    },
    nowMicros: () => NOW,
    nowMs: () => nowMs,
  });
  await assert.rejects(ask(), /away/);
  broken = false;
  assert.deepEqual(await ask(), { imbalance: 2, lostBatches: 3 });
  await Promise.all([ask(), ask()]);
  assert.equal(reads, 2);
  nowMs += 60_000;
  await ask();
  assert.equal(reads, 3);
});
