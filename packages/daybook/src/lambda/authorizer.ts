/**
 * The Lambda authorizer (type REQUEST, of a REST API): holds a token against the keys of its issuer before the request is
 * let through, in a function outside of the network where those keys can be fetched. What roles allow is not decided here.
 *
 *   a token that is believed, with roles of ours → Allow, and who calls
 *   … without any                                → Deny: 403
 *   an API key by its form                       → Allow, without saying who: the function of the API asks the store
 *   anything else, or nothing                    → the error `Unauthorized`: 401
 *   the keys of the issuer cannot be had         → another error, whose gateway response is to be 503
 *
 * The policy is for the whole stage, every method and path. API Gateway remembers it under the `Authorization` header for
 * up to 300 seconds and holds other requests of the same token against it, so one for the method that was asked for would
 * refuse the next ("Why is my API Gateway proxy resource with a Lambda authorizer that has caching activated returning HTTP
 * 403"). Errors are not remembered. Nothing of a credential is logged.
 */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import type { Logger } from 'pino';

import type { TokenIdentity } from '../access/identity.ts';
import { TokenError } from '../access/jwt/token-error.ts';
import type { TokenVerifier } from '../access/jwt/token-verifier.ts';
import { createTokenVerifier } from '../access/jwt/token-verifier.ts';
import { parseKey } from '../access/keys/key-text.ts';
import { KEY_PREFIX } from '../access/keys/keys.ts';
import { systemTime } from '../clock.ts';
import { loadConfig } from '../config/load.ts';
import { credentialOf } from '../http/authenticate.ts';
import { createLog } from '../telemetry/log.ts';
import { toAuthorizerContext } from './authorizer-identity.ts';
import { createEmitter } from './emit-metric.ts';

export type AuthorizerEvent = Pick<
  APIGatewayRequestAuthorizerEvent,
  'methodArn' | 'headers' | 'multiValueHeaders'
>;

export interface Authorizer {
  /** @throws {Error} `Unauthorized`, `CREDENTIAL_UNVERIFIABLE`. */
  (event: AuthorizerEvent): Promise<APIGatewayAuthorizerResult>;
}

export interface AuthorizerOptions {
  readonly tokens: Pick<TokenVerifier, 'verify' | 'settled'>;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Called with every refusal by 401, which Lambda counts as an error. */
  readonly onRefused: () => void;
  /** Called when a credential could not be judged. */
  readonly onUnverifiable: () => void;
}

export function createAuthorizer({ tokens, log, onRefused, onUnverifiable }: AuthorizerOptions): Authorizer {
  /** The very text for which API Gateway answers 401. */
  function unauthorized(): Error {
    onRefused();
    return new Error('Unauthorized');
  }

  async function verify(token: string): Promise<TokenIdentity> {
    try {
      return await tokens.verify(token);
    } catch (thrown) {
      if (thrown instanceof TokenError && !thrown.retryable) {
        log.info({ event: 'token-refused', code: thrown.code });
        throw unauthorized();
      }
      // What else a library throws may show claims: its name is all that is told of it.
      if (thrown instanceof TokenError) log.warn({ event: 'token-unverifiable', reason: thrown.message });
      else
        log.error({ event: 'internal-error', name: thrown instanceof Error ? thrown.name : typeof thrown });
      onUnverifiable();
      throw unverifiable();
    } finally {
      // The function is stopped as soon as it has answered, and a read of newer keys with it.
      await tokens.settled();
    }
  }

  return async (event) => {
    const credential = credentialOf(authorizationOf(event) ?? '');
    if (credential === undefined) throw unauthorized();
    if (credential.startsWith(KEY_PREFIX)) {
      const key = parseKey(credential);
      if (key === undefined) throw unauthorized();
      return { principalId: key.keyId, policyDocument: policyFor('Allow', event.methodArn) };
    }
    const identity = await verify(credential);
    const effect = identity.roles.size > 0 ? 'Allow' : 'Deny';
    return {
      // At most 255 characters; shown by access logs that ask for it.
      principalId: identity.subject,
      policyDocument: policyFor(effect, event.methodArn),
      context: toAuthorizerContext(identity),
    };
  };
}

/** To API Gateway a fault of the authorizer; its gateway responses say what our 503 of that name says. */
function unverifiable(): Error {
  return new Error('CREDENTIAL_UNVERIFIABLE');
}

/** API Gateway keeps the case of a name as it came. Several fields are none, as everywhere in Daybook. */
function authorizationOf({ headers, multiValueHeaders }: AuthorizerEvent): string | undefined {
  const given = Object.entries(multiValueHeaders ?? headers ?? {})
    .filter(([name]) => name.toLowerCase() === 'authorization')
    .flatMap(([, value]) => value ?? []);
  return given.length === 1 ? given[0] : undefined;
}

/** `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{method}/{path}`; IAM's wildcard spans slashes. */
function policyFor(
  effect: 'Allow' | 'Deny',
  methodArn: string,
): APIGatewayAuthorizerResult['policyDocument'] {
  const [api, stage] = methodArn.split('/');
  return {
    Version: '2012-10-17',
    Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: `${api}/${stage}/*/*` }],
  };
}

let opened: Promise<Authorizer> | undefined;

async function open(): Promise<Authorizer> {
  const { issuers, logLevel, metricsNamespace } = await loadConfig();
  const log = createLog(logLevel);
  const emit = createEmitter({ namespace: metricsNamespace, functionName: 'authorizer' });
  return createAuthorizer({
    tokens: createTokenVerifier({ issuers, nowMs: systemTime.wallMs, log }),
    log,
    onRefused: () => emit({ RefusedCredentials: 1 }),
    onUnverifiable: () => emit({ UnverifiableCredentials: 1 }),
  });
}

/** @throws {Error} as {@link Authorizer}; {StartError} by a bad configuration, at every call. */
export async function handler(event: AuthorizerEvent): Promise<APIGatewayAuthorizerResult> {
  opened ??= open();
  return (await opened)(event);
}
