/**
 * Repeats calls to SQS that failed for a passing reason, and remembers whether any of the attempts may have been
 * carried out.
 */
import { systemTime } from '../../clock.ts';
import { createBackOff } from '../../retry.ts';
import type { QueueError } from '../queue.ts';
import { failureOf, isOutOfDate, toQueueError } from './failure.ts';
import type { EntryFailure } from './sqs-client.ts';

const ATTEMPTS = 3;
/** No further attempt begins after this: the caller has a way of its own to go on. */
const REPEAT_WITHIN_MS = 5_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 1_000;
/** "ActionBatch" in the Amazon SQS Developer Guide: at most ten entries a request. */
export const MAX_BATCH = 10;

/** @param what for the message of the error. @throws {QueueError} */
export async function repeatTransient<T>(what: string, call: () => Promise<T>): Promise<T> {
  const backOff = createBackOff({ firstMs: FIRST_DELAY_MS, limitMs: LONGEST_DELAY_MS });
  const untilMs = systemTime.monotonicMs() + REPEAT_WITHIN_MS;
  let outcome: QueueError['outcome'] = 'not-written';
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure.outcome === 'unknown') outcome = 'unknown';
      const isLast = attempt === ATTEMPTS || systemTime.monotonicMs() > untilMs;
      if (isLast || failure.kind === 'permanent') throw toQueueError(what, thrown, outcome);
    }
    await backOff.wait();
  }
}

/**
 * Makes batch requests of ten, at the same time, and repeats each with the entries that failed. Entries that are out of
 * date are passed over.
 * @throws {QueueError} when all have ended, if any has not been done.
 */
export async function inBatches<T>(
  what: string,
  items: readonly T[],
  call: (batch: readonly T[]) => Promise<readonly EntryFailure[]>,
): Promise<void> {
  const batches: (readonly T[])[] = [];
  for (let start = 0; start < items.length; start += MAX_BATCH)
    batches.push(items.slice(start, start + MAX_BATCH));
  const ended = await Promise.allSettled(batches.map((batch) => finish(what, batch, call)));
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function finish<T>(
  what: string,
  batch: readonly T[],
  call: (batch: readonly T[]) => Promise<readonly EntryFailure[]>,
): Promise<void> {
  let left = batch;
  await repeatTransient(what, async () => {
    const failures = await call(left);
    const undone = (index: number): boolean => {
      const failure = failures[index];
      return failure !== undefined && !isOutOfDate(failure.code);
    };
    const firstUndone = failures.findIndex((_, index) => undone(index));
    if (firstUndone < 0) return;
    const { code, message } = failures[firstUndone] as NonNullable<EntryFailure>;
    left = left.filter((_, index) => undone(index));
    throw Object.assign(new Error(`${left.length} of ${failures.length} entries: ${message}`), {
      name: code,
    });
  });
}
