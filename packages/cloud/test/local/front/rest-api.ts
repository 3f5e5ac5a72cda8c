/**
 * A regional REST API as the template describes it. In the order of API Gateway: stage or custom domain, route, throttle,
 * authorizer, integration; at each step it may answer itself, with the template's gateway responses.
 */
import type { APIGatewayProxyResult } from 'aws-lambda';
import { randomUUID } from 'node:crypto';
import { gunzipSync, inflateSync } from 'node:zlib';

import type { LocalFunction } from '../runtime.ts';
import { createAuthorizers } from './authorizer.ts';
import type { FrontAnswer, FrontHandler, FrontRequest } from './exchange.ts';
import { headerOf } from './exchange.ts';
import type { GatewayResponseType } from './gateway-response.ts';
import { gatewayAnswer } from './gateway-response.ts';
import type { AuthorizerContext, RestCall } from './rest-api-event.ts';
import { isBinaryType, restApiEvent } from './rest-api-event.ts';
import type { RestApiPlan, RestMethod } from './rest-api-plan.ts';
import { matchRoute } from './rest-api-routes.ts';
import { createTokenBucket } from './token-bucket.ts';

export interface RestApiOptions {
  readonly plan: RestApiPlan;
  readonly findFunction: (arn: string) => LocalFunction;
  /** Monotonic: of throttle and caches. */
  readonly nowMs: () => number;
}

export interface RestApi {
  readonly handle: FrontHandler;
  tooLarge(): FrontAnswer;
}

export function createRestApi({ plan, findFunction, nowMs }: RestApiOptions): RestApi {
  const executeApiHost = `${plan.apiId}.execute-api.${plan.region}.amazonaws.com`;
  const authorizers = createAuthorizers(findFunction, nowMs);
  const buckets = new Map(
    plan.throttles.map((throttle) => [throttle.of, createTokenBucket(throttle, nowMs)]),
  );

  function answerItself(type: GatewayResponseType, requestId: string, request?: FrontRequest): FrontAnswer {
    const accept = request && headerOf(request, 'accept');
    return gatewayAnswer(plan.gatewayResponses, type, { requestId, accept });
  }

  /** The bucket of the method if it has one of its own, else that of the stage. */
  function isThrottled({ resourcePath, httpMethod }: RestMethod): boolean {
    const own = buckets.get(`${resourcePath} ${httpMethod}`) ?? buckets.get(`${resourcePath} *`);
    return (own ?? buckets.get('*'))?.take() === false;
  }

  const handle: FrontHandler = async (sent) => {
    const requestId = randomUUID();
    const request = unpacked(sent);
    if (request === undefined) return answerItself('UNSUPPORTED_MEDIA_TYPE', requestId, sent);
    const place = placeOf(plan, request, executeApiHost);
    if (place === undefined) {
      return {
        status: 403,
        headers: [['content-type', 'application/json']],
        body: '{"message":"Forbidden"}',
      };
    }
    const match = matchRoute(plan.methods, request.method, place.path);
    if (match === undefined) return answerItself('MISSING_AUTHENTICATION_TOKEN', requestId, request);
    const { method } = match;
    if (isThrottled(method)) return answerItself('THROTTLED', requestId, request);
    const call: RestCall = {
      plan,
      request,
      method,
      pathParameters: match.pathParameters,
      requestId,
      ...place,
      fullPath: request.path,
      timeMs: Date.now(),
    };
    let context: AuthorizerContext | undefined;
    if (method.authorizer !== undefined) {
      const authorized = await authorizers.authorize(method.authorizer, call);
      if ('refused' in authorized) return answerItself(authorized.refused, requestId, request);
      ({ context } = authorized);
    }
    const told = await withinMs(
      method.timeoutMs,
      findFunction(method.functionArn).invoke(restApiEvent(call, context)),
    );
    if (told === undefined) return answerItself('INTEGRATION_TIMEOUT', requestId, request);
    if (told.kind === 'throttled') return answerItself('API_CONFIGURATION_ERROR', requestId, request);
    if (told.kind === 'too-large') return answerItself('REQUEST_TOO_LARGE', requestId, request);
    if (told.kind === 'error' || !isProxyResult(told.payload))
      return answerItself('BAD_GATEWAY', requestId, request);
    return toAnswer(plan, request, requestId, told.payload);
  };
  return { handle, tooLarge: () => answerItself('REQUEST_TOO_LARGE', randomUUID()) };
}

