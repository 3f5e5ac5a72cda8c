/**
 * What every failed call of the client throws. Codes are those of the server's registry (docs/errors.md), `HTTP_<status>`
 * for an answer that is no problem document (a balancer's, say), or one of {@link LocalErrorCode}.
 */
import type { Problem } from '../contract/messages.ts';

/**
 * Failures that no answer names: `NETWORK` no answer or a broken one, `TIMEOUT` none in time, `ANSWER_INVALID` an answer
 * that Daybook would not give, `ENTRY_PENDING` and `ENTRY_DEAD` that there is an entry, whose bytes cannot be had.
 */
export type LocalErrorCode = 'NETWORK' | 'TIMEOUT' | 'ANSWER_INVALID' | 'ENTRY_PENDING' | 'ENTRY_DEAD';

export type WriteOutcome = 'not-written' | 'unknown';

export interface ClientErrorDetails {
  /** HTTP status; absent when there was no answer. */
  readonly status?: number | undefined;
  /** The problem document (RFC 9457), when the answer was one. */
  readonly problem?: Problem | undefined;
  readonly requestId?: string | undefined;
  /** True when the same call may succeed later without being changed. */
  readonly retryable: boolean;
  /** On writes: whether an entry may have been left behind. */
  readonly outcome?: WriteOutcome | undefined;
  /** What `Retry-After` asked for. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

export class ClientError extends Error {
  override readonly name: string = 'ClientError';
  readonly code: string;
  readonly status: number | undefined;
  readonly problem: Problem | undefined;
  readonly requestId: string | undefined;
  readonly retryable: boolean;
  readonly outcome: WriteOutcome | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, details: ClientErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.problem = details.problem;
    this.requestId = details.requestId;
    this.retryable = details.retryable;
    this.outcome = details.outcome;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** 410: the cursor is of an earlier life of the store (restored, rebuilt), or older than its retention. */
export class CursorExpiredError extends ClientError {
  override readonly name = 'CursorExpiredError';

  /** A tail from here gives everything that the store holds now. */
  get freshCursor(): string | undefined {
    return this.problem?.cursor;
  }
}
