/**
 * Which deliveries go to the store together: as many as fit, in the order in which they came.
 */
import type { Received } from './received.ts';

export interface GroupLimits {
  readonly maxBatchEntries: number;
  readonly maxBatchBytes: number;
}

/** Takes the next group off the waiting deliveries: within the limits, but one delivery at least, if there is one. */
export function takeGroup(waiting: Received[], limits: GroupLimits): Received[] {
  let entries = 0;
  let bytes = 0;
  let end = 0;
  for (const received of waiting) {
    entries += received.batch.entries.length;
    bytes += received.bytes;
    if (end > 0 && (entries > limits.maxBatchEntries || bytes > limits.maxBatchBytes)) break;
    end += 1;
  }
  return waiting.splice(0, end);
}

export function sizeOf(received: Iterable<Received>): { messages: number; entries: number; bytes: number } {
  const size = { messages: 0, entries: 0, bytes: 0 };
  for (const { batch, bytes } of received) {
    size.messages += 1;
    size.entries += batch.entries.length;
    size.bytes += bytes;
  }
  return size;
}