/**
 * "Call an API method with a compressed payload": by default a body in gzip or deflate is unpacked, and what is neither is
 * refused. The field `Content-Encoding` goes on to the function all the same.
 * @returns undefined for what is refused.
 */
function unpacked(request: FrontRequest): FrontRequest | undefined {
  const encoding = headerOf(request, 'content-encoding')?.toLowerCase() ?? 'identity';
  if (encoding === 'identity' || request.body.length === 0) return request;
  try {
    if (encoding === 'gzip') return { ...request, body: gunzipSync(request.body) };
    if (encoding === 'deflate') return { ...request, body: inflateSync(request.body) };
  } catch {
    // As is said above.
  }
  return undefined;
}

/** @returns undefined where nothing is mapped. */
function placeOf(
  plan: RestApiPlan,
  request: FrontRequest,
  executeApiHost: string,
): { readonly host: string; readonly path: string } | undefined {
  const [host = ''] = (headerOf(request, 'host') ?? '').split(':');
  const mapped = plan.domains.get(host);
  if (mapped !== undefined) {
    const isMapped = mapped === '' || `${request.path}/`.startsWith(`/${mapped}/`);
    return isMapped
      ? { host, path: request.path.slice(mapped === '' ? 0 : mapped.length + 1) || '/' }
      : undefined;
  }
  // Any other host is this machine, where the client of the test would have called the API's own address.
  if (plan.executeApiDisabled || !`${request.path}/`.startsWith(`/${plan.stage}/`)) return undefined;
  return { host: executeApiHost, path: request.path.slice(plan.stage.length + 1) || '/' };
}

async function withinMs<T>(timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
  }
}

const RESULT_MEMBERS = new Set(['statusCode', 'headers', 'multiValueHeaders', 'body', 'isBase64Encoded']);

/** Anything else is a malformed proxy response: "Output format of a Lambda function for proxy integration". */
function isProxyResult(value: unknown): value is APIGatewayProxyResult {
  if (typeof value !== 'object' || value === null) return false;
  const {
    statusCode,
    body = '',
    headers = {},
    multiValueHeaders = {},
  } = value as Partial<APIGatewayProxyResult>;
  return (
    Object.keys(value).every((name) => RESULT_MEMBERS.has(name)) &&
    Number.isInteger(statusCode) &&
    typeof body === 'string' &&
    Object.values(headers).every((one) => typeof one !== 'object') &&
    Object.values(multiValueHeaders).every((one) => Array.isArray(one))
  );
}

/** Sent under another name: "Important notes for REST APIs", Amazon API Gateway. */
const REMAPPED = new Set([
  'connection',
  'content-length',
  'date',
  'server',
  'transfer-encoding',
  'upgrade',
  'www-authenticate',
]);

function toAnswer(
  plan: RestApiPlan,
  request: FrontRequest,
  requestId: string,
  result: APIGatewayProxyResult,
): FrontAnswer {
  const many = Object.entries(result.multiValueHeaders ?? {}).flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, String(value)]),
  );
  const single = Object.entries(result.headers ?? {})
    .filter(([name, value]) => !many.some(([one, other]) => one === name && other === String(value)))
    .map(([name, value]): [string, string] => [name, String(value)]);
  const given = [...many, ...single].map(([name, value]): [string, string] =>
    REMAPPED.has(name.toLowerCase()) ? [`x-amzn-Remapped-${name}`, value] : [name, value],
  );
  const hasType = given.some(([name]) => name.toLowerCase() === 'content-type');
  // Decoded only where the first type that the client accepts is a binary one.
  const [accepted] = (headerOf(request, 'accept') ?? '*/*').split(',');
  const isBinary = result.isBase64Encoded === true && isBinaryType(plan, accepted);
  return {
    status: result.statusCode,
    headers: [
      ...(hasType ? [] : [['content-type', 'application/json'] as const]),
      ['x-amzn-RequestId', requestId],
      ...given,
    ],
    body: Buffer.from(result.body ?? '', isBinary ? 'base64' : 'utf8'),
  };
}
