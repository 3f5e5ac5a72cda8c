/**
 * What metrics are made of: counts that the parts keep, and questions to them.
 */

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

/** The counts since the start. `REGISTER STATUS` to answers. */
export interface Counts {
  readonly writes: ReadonlyMap<string, number>;
  readonly reads: ReadonlyMap<string, number>;
  readonly batches: number;
  readonly entries: number;
}
