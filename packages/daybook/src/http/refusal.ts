/**
 * A refusal as the caller can read it: a page for a browser that navigates or sends a form, a problem document for
 * everybody else.
 */
import type { DaybookError } from '../errors.ts';
import type { Answer } from './answer.ts';
import { pageAnswer } from './answer.ts';
import { negotiate } from './negotiation.ts';
import { problemPage } from './pages/problem.ts';
import { problemAnswer, problemHeaders, requestKind, toProblem } from './problem.ts';

export interface Refused {
  readonly requestId: string;
  readonly method: string | undefined;
  readonly accept: string | undefined;
  readonly site: { readonly basePath: string; readonly version: string };
}

const PAGE_METHODS = new Set(['GET', 'HEAD', 'POST']);

export function refusalAnswer(
  error: DaybookError,
  { requestId, method, accept, site }: Refused,
): Answer & { readonly body: string } {
  const kind = requestKind(method);
  if (!PAGE_METHODS.has(method ?? '') || !prefersHtml(accept)) return problemAnswer(error, requestId, kind);
  const body = problemPage(toProblem(error, requestId, kind), site);
  return pageAnswer(body, error.status, problemHeaders(error));
}

function prefersHtml(accept: string | undefined): boolean {
  try {
    return negotiate(accept, ['json', 'html']) === 'html';
  } catch {
    return false; // Neither is acceptable: a problem document says so.
  }
}
