/**
 * What the intake makes batches durable in, the store or the queue, and how the failures of either are told.
 */
import type { Batch } from '../envelope.ts';
import type { ErrorCode } from '../errors.ts';
import { DaybookError, toError } from '../errors.ts';
import { QueueError } from '../queue/queue.ts';
import type { AppendResult } from '../store/store.ts';
import { StoreError } from '../store/store.ts';

export interface IntakeTarget {
  /** How what it has taken is on record. */
  readonly as: 'stored' | 'queued';
  /**
   * As `append` of the store; of its result the intake needs only which entries were not stored.
   * @throws {StoreError} {QueueError}; after anything else the outcome counts as unknown.
   */
  append(batch: Batch): Promise<Pick<AppendResult, 'exceptions'>>;
  /** As `probe` of the store. */
  probe(): Promise<void>;
}

export interface TargetFailure {
  /** `rejected`: an entry of the batch can never be taken. */
  readonly reason: 'disk-full' | 'unavailable' | 'rejected';
  readonly outcome: 'not-written' | 'unknown';
  readonly message: string;
  readonly cause: unknown;
}

export function toTargetFailure(thrown: unknown): TargetFailure {
  const { message } = toError(thrown);
  if (!(thrown instanceof StoreError || thrown instanceof QueueError)) {
    return { reason: 'unavailable', outcome: 'unknown', message, cause: thrown };
  }
  const { reason, outcome } = thrown;
  const isRejection = reason === 'rejected' || reason === 'too-large';
  const plain = reason === 'disk-full' ? reason : 'unavailable';
  return { reason: isRejection ? 'rejected' : plain, outcome, message, cause: thrown };
}

export function failureCode(
  { reason }: TargetFailure,
  as: IntakeTarget['as'],
): Extract<ErrorCode, 'DISK_FULL' | 'ENTRY_REJECTED' | 'QUEUE_UNAVAILABLE' | 'STORE_UNAVAILABLE'> {
  if (reason === 'disk-full') return 'DISK_FULL';
  if (reason === 'rejected') return 'ENTRY_REJECTED';
  return as === 'queued' ? 'QUEUE_UNAVAILABLE' : 'STORE_UNAVAILABLE';
}

/** @param id of the entry, when it may be on record all the same. */
export function refusalOf(failure: TargetFailure, as: IntakeTarget['as'], id?: string): DaybookError {
  const { message, cause } = failure;
  const code = failureCode(failure, as);
  if (id !== undefined) {
    return new DaybookError(code, message, { outcome: 'unknown', id, cause, retryAfterSeconds: 1 });
  }
  const retryAfter = code === 'ENTRY_REJECTED' ? {} : { retryAfterSeconds: 1 };
  return new DaybookError(code, message, { outcome: 'not-written', cause, ...retryAfter });
}
