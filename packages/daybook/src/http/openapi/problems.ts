/**
 * The refusals of an operation: one response a status, naming the codes of the error registry that it can carry.
 */
import type { ErrorCode } from '../../errors.ts';
import { ERRORS, errorType } from '../../errors.ts';
import type { HeaderName } from './components.ts';
import { headerReferences, schemaReference } from './components.ts';
import type { Answer, Example, Reference } from './specification.ts';

/** What any request can meet, before its route is reached. */
const ALWAYS: readonly ErrorCode[] = [
  'REQUEST_MALFORMED',
  'PARAMETER_UNKNOWN',
  'METHOD_NOT_ALLOWED',
  'REQUEST_TIMEOUT',
  'URI_TOO_LONG',
  'HOST_UNKNOWN',
  'HEADERS_TOO_LARGE',
  'INTERNAL',
];

/** A set of refusals that several operations share. */
export interface ProblemSet {
  /** By status, for an operation. */
  readonly responses: Readonly<Record<string, Reference>>;
  readonly components: Readonly<Record<string, Answer>>;
}

/** @param name the prefix of its components. @param codes besides those that any request can meet. */
export function problemSet(name: string, codes: readonly ErrorCode[]): ProblemSet {
  const byStatus = Map.groupBy([...codes, ...ALWAYS], (code) => ERRORS[code].status);
  const sorted = [...byStatus].toSorted(([a], [b]) => a - b);
  return {
    responses: Object.fromEntries(
      sorted.map(([status]) => [status, { $ref: `#/components/responses/${name}${status}` }]),
    ),
    components: Object.fromEntries(
      sorted.map(([status, group]) => [`${name}${status}`, problemResponse(status, group)]),
    ),
  };
}

function problemResponse(status: number, codes: readonly ErrorCode[]): Answer {
  const headers = fieldsOf(status, codes);
  return {
    description: codes.map((code) => `${code}: ${ERRORS[code].title}.`).join(' '),
    ...(headers.length > 0 && { headers: headerReferences(...headers) }),
    content: {
      'application/problem+json': {
        schema: schemaReference('Problem'),
        examples: Object.fromEntries(codes.map((code) => [code, problemExample(code)])),
      },
    },
  };
}

function fieldsOf(status: number, codes: readonly ErrorCode[]): HeaderName[] {
  if (status === 401) return ['WWW-Authenticate'];
  if (status === 405) return ['Allow'];
  if (status === 429) return ['Retry-After', 'RateLimit', 'RateLimit-Policy'];
  return status === 503 || codes.includes('KEY_IN_FLIGHT') ? ['Retry-After'] : [];
}

function problemExample(code: ErrorCode): Example {
  const { title, status, retryable } = ERRORS[code];
  const detail = 'what was expected; what was given';
  return {
    summary: title,
    value: { type: errorType(code), title, status, code, detail, retryable, requestId: '5c2e91d0-1' },
  };
}
