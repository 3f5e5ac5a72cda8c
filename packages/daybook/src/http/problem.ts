/**
 * Every failure becomes a problem document (RFC 9457) here and nowhere else. What is not a {@link DaybookError} is a
 * defect: it is logged whole and answered as INTERNAL, so that nothing private leaves.
 */
import type { Problem } from '../contract/messages.ts';
import type { ErrorCode } from '../errors.ts';
import { DaybookError, ERRORS, errorType } from '../errors.ts';
import { ObjectsError } from '../objects/objects.ts';
import { QueueError } from '../queue/queue.ts';
import { StoreError } from '../store/store.ts';
import type { Answer } from './answer.ts';

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Whether the caller asked for something to be written: then the problem says what became of it. */
export type RequestKind = 'read' | 'write';

export function requestKind(method: string | undefined): RequestKind {
  return method === 'POST' ? 'write' : 'read';
}

/** @param thrown anything; `internal` hears of it when it is a defect. */
export function toDaybookError(thrown: unknown, internal: (thrown: unknown) => void): DaybookError {
  if (thrown instanceof DaybookError) return thrown;
  if (!isOutage(thrown)) internal(thrown);
  const code = unavailableCode(thrown);
  if (code !== undefined) {
    const { message } = thrown as Error;
    return new DaybookError(code, message, { cause: thrown, outcome: 'unknown', retryAfterSeconds: 1 });
  }
  return new DaybookError('INTERNAL', 'an unexpected failure; the log has it under this request id', {
    outcome: 'unknown',
  });
}

/** Whether it is a state of a driver that passes by itself, and that the driver's component tells of. */
export function isOutage(thrown: unknown): boolean {
  if (unavailableCode(thrown) === undefined) return false;
  const { reason } = thrown as StoreError | QueueError | ObjectsError;
  return reason === 'unavailable' || reason === 'disk-full';
}

function unavailableCode(thrown: unknown): ErrorCode | undefined {
  if (thrown instanceof StoreError || thrown instanceof QueueError || thrown instanceof ObjectsError) {
    if (thrown.reason === 'disk-full') return 'DISK_FULL';
    if (thrown instanceof StoreError) return 'STORE_UNAVAILABLE';
    return thrown instanceof QueueError ? 'QUEUE_UNAVAILABLE' : 'OBJECTS_UNAVAILABLE';
  }
  return undefined;
}

export function toProblem(error: DaybookError, requestId: string, kind: RequestKind): Problem {
  const { code, details } = error;
  return {
    type: errorType(code),
    title: ERRORS[code].title,
    status: error.status,
    code,
    detail: detailOf(error),
    retryable: error.retryable,
    requestId,
    // What is refused without a word about it was refused before anything was handed to the intake.
    ...(kind === 'write' && { outcome: details.outcome ?? 'not-written' }),
    ...(details.id && { id: details.id }),
    ...details.members,
  };
}

const PARTS: Partial<Record<ErrorCode, string>> = {
  STORE_UNAVAILABLE: 'store',
  QUEUE_UNAVAILABLE: 'queue',
};

/**
 * What a driver was told names hosts, roles and resources, which are no affair of a caller. Only an admin meets the object
 * storage, and is told.
 */
function detailOf({ code, message, cause }: DaybookError): string {
  const part = PARTS[code];
  if (part === undefined || cause === undefined) return message;
  return `expected an answer of the ${part}, given none that is of use; the operator's log says why`;
}

/** The headers that go with an error besides the content type: `Retry-After`, `Allow`, `WWW-Authenticate`. */
export function problemHeaders({ code, details }: DaybookError): Record<string, string> {
  return {
    ...(details.retryAfterSeconds !== undefined && { 'retry-after': String(details.retryAfterSeconds) }),
    ...(code === 'UNAUTHENTICATED' && { 'www-authenticate': 'Bearer' }),
    ...details.headers,
  };
}

export function problemAnswer(
  error: DaybookError,
  requestId: string,
  kind: RequestKind,
): Answer & { readonly body: string } {
  return {
    status: error.status,
    headers: { 'content-type': PROBLEM_TYPE, ...problemHeaders(error) },
    body: `${JSON.stringify(toProblem(error, requestId, kind))}\n`,
  };
}
