/** How a write must be refused while the disk fails: a problem document that says what is known. */
import assert from 'node:assert/strict';

import type { Exchange } from '../support/exchange.ts';

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly outcome: string;
  readonly retryable: boolean;
  readonly type: string;
}

/** @throws {AssertionError} unless the answer is a 503, with one of the codes and outcomes. */
export function assertRefusal(answer: Exchange, codes: readonly string[], outcomes: readonly string[]): void {
  assert.equal(answer.status, 503, answer.body);
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/);
  assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/);
  const problem = JSON.parse(answer.body) as Problem;
  assert.ok(codes.includes(problem.code), answer.body);
  assert.ok(outcomes.includes(problem.outcome), answer.body);
  assert.equal(problem.status, 503);
  assert.equal(problem.retryable, true);
  assert.equal(problem.type, `urn:daybook:error:${problem.code.toLowerCase().replaceAll('_', '-')}`);
}
