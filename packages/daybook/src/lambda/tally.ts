/**
 * Counts what became of entries in one invocation, for its metrics.
 */
import type { DeadLetters } from '../persister/dead-letters.ts';
import type { AcknowledgedBatch, PersistResult } from '../store/store.ts';
import type { InvocationTally } from './invocation.ts';

type Writers = Pick<DeadLetters, 'write' | 'writeRaw'>;

/** The same, with every letter counted. */
export function counted({ write, writeRaw }: Writers, tally: InvocationTally): Writers {
  return {
    async write(entry, failure) {
      await write(entry, failure);
      tally.dead += 1;
    },
    async writeRaw(bytes, failure) {
      await writeRaw(bytes, failure);
      tally.dead += 1;
    },
  };
}

/** What the store took and did not find in conflict. */
export function countStored(
  tally: InvocationTally,
  batches: readonly AcknowledgedBatch[],
  results: readonly PersistResult[],
): void {
  for (const { batch } of batches) tally.stored += batch.entries.length;
  for (const { exceptions } of results)
    tally.stored -= exceptions.filter(({ kind }) => kind === 'conflict').length;
}
