/**
 * What every error answer has in common: a problem document (RFC 9457) that agrees with the registry of errors, with
 * its headers, on whatever way it came.
 */
import assert from 'node:assert/strict';

import { problemSchema } from '../../src/contract/schemas.ts';
import type { Problem } from '../../src/contract/messages.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { ERRORS, errorType } from '../../src/errors.ts';
import { version } from '../../src/config/version.ts';

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  text(): Promise<string>;
}

/** `write`: the request asked for one, so the answer says what became of it; anything else says nothing of that. */
export async function assertProblem(
  answer: Answered,
  code: ErrorCode,
  { kind, outcome = 'not-written' }: { kind: 'write' | 'read'; outcome?: Problem['outcome'] },
): Promise<Problem> {
  const text = await answer.text();
  const context = `${answer.status} ${text.slice(0, 500)}`;
  const { headers } = answer;
  assert.equal(headers.get('content-type'), 'application/problem+json; charset=utf-8', context);
  assert.equal(headers.get('x-content-type-options'), 'nosniff', context);
  assert.equal(headers.get('daybook-version'), version, context);
  assert.ok(text.endsWith('}\n'), 'a document ends with a newline, for terminals');

  const problem = problemSchema.parse(JSON.parse(text));
  const { status, title, retryable } = ERRORS[code];
  assert.equal(problem.code, code, context);
  assert.equal(answer.status, status, context);
  assert.deepEqual(
    [problem.status, problem.type, problem.title, problem.retryable],
    [status, errorType(code), title, retryable],
    context,
  );
  assert.equal(problem.requestId, headers.get('x-request-id'), context);
  assert.match(problem.detail, /\S/, context);
  assert.equal(problem.outcome, kind === 'write' ? outcome : undefined, context);
  if (status === 429 || status === 503 || code === 'KEY_IN_FLIGHT')
    assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/, context);
  // RFC 6750 §3.1: what is wrong is said only of a credential that was given.
  if (status === 401)
    assert.match(
      headers.get('www-authenticate') ?? '',
      /^Bearer(?: realm="daybook", error="invalid_token")?$/,
      context,
    );
  if (status === 405) assert.match(headers.get('allow') ?? '', /OPTIONS/, context);
  return problem;
}

/** The whole of a line of a batch that failed. */
export function assertFailedLine(
  line: unknown,
  expected: { line: number; code: ErrorCode; outcome?: string },
): void {
  const { line: number, code, outcome = 'not-written' } = expected;
  const { status, retryable } = ERRORS[code];
  const { detail, ...rest } = line as Record<string, unknown>;
  assert.match(String(detail), /\S/);
  assert.deepEqual(rest, { line: number, status, code, retryable, outcome });
}
