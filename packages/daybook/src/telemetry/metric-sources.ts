/**
 * What metrics are made of: counts that the parts keep, and questions to them.
 */
import type { PersisterStatus } from '../persister/persister.ts';
import type { QueueStatus } from '../queue/queue.ts';
import type { LedgerVerdict } from './ledger-watch.ts';

export interface MetricSources {
  readonly entriesInFlight: () => number;
  readonly bytesInFlight: () => number;
  readonly followers: () => number;
  readonly clockAheadSeconds: () => number;
  /** Whether an operator wants readiness to fail. */
  readonly isDrained: () => boolean;
  /** 1 while the component of that name is in its good state. */
  readonly components: () => Readonly<Record<string, boolean>>;
  readonly ledger: () => Promise<LedgerVerdict>;
  /** Absent without a queue. */
  readonly queue?: () => Promise<QueueStatus>;
  /** Absent where this process moves nothing from a queue to the store. */
  readonly persister?: () => Pick<PersisterStatus, 'breaker' | 'counters'>;
  /** Unix microseconds. */
  readonly nowMicros: () => number;
}

/** The counts since the start. `REGISTER STATUS` to answers. */
export interface Counts {
  readonly writes: ReadonlyMap<string, number>;
  readonly reads: ReadonlyMap<string, number>;
  readonly batches: number;
  readonly entries: number;
}
