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
  // A front on AWS gives these in our words.
  'FILTERED',
  'NO_ANSWER',
];

/** What whoever needs a credential can meet. */
export const CREDENTIAL_CODES: readonly ErrorCode[] = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'CREDENTIAL_UNVERIFIABLE',
];

/** A set of refusals that several operations share. */
export interface ProblemSet {
  /** By status, for an operation. */
  readonly responses: Readonly<Record<string, Reference>>;
  readonly components: Readonly<Record<string, Answer>>;
}

/**
 * @param name the prefix of its components.
 * @param codes besides those that any request can meet.
 * @param further those that only some of the operations have; what they are called is in the names of the components that
 *   they change, so that the others are shared.
 */
export function problemSet(
  name: string,
  codes: readonly ErrorCode[],
  further: Readonly<Record<string, readonly ErrorCode[]>> = {},
): ProblemSet {
  const byStatus = new Map<number, { name: string; codes: ErrorCode[] }>();
  for (const [called, group] of [['', [...codes, ...ALWAYS]] as const, ...Object.entries(further)]) {
    for (const [status, some] of Map.groupBy(group, (code) => ERRORS[code].status)) {
      const before = byStatus.get(status) ?? { name, codes: [] };
      byStatus.set(status, { name: before.name + called, codes: [...before.codes, ...some] });
    }
  }
  const sorted = [...byStatus]
    .toSorted(([a], [b]) => a - b)
    .map(([status, group]) => ({ status, component: `${group.name}${status}`, codes: group.codes }));
  return {
    responses: Object.fromEntries(
      sorted.map(({ status, component }) => [status, { $ref: `#/components/responses/${component}` }]),
    ),
    components: Object.fromEntries(
      sorted.map(({ status, component, codes: some }) => [component, problemResponse(status, some)]),
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
  if (status === 401 || codes.includes('FORBIDDEN')) return ['WWW-Authenticate'];
  if (status === 405) return ['Allow'];
  if (status === 429) return ['Retry-After', 'RateLimit', 'RateLimit-Policy'];
  return status === 503 || codes.includes('KEY_IN_FLIGHT') ? ['Retry-After'] : [];
}

function problemExample(code: ErrorCode): Example {
  const { title, status, retryable } = ERRORS[code];
  const detail = 'what was expected; what was given';
  return {
    summary: title,
    value: { type: errorType(code), title, status, code, detail, retryable, requestId: '5c2e91d04b7fa386' },
  };
}
