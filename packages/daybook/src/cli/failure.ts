/**
 * How a command fails: one line on standard error that says what was expected, what was given and what to try, and an
 * exit code that tells a failure from a wrong call.
 */
import { ClientError, CursorExpiredError } from '../client/index.ts';
import { toError } from '../errors.ts';

export const EXIT_OK = 0;
export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;

/** The command was called wrongly. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command could not do what it was asked to. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export function exitCodeOf(thrown: unknown): number {
  return thrown instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
}

/** One line, without a line feed. */
export function describeFailure(thrown: unknown): string {
  const error = toError(thrown);
  const text = error instanceof ClientError ? describeClientError(error) : error.message;
  return text.replaceAll(/\s*\n\s*/g, ' ');
}

/** The same as one JSON document. */
export function failureToJson(thrown: unknown): string {
  const error = toError(thrown);
  const message = describeFailure(error);
  if (!(error instanceof ClientError)) return JSON.stringify({ error: { message } });
  const { code, status, requestId, retryable, outcome, problem } = error;
  const { errors } = problem ?? {};
  return JSON.stringify({ error: { code, message, status, requestId, retryable, outcome, errors } });
}

function describeClientError(error: ClientError): string {
  if (error.code === 'NETWORK' && isRefused(error)) {
    return `${error.message}; start a server with "daybook serve" (in a checkout: npm start), or name another with --url or DAYBOOK_URL`;
  }
  if (error instanceof CursorExpiredError) {
    return `${error.message}; everything that is on record now follows after --cursor ${error.freshCursor ?? ''}`;
  }
  if (error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN') {
    return `${error.message} (${error.code}); give a key or a token with --api-key or DAYBOOK_API_KEY, or, for what an admin may, the server's data directory with --data-dir`;
  }
  const about = [error.code, error.requestId && `request ${error.requestId}`].filter(Boolean).join(', ');
  const outcome = error.outcome === 'unknown' ? '; it may be on record all the same' : '';
  return `${error.message} (${about})${outcome}`;
}

/** fetch() tries every address of a name, and then has one cause for each. */
function isRefused(error: ClientError): boolean {
  const causes: unknown[] = [error.cause];
  for (const cause of causes) {
    if (!(cause instanceof Error)) continue;
    if ((cause as NodeJS.ErrnoException).code === 'ECONNREFUSED') return true;
    causes.push(cause.cause, ...(cause instanceof AggregateError ? cause.errors : []));
  }
  return false;
}
