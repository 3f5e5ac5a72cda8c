/**
 * The registry of every error that Daybook answers with or stops on. Codes are stable for ever; `docs/errors.md` is
 * tested against this table. Programmer mistakes are TypeErrors and do not appear here.
 */

interface ErrorKind {
  /** HTTP status of the answer. */
  readonly status: number;
  /** Short, constant summary (the `title` of RFC 9457 §3.1.4). */
  readonly title: string;
  /** True when the same request may succeed later without being changed. */
  readonly retryable: boolean;
}

const kind = (status: number, title: string, retryable = false): ErrorKind => ({ status, title, retryable });

export const ERRORS = {
  REQUEST_MALFORMED: kind(400, 'The request is not valid HTTP'),
  BODY_NOT_JSON: kind(400, 'The body does not parse as JSON'),
  BODY_NOT_DECODABLE: kind(400, 'The body does not decode with its Content-Encoding'),
  BODY_INCOMPLETE: kind(400, 'The body ended before its declared length'),
  HEADER_INVALID: kind(400, 'A request header has an invalid value'),
  PARAMETER_UNKNOWN: kind(400, 'A query parameter is not known here'),
  PARAMETER_INVALID: kind(400, 'A query parameter has an invalid value'),
  CURSOR_INVALID: kind(400, 'The cursor is not one of this list'),
  UNAUTHENTICATED: kind(401, 'A credential is required'),
  FORBIDDEN: kind(403, 'The credential does not allow this'),
  CROSS_SITE: kind(403, 'The request comes from a page of another site'),
  ADDRESS_REFUSED: kind(403, 'The register does not let this address in'),
  FILTERED: kind(403, 'A firewall in front of Daybook refused the request'),
  NOT_FOUND: kind(404, 'Nothing is here'),
  ENTRY_UNKNOWN: kind(404, 'No entry has this id'),
  DEAD_LETTER_UNKNOWN: kind(404, 'No dead letter has this id'),
  METHOD_NOT_ALLOWED: kind(405, 'The method is not allowed here'),
  NOT_ACCEPTABLE: kind(406, 'None of the accepted media types can be given'),
  LIVE_UNAVAILABLE: kind(406, 'Events cannot be streamed here'),
  ANSWER_TOO_LARGE: kind(406, 'The answer is larger than can be carried here'),
  BODY_TOO_SLOW: kind(408, 'The body arrives too slowly', true),
  REQUEST_TIMEOUT: kind(408, 'The request took too long to arrive', true),
  KEY_IN_FLIGHT: kind(409, 'A request with this idempotency key is still in flight', true),
  DEAD_LETTER_KEPT: kind(409, 'Nothing could be done with the dead letter'),
  CURSOR_EXPIRED: kind(410, 'The cursor is older than what is there'),
  ENTRY_DISCARDED: kind(410, 'The entry was given up on for good'),
  ENTRY_EXPIRED: kind(410, 'The entry is older than its register keeps entries'),
  ENTRY_TOO_LARGE: kind(413, 'The entry is larger than its register allows'),
  BATCH_TOO_LARGE: kind(413, 'The batch is larger than a request may be'),
  URI_TOO_LONG: kind(414, 'The request target is too long'),
  MEDIA_TYPE_UNSUPPORTED: kind(415, 'The media type is not supported here'),
  ENCODING_UNSUPPORTED: kind(415, 'The Content-Encoding is not supported'),
  HOST_UNKNOWN: kind(421, 'This server does not answer for that host'),
  ENTRY_REJECTED: kind(422, 'The store can never take this entry'),
  PAYLOAD_INVALID: kind(422, 'The payload does not match the schema of its register'),
  KEY_REUSED: kind(422, 'The idempotency key was used with another payload'),
  RATE_LIMITED: kind(429, 'Too many requests', true),
  HEADERS_TOO_LARGE: kind(431, 'The request headers are too large'),
  INTERNAL: kind(500, 'Daybook failed', true),
  DEAD_LETTER_DAMAGED: kind(500, 'The dead letter is not what was written'),
  CREDENTIAL_UNVERIFIABLE: kind(503, 'The credential cannot be verified at the moment', true),
  OVERLOADED: kind(503, 'Too much is in flight', true),
  DISK_FULL: kind(503, 'The disk is full', true),
  QUEUE_UNAVAILABLE: kind(503, 'The queue is not available', true),
  OBJECTS_UNAVAILABLE: kind(503, 'The object storage is not available', true),
  STORE_UNAVAILABLE: kind(503, 'The store is not available', true),
  REGION_DRAINED: kind(503, 'The region is drained on purpose', true),
  DRAINING: kind(503, 'The server is shutting down', true),
  NO_ANSWER: kind(504, 'Daybook did not answer in time', true),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** Whether a failed write may have left an entry behind. */
export type WriteOutcome = 'not-written' | 'unknown';

export interface ErrorDetails {
  readonly cause?: unknown;
  /** Only on writes. */
  readonly outcome?: WriteOutcome;
  /** The id that the entry has if it was written after all. */
  readonly id?: string;
  /** Seconds for `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Further response headers, such as `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the problem document, such as a fresh cursor. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** A failure that the caller of Daybook can name: `code` is one of {@link ERRORS}, `message` says expected and given. */
export class DaybookError extends Error {
  override readonly name = 'DaybookError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** A start that cannot go on: one line for the operator; the process ends with exit code 2. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** The URN that RFC 9457 §3.1.1 asks for: `urn:daybook:error:` and the code in kebab-case. */
export function errorType(code: ErrorCode): string {
  return `urn:daybook:error:${code.toLowerCase().replaceAll('_', '-')}`;
}

/** Narrows what a catch clause received; anything that is not an Error becomes one that shows it. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`thrown: ${String(thrown)}`);
}
