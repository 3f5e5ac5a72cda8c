/**
 * A REQUEST authorizer of a REST API: asked once for each set of identity sources within its time to live, and what it
 * said holds for every method meanwhile ("Use API Gateway Lambda authorizers", Amazon API Gateway).
 */
import type { APIGatewayAuthorizerResult } from 'aws-lambda';

import type { LocalFunction } from '../runtime.ts';
import { headerOf, rawParameters } from './exchange.ts';
import type { GatewayResponseType } from './gateway-response.ts';
import { isAllowed } from './policy.ts';
import type { AuthorizerContext, RestCall } from './rest-api-event.ts';
import { authorizerEvent } from './rest-api-event.ts';
import type { RestAuthorizer } from './rest-api-plan.ts';

export type Authorized =
  | { readonly context: AuthorizerContext }
  | {
      readonly refused: Extract<
        GatewayResponseType,
        'UNAUTHORIZED' | 'ACCESS_DENIED' | `AUTHORIZER_${string}`
      >;
    };

export interface Authorizers {
  authorize(authorizer: RestAuthorizer, call: RestCall): Promise<Authorized>;
}

export function createAuthorizers(
  findFunction: (arn: string) => LocalFunction,
  nowMs: () => number,
): Authorizers {
  const cache = new Map<string, { readonly untilMs: number; readonly result: APIGatewayAuthorizerResult }>();

  async function ask(
    { functionArn }: RestAuthorizer,
    event: ReturnType<typeof authorizerEvent>,
  ): Promise<
    APIGatewayAuthorizerResult | 'UNAUTHORIZED' | 'AUTHORIZER_FAILURE' | 'AUTHORIZER_CONFIGURATION_ERROR'
  > {
    const told = await findFunction(functionArn).invoke(event);
    if (told.kind === 'error' && told.error.errorMessage === 'Unauthorized') return 'UNAUTHORIZED';
    if (told.kind !== 'response') return 'AUTHORIZER_FAILURE';
    return isResult(told.payload) ? told.payload : 'AUTHORIZER_CONFIGURATION_ERROR';
  }

  return {
    async authorize(authorizer, call) {
      const values = authorizer.identitySources.map((source) => identityOf(source, call));
      // Nobody is asked for a caller who shows nothing.
      if (values.some((value) => value === undefined || value === '')) return { refused: 'UNAUTHORIZED' };
      const { account, region, apiId, stage } = call.plan;
      const path = call.path.replace(/^\//, '');
      const methodArn = `arn:aws:execute-api:${region}:${account}:${apiId}/${stage}/${call.request.method}/${path}`;
      const key = JSON.stringify([authorizer.id, values]);
      const known = cache.get(key);
      let result = known !== undefined && nowMs() < known.untilMs ? known.result : undefined;
      if (result === undefined) {
        const askedMs = nowMs();
        const told = await ask(authorizer, authorizerEvent(call, methodArn));
        if (typeof told === 'string') return { refused: told };
        result = told;
        const ttlMs = authorizer.cacheSeconds * 1000;
        if (ttlMs > 0 && values.length > 0) cache.set(key, { untilMs: askedMs + ttlMs, result });
      }
      if (!isAllowed(result.policyDocument, methodArn)) return { refused: 'ACCESS_DENIED' };
      const given = Object.entries(result.context ?? {}).map(
        ([name, value]) => [name, String(value)] as const,
      );
      return {
        context: { ...Object.fromEntries(given), principalId: result.principalId, integrationLatency: 1 },
      };
    },
  };
}

function identityOf(source: string, { request, plan, fullPath, path }: RestCall): string | undefined {
  const [, place = '', name = ''] =
    /^(method\.request\.header|method\.request\.querystring|stageVariables|context)\.(.+)$/.exec(source) ??
    [];
  switch (place) {
    case 'method.request.header':
      return headerOf(request, name.toLowerCase());
    case 'method.request.querystring':
      return rawParameters(request.query).find(([one]) => one === name)?.[1];
    case 'stageVariables':
      return plan.stageVariables?.[name];
    case 'context':
      return { httpMethod: request.method, path: fullPath, resourcePath: path, stage: plan.stage }[name];
    default:
      throw new Error(`expected an identity source that is known here, given ${source}`);
  }
}

/** Nested values in the context are refused: "Output from an API Gateway Lambda authorizer". */
function isResult(value: unknown): value is APIGatewayAuthorizerResult {
  if (typeof value !== 'object' || value === null) return false;
  const { principalId, policyDocument, context } = value as Partial<APIGatewayAuthorizerResult>;
  return (
    typeof principalId === 'string' &&
    Array.isArray(policyDocument?.Statement) &&
    Object.values(context ?? {}).every((one) => typeof one !== 'object')
  );
}
