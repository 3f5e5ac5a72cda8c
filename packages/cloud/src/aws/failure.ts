/**
 * What went wrong with a call, in one line that says what to do. The SDK's names for failures are those of "Common errors"
 * in each service's API reference, and of its own providers of credentials.
 */
import { errorOf } from '../failure.ts';

export interface FailedCall {
  /** Such as `sts:GetCallerIdentity`. */
  readonly name: string;
  readonly region: string;
  readonly profile?: string | undefined;
}

const NO_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError']);
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired']);
const NOT_VALID = new Set([
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'AuthFailure',
  'InvalidSignatureException',
  'IncompleteSignature',
]);
const REFUSED =
  /^(?:AccessDenied|AccessDeniedException|NotAuthorized|UnauthorizedOperation|AuthorizationError)$/;
const NOT_REACHED =
  /^(?:ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|TimeoutError)$/;

const SIGN_IN =
  'name a profile with --profile or AWS_PROFILE, sign in with "aws sso login" or "aws login", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';

/** @returns AWS's own name of the failure, empty where it was not reached, and one line. */
export function describeFailure(
  thrown: unknown,
  { name, region, profile }: FailedCall,
): { readonly code: string; readonly message: string } {
  const error = errorOf(thrown);
  const { name: errorName } = error;
  const systemCode = (error as NodeJS.ErrnoException).code ?? '';
  const said = error.message.replaceAll(/\s*\n\s*/g, ' ').replace(/\.$/, '');
  const of = profile === undefined ? '' : ` in the profile ${profile}`;
  if (NO_CREDENTIALS.has(errorName)) {
    return { code: '', message: `no AWS credentials${of}: ${said}; ${SIGN_IN}` };
  }
  if (EXPIRED.has(errorName))
    return { code: errorName, message: `the AWS credentials${of} have expired; ${SIGN_IN}` };
  if (NOT_VALID.has(errorName)) {
    return { code: errorName, message: `the AWS credentials${of} are not valid (${said}); ${SIGN_IN}` };
  }
  if (REFUSED.test(errorName)) {
    return { code: errorName, message: `${name} in ${region} is not allowed to these credentials: ${said}` };
  }
  if (NOT_REACHED.test(systemCode) || NOT_REACHED.test(errorName)) {
    return { code: '', message: `${name}: AWS could not be reached in ${region}: ${said || systemCode}` };
  }
  return { code: errorName, message: `${name} in ${region}: ${said} (${errorName})` };
}
