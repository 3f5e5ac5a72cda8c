/**
 * Turns an answer that is not a success into the error that the caller gets: by its problem document when it has one,
 * else by its status, because a balancer or a proxy may have answered instead of Daybook.
 */
import type { Problem } from '../contract/messages.ts';
import { ClientError, CursorExpiredError } from './client-error.ts';
import type { ClientErrorDetails, WriteOutcome } from './client-error.ts';
import { parseRetryAfterMs } from './retry.ts';

/** Statuses that ask for the same request later: timeouts, throttles, and a gateway without a server behind it. */
const RETRYABLE_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);

export async function toClientError(response: Response, isWrite: boolean): Promise<ClientError> {
  const { status } = response;
  const problem = await readProblem(response);
  const code = problem?.code ?? `HTTP_${status}`;
  const details: ClientErrorDetails = {
    status,
    problem,
    requestId: problem?.requestId ?? response.headers.get('X-Request-Id') ?? undefined,
    retryable: problem?.retryable ?? RETRYABLE_STATUSES.has(status),
    outcome: isWrite ? outcomeOf(status, problem) : undefined,
    retryAfterMs: parseRetryAfterMs(response.headers.get('Retry-After')),
  };
  const message = problem?.detail ?? `${response.url} answered ${status} ${response.statusText}`.trimEnd();
  return code === 'CURSOR_EXPIRED'
    ? new CursorExpiredError(code, message, details)
    : new ClientError(code, message, details);
}

function outcomeOf(status: number, problem: Problem | undefined): WriteOutcome {
  return problem?.outcome ?? (status < 500 ? 'not-written' : 'unknown');
}

async function readProblem(response: Response): Promise<Problem | undefined> {
  if (!/^application\/problem\+json\b/i.test(response.headers.get('Content-Type') ?? '')) {
    await response.body?.cancel();
    return undefined;
  }
  const given: unknown = await response.json().catch(() => undefined);
  return isProblem(given) ? given : undefined;
}

function isProblem(given: unknown): given is Problem {
  if (typeof given !== 'object' || given === null) return false;
  const { code, detail, retryable } = given as Partial<Problem>;
  return typeof code === 'string' && typeof detail === 'string' && typeof retryable === 'boolean';
}
