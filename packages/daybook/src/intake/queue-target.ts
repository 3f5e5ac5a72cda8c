/**
 * A queue as what the intake makes batches durable in: one message carries one batch.
 */
import type { Batch } from '../envelope.ts';
import { encodeEnvelope } from '../envelope.ts';
import { idToMicros } from '../id.ts';
import type { Queue } from '../queue/queue.ts';
import type { IntakeTarget } from './target.ts';

/** What the envelope of a batch needs besides its entries; its first line, name and counts by register and minute. */
export const ENVELOPE_BYTES = 16 * 1024;

/** Nothing is recognised before it is stored, so no entry is an exception here. */
const NO_EXCEPTIONS = { exceptions: [] } as const;

export function createQueueTarget(queue: Queue): IntakeTarget {
  return {
    as: 'queued',
    async append(batch) {
      const { oldest, newest } = stampsOf(batch);
      await queue.send({
        body: encodeEnvelope({ batch }),
        entries: batch.entries.length,
        oldestStamp: oldest,
        newestStamp: newest,
      });
      return NO_EXCEPTIONS;
    },
    probe: () => queue.probe(),
  };
}

/** An entry that the store did not take in time follows others with later stamps. */
function stampsOf({ entries }: Batch): { oldest: number; newest: number } {
  let oldest = Infinity;
  let newest = 0;
  for (const { id } of entries) {
    const stamp = idToMicros(id);
    oldest = Math.min(oldest, stamp);
    newest = Math.max(newest, stamp);
  }
  return { oldest, newest };
}
