/**
 * A store in memory whose appends can be made to fail as a disk does: before anything is written, after everything is
 * written, or not at all until let go. For tests of the intake, where the moment of a failure matters.
 */
import type { Entry } from '../entry.ts';
import type { Batch } from '../envelope.ts';
import type { AppendResult, Store } from '../store/store.ts';
import { StoreError } from '../store/store.ts';

export type AppendFault = 'not-written' | 'disk-full' | 'unknown-lost' | 'unknown-written' | 'hang';

export interface FaultyStore extends Pick<Store, 'append' | 'probe'> {
  readonly as: 'stored';
  /** Batches by name, as they are on record. */
  readonly batches: ReadonlyMap<string, Batch>;
  readonly appends: number;
  /** What the next appends meet, in order; after the last one everything works. */
  meet(...faults: readonly AppendFault[]): void;
  /** Probes fail while this is true. */
  broken: boolean;
  /** Entries that it can never take. */
  rejects: (entry: Entry) => boolean;
  /** Lets appends go on that met `hang`. */
  release(): void;
}

export function createFaultyStore(): FaultyStore {
  const batches = new Map<string, Batch>();
  const faults: AppendFault[] = [];
  let hanging: (() => void)[] = [];
  let appends = 0;

  function record(batch: Batch): AppendResult {
    const name = `${batch.source}/${batch.n}`;
    if (!batches.has(name)) batches.set(name, batch);
    return { lastPosition: { lane: 'main', number: batch.total }, exceptions: [] };
  }

  return {
    as: 'stored',
    batches,
    broken: false,
    rejects: () => false,
    get appends() {
      return appends;
    },
    meet(...given) {
      faults.push(...given);
    },
    release() {
      for (const go of hanging) go();
      hanging = [];
    },
    async append(batch) {
      appends += 1;
      const fault = faults.shift();
      if (batch.entries.some((entry) => this.rejects(entry)))
        throw new StoreError('rejected', 'not-written', 'the row is larger than a row may be');
      if (fault === 'not-written')
        throw new StoreError('unavailable', 'not-written', 'a lock was not to be had');
      if (fault === 'disk-full') throw new StoreError('disk-full', 'not-written', 'database or disk is full');
      if (fault === 'unknown-lost') throw new StoreError('unavailable', 'unknown', 'disk I/O error');
      if (fault === 'hang') await new Promise<void>((resolve) => hanging.push(resolve));
      const result = record(batch);
      if (fault === 'unknown-written') throw new StoreError('unavailable', 'unknown', 'disk I/O error');
      return result;
    },
    async probe() {
      if (this.broken) throw new StoreError('disk-full', 'not-written', 'database or disk is full');
    },
  };
}
