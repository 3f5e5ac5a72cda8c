/**
 * What an error of SQS, of SNS, of the SDK or of the connection means: whether repeating can help, and whether what was
 * asked for may have been done all the same. Names: "Common Errors" and the errors of each action in the Amazon SQS API
 * Reference, https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html, and "Publish" in the
 * Amazon SNS API Reference.
 */
import { QueueError } from '../queue.ts';

export interface SqsFailure {
  /** `transient`: passes by itself, so the call is repeated. `permanent`: somebody has to change something first. */
  readonly kind: 'transient' | 'permanent';
  readonly outcome: QueueError['outcome'];
}

/** Answered, and not done. */
const REFUSED: SqsFailure = { kind: 'permanent', outcome: 'not-written' };
/** Answered, and not done for now. */
const THROTTLED: SqsFailure = { kind: 'transient', outcome: 'not-written' };
/** It never left. */
const UNSENT: SqsFailure = { kind: 'transient', outcome: 'not-written' };
/** It may have arrived, and the answer was lost. */
const UNANSWERED: SqsFailure = { kind: 'transient', outcome: 'unknown' };

/** By the name of the error, or the `code` of an error of the connection. */
export const SQS_FAILURES: Readonly<Record<string, SqsFailure>> = {
  AccessDenied: REFUSED,
  AccessDeniedException: REFUSED,
  AuthorizationError: REFUSED,
  AuthorizationErrorException: REFUSED,
  IncompleteSignature: REFUSED,
  InvalidAddress: REFUSED,
  InvalidClientTokenId: REFUSED,
  InvalidMessageContents: REFUSED,
  InvalidParameterValue: REFUSED,
  InvalidParameterValueException: REFUSED,
  InvalidSecurity: REFUSED,
  InvalidSignatureException: REFUSED,
  KmsAccessDenied: REFUSED,
  KmsDisabled: REFUSED,
  KmsInvalidKeyUsage: REFUSED,
  KmsInvalidState: REFUSED,
  KmsNotFound: REFUSED,
  KmsOptInRequired: REFUSED,
  NotAuthorized: REFUSED,
  NotFound: REFUSED,
  NotFoundException: REFUSED,
  OptInRequired: REFUSED,
  QueueDeletedRecently: REFUSED,
  QueueDoesNotExist: REFUSED,
  SignatureDoesNotMatch: REFUSED,
  UnrecognizedClientException: REFUSED,
  UnsupportedOperation: REFUSED,

  KMSThrottling: THROTTLED,
  KMSThrottlingException: THROTTLED,
  KmsThrottled: THROTTLED,
  OverLimit: THROTTLED, // 120 000 messages are out already
  RequestThrottled: THROTTLED,
  Throttled: THROTTLED,
  ThrottledException: THROTTLED,
  Throttling: THROTTLED,
  ThrottlingException: THROTTLED,
  TooManyRequestsException: THROTTLED,
  // The SDK takes new credentials, or the server's time, for the next call.
  ExpiredToken: THROTTLED,
  ExpiredTokenException: THROTTLED,
  RequestExpired: THROTTLED,
  RequestTimeTooSkewed: THROTTLED,

  CredentialsProviderError: UNSENT,
  EAI_AGAIN: UNSENT,
  ECONNREFUSED: UNSENT,
  EHOSTUNREACH: UNSENT,
  ENETUNREACH: UNSENT,
  ENOTFOUND: UNSENT,

  ECONNRESET: UNANSWERED,
  EPIPE: UNANSWERED,
  ETIMEDOUT: UNANSWERED,
  InternalError: UNANSWERED,
  InternalFailure: UNANSWERED,
  RequestAbortedException: UNANSWERED,
  RequestTimeoutException: UNANSWERED,
  ServiceUnavailable: UNANSWERED,
  TimeoutError: UNANSWERED,
};

/** Of a send the body is the only parameter that can be invalid: the queue's MaximumMessageSize is smaller than it was. */
const TOO_LARGE = new Set(['InvalidParameterValue', 'InvalidParameterValueException']);
/** What SNS says then; it has the same name for everything else that it finds wrong with a request. */
const TOO_LARGE_FOR_SNS = {
  names: new Set(['InvalidParameter', 'InvalidParameterException']),
  words: /too long/i,
};

/**
 * Codes of an entry of a batch request whose delivery is out of date: acknowledged already, or visible again. Of
 * `InvalidParameterValue` a receipt handle is the only cause there can be.
 */
const OUT_OF_DATE = new Set(['InvalidParameterValue', 'MessageNotInflight', 'ReceiptHandleIsInvalid']);

/** The older protocol of SQS puts this before the names of some errors. */
const OLD_PREFIX = 'AWS.SimpleQueueService.';

export function isOutOfDate(code: string): boolean {
  return OUT_OF_DATE.has(code.replace(OLD_PREFIX, ''));
}

/** An error that the table does not name is judged by its HTTP status, and unknown without one. */
export function failureOf(thrown: unknown): SqsFailure {
  const named = namesOf(thrown).map((name) => SQS_FAILURES[name.replace(OLD_PREFIX, '')]);
  const found = named.find((failure) => failure !== undefined);
  if (found !== undefined) return found;
  const status = statusOf(thrown);
  return status !== undefined && status >= 400 && status < 500 ? REFUSED : UNANSWERED;
}

export function isTooLarge(thrown: unknown): boolean {
  const names = namesOf(thrown);
  if (names.some((name) => TOO_LARGE.has(name))) return true;
  const { names: ofSns, words } = TOO_LARGE_FOR_SNS;
  return names.some((name) => ofSns.has(name)) && words.test((thrown as Error).message);
}

/** @param outcome of all attempts together. */
export function toQueueError(what: string, thrown: unknown, outcome: QueueError['outcome']): QueueError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const [name = error.name] = namesOf(error);
  // A refused connection is an error without words.
  const text = error.message === '' ? name : `${name}: ${error.message}`;
  return new QueueError('unavailable', outcome, `sqs: ${what}: ${text}`, thrown);
}

function namesOf(thrown: unknown): string[] {
  if (!(thrown instanceof Error)) return [];
  const { code } = thrown as { code?: unknown };
  return [...(typeof code === 'string' ? [code] : []), thrown.name];
}

function statusOf(thrown: unknown): number | undefined {
  const { $metadata } = (thrown ?? {}) as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode;
}
