/**
 * The ledger as it is judged: whether every row balances, and which batches can no longer arrive. What has not arrived
 * and still may is queued; nothing is called lost before the queue can no longer hold it.
 */
import type { Queue, QueueStatus } from '../queue/queue.ts';
import type { LedgerRow, MissingBatches, StampRange, Store } from '../store/store.ts';

export interface LedgerSources {
  readonly store: Pick<Store, 'ledger' | 'missingBatches'>;
  readonly queue?: Pick<Queue, 'capabilities' | 'status'>;
  /** Unix microseconds. */
  readonly nowMicros: () => number;
}

export interface JudgedLedger {
  readonly rows: readonly LedgerRow[];
  /** There are more rows in the range. */
  readonly truncated: boolean;
  readonly lost: readonly MissingBatches[];
  /** Entries that the queue holds, as far as it can be known. */
  readonly queued: number;
}

/** Several persisters may store neighbouring batches in any order within this. */
const ARRIVAL_MICROS = 60 * 1_000_000;
const MICROS_PER_MS = 1_000;

/** @throws {StoreError} @throws {QueueError} */
export async function readLedger(
  { store, queue, nowMicros }: LedgerSources,
  range: StampRange,
  maxRows: number,
): Promise<JudgedLedger> {
  // The queue first: a batch that arrives meanwhile is then counted twice rather than called lost.
  const waiting = await queue?.status();
  const [rows, missing] = await Promise.all([store.ledger(range, maxRows + 1), store.missingBatches()]);
  const oldestSentAt = oldestPossible(queue, waiting, nowMicros());
  const late = missing.filter(({ since }) => since >= oldestSentAt);
  return {
    rows: rows.slice(0, maxRows),
    truncated: rows.length > maxRows,
    lost: missing.filter(({ since }) => since < oldestSentAt),
    queued: waiting?.entries ?? late.reduce((sum, { entries }) => sum + entries, 0),
  };
}

/** How many entries a row has too many or too few; 0 when it balances. */
export function imbalanceOf(row: LedgerRow): number {
  return Math.abs(
    row.accepted - (row.stored + row.duplicate + row.dead + row.discarded + row.expired + row.retrying),
  );
}

/**
 * A batch whose number is missing since before everything that the queue still holds was sent will not come any more.
 * Where the queue does not tell the age of its oldest message, that is when it would have given it up.
 */
function oldestPossible(
  queue: LedgerSources['queue'],
  waiting: QueueStatus | undefined,
  now: number,
): number {
  if (queue === undefined || waiting === undefined) return Infinity;
  if (waiting.messages === 0 && queue.capabilities.depth === 'exact') return now - ARRIVAL_MICROS;
  const retentionMicros = (queue.capabilities.retentionMs ?? Infinity) * MICROS_PER_MS;
  return waiting.oldestSentAt ?? now - retentionMicros;
}
