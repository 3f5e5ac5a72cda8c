/**
 * Every failure becomes a problem document (RFC 9457) here and nowhere else. What is not a {@link DaybookError} is a
 * defect: it is logged whole and answered as INTERNAL, so that nothing private leaves.
 */
import type { Problem } from '../contract/messages.ts';
import { DaybookError, ERRORS, errorType } from '../errors.ts';
import type { Answer } from './answer.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** @param thrown anything; `internal` hears of what is not a DaybookError. */
export function toDaybookError(thrown: unknown, internal: (thrown: unknown) => void): DaybookError {
  if (thrown instanceof DaybookError) return thrown;
  internal(thrown);
  return new DaybookError('INTERNAL', 'an unexpected failure; the log has it under this request id', {
    outcome: 'unknown',
  });
}

export function toProblem(error: DaybookError, requestId: string): Problem {
  const { code, message, details } = error;
  return {
    type: errorType(code),
    title: ERRORS[code].title,
    status: error.status,
    code,
    detail: message,
    retryable: error.retryable,
    requestId,
    ...(details.outcome && { outcome: details.outcome }),
    ...(details.id && { id: details.id }),
    ...details.members,
  };
}

/** The headers that go with an error besides the content type: `Retry-After`, `Allow`, `WWW-Authenticate`. */
export function problemHeaders({ code, details }: DaybookError): Record<string, string> {
  return {
    ...(details.retryAfterSeconds !== undefined && { 'retry-after': String(details.retryAfterSeconds) }),
    ...(code === 'UNAUTHENTICATED' && { 'www-authenticate': 'Bearer' }),
    ...details.headers,
  };
}

export function problemAnswer(error: DaybookError, requestId: string): Answer & { readonly body: string } {
  return {
    status: error.status,
    headers: { 'content-type': PROBLEM_TYPE, 'x-content-type-options': 'nosniff', ...problemHeaders(error) },
    body: `${JSON.stringify(toProblem(error, requestId))}\n`,
  };
}
