/**
 * Who calls, between two functions: the authorizer has verified a token and says so in the context that API Gateway
 * hands to the function of the API, as `event.requestContext.authorizer`. Nothing else of an event is believed: headers,
 * parameters and bodies are the caller's, this member is API Gateway's alone. What the roles allow is decided where it
 * is on every other front, in `http/admit.ts`.
 */
import type { TokenIdentity } from '../access/identity.ts';
import { createIdentity, isSubject } from '../access/identity.ts';
import type { Authenticate } from '../http/authenticate.ts';
import { invalid } from '../http/authenticate.ts';

/**
 * Texts only: API Gateway hands on no others ("Output from an API Gateway Lambda authorizer"). No limit of the context's
 * size is documented there; ours is that of a token, 8 192 characters, because everything here was a part of one.
 */
export type AuthorizerContext = Readonly<Record<'subject' | 'roles' | 'issuer' | 'exp', string>>;

/** The year 9999 in Unix seconds: further than any token, and a whole number in every language that reads it. */
const LAST_SECOND = 253_402_300_799;

/** `exp`: Unix seconds, the tolerance for clocks included; roles are joined by spaces. */
export function toAuthorizerContext({
  subject,
  roles,
  issuer,
  expiresAtMs,
}: TokenIdentity): AuthorizerContext {
  const exp = Math.min(Math.floor(expiresAtMs / 1_000), LAST_SECOND);
  return { subject, roles: [...roles].toSorted().join(' '), issuer, exp: String(exp) };
}

/**
 * How this very request is authenticated, by what the authorizer says of it. API Gateway remembers that for up to 300
 * seconds, so it can be older than the token: its end is looked at here, at every call, and so again when a tail goes on.
 *
 * @param authorizer `event.requestContext.authorizer`, of any front.
 * @returns undefined where nothing was verified for us and we do it ourselves: a front without an authorizer of ours, and an
 *   API key, which the authorizer lets pass because only the store knows whether it was revoked.
 */
export function authenticateByAuthorizer(authorizer: unknown, nowMs: () => number): Authenticate | undefined {
  if (typeof authorizer !== 'object' || authorizer === null || !Object.hasOwn(authorizer, 'subject')) {
    return undefined;
  }
  const context: Partial<Record<keyof AuthorizerContext, unknown>> = authorizer;
  return () => {
    const identity = readContext(context);
    if (identity === undefined || nowMs() >= identity.expiresAtMs) {
      throw invalid('expected a token that is still valid, given one that has ended');
    }
    return identity;
  };
}

/** @returns undefined when it is none that {@link toAuthorizerContext} makes. */
function readContext({
  subject,
  roles,
  issuer,
  exp,
}: Partial<Record<keyof AuthorizerContext, unknown>>): TokenIdentity | undefined {
  if (!isSubject(subject) || typeof roles !== 'string' || typeof issuer !== 'string') return undefined;
  if (typeof exp !== 'string' || !/^\d{1,12}$/.test(exp)) return undefined;
  return createIdentity({
    subject,
    roles: roles.split(' '),
    kind: 'jwt' as const,
    issuer,
    expiresAtMs: Number(exp) * 1_000,
  });
}
