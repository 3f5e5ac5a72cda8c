/**
 * What an error of DynamoDB means for a write: why it failed, and whether it is certainly not written. Names:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
import { toError } from '../../errors.ts';
import { StoreError } from '../store.ts';

export interface Meaning {
  /** `transient`: the same request succeeds later; `permanent`: this entry never will; `unknown`: a defect, or nothing known. */
  readonly kind: 'transient' | 'permanent' | 'unknown';
  /** `unknown`: the write may have happened all the same. */
  readonly outcome: StoreError['outcome'];
}

/** The SDK's shape of a reason why a transaction was cancelled: one for each of its writes. */
export interface Reason {
  readonly Code?: string | undefined;
  readonly Message?: string | undefined;
}

const refused = { kind: 'transient', outcome: 'not-written' } as const;
const doubtful = { kind: 'transient', outcome: 'unknown' } as const;
const permanent = { kind: 'permanent', outcome: 'not-written' } as const;
const defect = { kind: 'unknown', outcome: 'not-written' } as const;

/**
 * By the name of the exception, the code of a cancelled transaction's reason, or the code of a failed connection.
 * Permissions, credentials and a table that is gone are no entry's fault: they are transient, and nothing dies of them.
 */
export const DYNAMODB_FAILURES: Readonly<Record<string, Meaning>> = {
  ProvisionedThroughputExceededException: refused,
  ProvisionedThroughputExceeded: refused,
  ThrottlingException: refused,
  ThrottlingError: refused,
  RequestLimitExceeded: refused,
  LimitExceededException: refused,
  TransactionConflictException: refused,
  TransactionConflict: refused,
  ReplicatedWriteConflictException: refused,
  TransactionInProgressException: doubtful,
  InternalServerError: doubtful,
  InternalFailure: doubtful,
  ServiceUnavailable: doubtful,
  ResourceNotFoundException: refused,
  ResourceInUseException: refused,
  AccessDeniedException: refused,
  UnrecognizedClientException: refused,
  InvalidSignatureException: refused,
  IncompleteSignatureException: refused,
  ExpiredTokenException: refused,
  MissingAuthenticationTokenException: refused,
  CredentialsProviderError: refused,
  TimeoutError: doubtful,
  ECONNREFUSED: refused,
  ENOTFOUND: refused,
  EAI_AGAIN: refused,
  ECONNRESET: doubtful,
  EPIPE: doubtful,
  ETIMEDOUT: doubtful,
  EHOSTUNREACH: doubtful,
  ENETUNREACH: doubtful,
  ItemCollectionSizeLimitExceededException: permanent,
  ItemCollectionSizeLimitExceeded: permanent,
  ValidationError: permanent,
  'ValidationException about size': permanent,
  ValidationException: defect,
  IdempotentParameterMismatchException: defect,
};

/** A request that is not valid is a defect of ours, unless it is about how large an item is. */
const ABOUT_SIZE = /item size|maximum allowed size|under \d+ bytes/i;

export function meaningOf(thrown: unknown): Meaning {
  const { name, message, code, $metadata, $response, CancellationReasons } = toError(thrown) as Error & {
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
    $response?: { statusCode?: number };
    CancellationReasons?: readonly Reason[];
  };
  if (CancellationReasons !== undefined) return meaningOfReasons(CancellationReasons);
  if (name === 'ValidationException' && ABOUT_SIZE.test(message)) return permanent;
  const known = (typeof code === 'string' ? DYNAMODB_FAILURES[code] : undefined) ?? DYNAMODB_FAILURES[name];
  if (known !== undefined) return known;
  // Whatever else a connection or a balancer on the way comes up with.
  const status = $metadata?.httpStatusCode ?? $response?.statusCode ?? 0;
  return status >= 500 || typeof code === 'string' ? doubtful : defect;
}

/** The worst that is said of one of the writes; a cancelled transaction wrote nothing. */
function meaningOfReasons(reasons: readonly Reason[]): Meaning {
  const meanings = reasons.map(({ Code = '' }) => DYNAMODB_FAILURES[Code]);
  return meanings.find((meaning) => meaning === permanent) ?? meanings.find(Boolean) ?? defect;
}

const REASONS = { transient: 'unavailable', permanent: 'rejected', unknown: 'unexpected' } as const;

export function toStoreError({ kind, outcome }: Meaning, what: string, thrown: unknown): StoreError {
  const {
    name,
    message,
    CancellationReasons = [],
  } = toError(thrown) as Error & {
    CancellationReasons?: readonly Reason[];
  };
  const told = CancellationReasons.filter(({ Code }) => Code !== 'None').map(
    ({ Code, Message }) => `${Code}: ${Message}`,
  );
  const detail = told.length > 0 ? [...new Set(told)].join('; ') : message;
  return new StoreError(REASONS[kind], outcome, `dynamodb: ${what}: ${name}: ${detail}`, thrown);
}
