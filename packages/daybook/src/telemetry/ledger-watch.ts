/**
 * The ledger of the last day in two numbers, for metrics: read at most once a minute, however often it is asked for,
 * because a day has thousands of rows and some stores charge for reading them.
 */
import type { LedgerSources } from './ledger.ts';
import { imbalanceOf, readLedger } from './ledger.ts';

export interface LedgerVerdict {
  /** Entries that the rows have too many or too few. */
  readonly imbalance: number;
  /** Batches that were acknowledged and can no longer arrive. */
  readonly lostBatches: number;
}

export interface LedgerWatchOptions extends LedgerSources {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

const READ_EVERY_MS = 60_000;
const RANGE_MICROS = 1_440 * 60_000_000;
/** A day of minutes in about a hundred registers. */
const MAX_ROWS = 100_000;

/** @returns asks for the verdict; rejects when store or queue do not answer. */
export function createLedgerWatch(options: LedgerWatchOptions): () => Promise<LedgerVerdict> {
  let readAtMs = -Infinity;
  let verdict: Promise<LedgerVerdict> | undefined;

  async function read(): Promise<LedgerVerdict> {
    const to = options.nowMicros();
    const { rows, lost } = await readLedger(options, { from: Math.max(0, to - RANGE_MICROS), to }, MAX_ROWS);
    return {
      imbalance: rows.reduce((sum, row) => sum + imbalanceOf(row), 0),
      lostBatches: lost.reduce((sum, { firstN, lastN }) => sum + lastN - firstN + 1, 0),
    };
  }

  return () => {
    if (verdict !== undefined && options.nowMs() - readAtMs < READ_EVERY_MS) return verdict;
    readAtMs = options.nowMs();
    const reading = read();
    verdict = reading;
    // What failed is asked for again by the next caller.
    reading.catch(() => {
      if (verdict === reading) verdict = undefined;
    });
    return reading;
  };
}
