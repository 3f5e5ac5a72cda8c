/**
 * What API Gateway answers in Daybook's place: every kind of response that it knows ("GatewayResponse", API reference)
 * as one of Daybook's problem documents. Nothing is left to a default of its own, so that callers can branch on `code`.
 *
 * Templates are filled in without a template language, and header fields take constants or parts of the request only
 * ("Gateway responses", developer guide): `outcome` therefore stands on reads too, and the request's id is in the
 * document and in API Gateway's own `x-amzn-RequestId`.
 */
import type { aws_apigateway } from 'aws-cdk-lib';
import { aws_apigateway as apigateway } from 'aws-cdk-lib';
import type { ErrorCode } from 'daybook/deployment';
import { problemOf } from 'daybook/deployment';

interface GatewayAnswer {
  readonly code: ErrorCode;
  readonly detail: string;
  /** Default: what was refused here never reached the application. */
  readonly outcome?: 'unknown';
  readonly retryAfterSeconds?: number;
  readonly authenticate?: true;
}

/** Lambda takes 6 MB and base64 makes three bytes four: "Lambda quotas", invocation payload. */
const LARGEST_BODY = 'a body of at most about 4.5 MB, which is what Lambda takes';

const SIGNED = 'expected Authorization: Bearer <credential>, given a signature or key of AWS';
const UNVERIFIABLE: GatewayAnswer = {
  code: 'CREDENTIAL_UNVERIFIABLE',
  detail: 'the function that verifies credentials did not answer; nothing is known against this one',
  retryAfterSeconds: 5,
};

/** By `responseType`. The two defaults are what remains: a function that fails or answers nonsense is a DEFAULT_5XX. */
const ANSWERS: Readonly<Record<string, GatewayAnswer>> = {
  ACCESS_DENIED: {
    code: 'FORBIDDEN',
    detail: 'expected a credential, and an address, that is let in here; given another',
  },
  API_CONFIGURATION_ERROR: {
    code: 'INTERNAL',
    detail: 'the gateway could not make sense of what it is configured to do, or of an answer',
    outcome: 'unknown',
  },
  AUTHORIZER_CONFIGURATION_ERROR: UNVERIFIABLE,
  AUTHORIZER_FAILURE: UNVERIFIABLE,
  BAD_REQUEST_BODY: { code: 'REQUEST_MALFORMED', detail: 'the gateway could not read the body' },
  BAD_REQUEST_PARAMETERS: { code: 'PARAMETER_INVALID', detail: 'the gateway could not read the parameters' },
  DEFAULT_4XX: { code: 'REQUEST_MALFORMED', detail: 'the gateway could not make sense of the request' },
  DEFAULT_5XX: {
    code: 'INTERNAL',
    detail: 'an unexpected failure; the log of the function has it',
    outcome: 'unknown',
    retryAfterSeconds: 1,
  },
  EXPIRED_TOKEN: { code: 'UNAUTHENTICATED', detail: SIGNED, authenticate: true },
  INTEGRATION_FAILURE: {
    code: 'NO_ANSWER',
    detail: 'the function could not be called, or its answer was lost',
    outcome: 'unknown',
    retryAfterSeconds: 1,
  },
  INTEGRATION_TIMEOUT: {
    code: 'NO_ANSWER',
    detail: 'the function did not answer within the 29 seconds that the gateway waits',
    outcome: 'unknown',
    retryAfterSeconds: 1,
  },
  INVALID_API_KEY: { code: 'UNAUTHENTICATED', detail: SIGNED, authenticate: true },
  INVALID_SIGNATURE: { code: 'UNAUTHENTICATED', detail: SIGNED, authenticate: true },
  MISSING_AUTHENTICATION_TOKEN: {
    // Its name notwithstanding, this is what API Gateway says where no resource or no stage is.
    code: 'NOT_FOUND',
    detail: 'expected a path that is served here, after the name of the stage; given another',
  },
  QUOTA_EXCEEDED: {
    code: 'RATE_LIMITED',
    detail: 'the quota of this caller is used up',
    retryAfterSeconds: 3600,
  },
  REQUEST_TOO_LARGE: { code: 'BATCH_TOO_LARGE', detail: `expected ${LARGEST_BODY}; given more` },
  RESOURCE_NOT_FOUND: {
    code: 'NOT_FOUND',
    detail: 'expected a path and a method that are served here, given others',
  },
  THROTTLED: {
    code: 'RATE_LIMITED',
    detail: 'more requests than the gateway lets through for all callers together (front.throttle)',
    retryAfterSeconds: 1,
  },
  UNAUTHORIZED: {
    code: 'UNAUTHENTICATED',
    detail: 'expected a valid credential as Authorization: Bearer <credential>, given none or another',
    authenticate: true,
  },
  UNSUPPORTED_MEDIA_TYPE: {
    code: 'MEDIA_TYPE_UNSUPPORTED',
    detail: 'expected a body in gzip as Content-Encoding says, or in none, which is what the gateway unpacks',
  },
  WAF_FILTERED: {
    code: 'FILTERED',
    detail: 'a rule of the firewall in front of Daybook matched the request',
  },
};

export const GATEWAY_RESPONSE_TYPES: readonly string[] = Object.keys(ANSWERS);

/** Every change of one of them makes another deployment of the API. */
export function addGatewayResponses(api: aws_apigateway.RestApi): void {
  for (const [type, { code, detail, outcome, retryAfterSeconds, authenticate }] of Object.entries(ANSWERS)) {
    const problem: Readonly<Record<string, unknown>> = {
      ...problemOf(code, { detail, requestId: '$context.requestId' }),
      outcome: outcome ?? 'not-written',
    };
    api.addGatewayResponse(`Answer${type}`, {
      type: apigateway.ResponseType.of(type),
      statusCode: String(problem['status']),
      templates: { 'application/json': JSON.stringify(problem) },
      responseHeaders: {
        'Content-Type': "'application/problem+json; charset=utf-8'",
        'Cache-Control': "'no-store'",
        'X-Content-Type-Options': "'nosniff'",
        ...(retryAfterSeconds !== undefined && { 'Retry-After': `'${retryAfterSeconds}'` }),
        ...(authenticate && { 'WWW-Authenticate': "'Bearer'" }),
      },
    });
  }
}
