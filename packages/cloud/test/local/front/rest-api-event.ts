/**
 * Events of a REST API: what a function with proxy integration is given ("Lambda proxy integrations in API Gateway",
 * "Input format") and what a REQUEST authorizer is ("Input to an API Gateway Lambda authorizer").
 */
import type {
  APIGatewayEventRequestContextWithAuthorizer,
  APIGatewayProxyEventBase,
  APIGatewayRequestAuthorizerEvent,
} from 'aws-lambda';

import type { FrontRequest } from './exchange.ts';
import { byName, decodeParameter, headerOf, rawParameters } from './exchange.ts';
import type { RestApiPlan, RestMethod } from './rest-api-plan.ts';

/** As an authorizer gave it, all of it text. */
export type AuthorizerContext = Readonly<Record<string, string | number>>;

export interface RestCall {
  readonly plan: RestApiPlan;
  readonly request: FrontRequest;
  readonly method: RestMethod;
  readonly pathParameters: Readonly<Record<string, string>> | null;
  readonly requestId: string;
  /** The host that the client would have called. */
  readonly host: string;
  /** Without the stage; with the mapped part of a custom domain. */
  readonly path: string;
  /** As in the URL. */
  readonly fullPath: string;
  readonly timeMs: number;
}

type RequestContext = APIGatewayEventRequestContextWithAuthorizer<AuthorizerContext | undefined>;

export function restApiEvent(
  call: RestCall,
  authorizer: AuthorizerContext | undefined,
): APIGatewayProxyEventBase<AuthorizerContext | undefined> {
  const { request, plan } = call;
  const isBinary = request.body.length > 0 && isBinaryType(plan, headerOf(request, 'content-type'));
  return {
    ...requestParts(call),
    requestContext: requestContext(call, authorizer),
    body: request.body.length === 0 ? null : request.body.toString(isBinary ? 'base64' : 'utf8'),
    isBase64Encoded: isBinary,
  };
}

export function authorizerEvent(call: RestCall, methodArn: string): APIGatewayRequestAuthorizerEvent {
  return {
    type: 'REQUEST',
    methodArn,
    ...requestParts(call),
    requestContext: {
      ...requestContext(call, undefined),
      authorizer: undefined,
    },
  };
}

/** `binaryMediaTypes` may have a star for the type, the subtype or both; a request without type counts as JSON. */
export function isBinaryType(
  { binaryMediaTypes }: Pick<RestApiPlan, 'binaryMediaTypes'>,
  contentType: string | undefined,
): boolean {
  const [given = ''] = (contentType ?? 'application/json').split(';');
  const [type, subtype] = given.trim().toLowerCase().split('/');
  return binaryMediaTypes.some((one) => {
    const [wantedType, wantedSubtype] = one.toLowerCase().split('/');
    return (
      (wantedType === '*' || wantedType === type) && (wantedSubtype === '*' || wantedSubtype === subtype)
    );
  });
}

function requestParts({ plan, request, method, pathParameters, host, path, requestId }: RestCall) {
  const forwarded: FrontRequest['headers'] = [
    ['X-Forwarded-For', joined(headerOf(request, 'x-forwarded-for'), request.sourceIp)],
    ['X-Forwarded-Port', '443'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Amzn-Trace-Id', `Root=1-${requestId.slice(0, 8)}-${requestId.replaceAll('-', '').slice(8)}`],
  ];
  const replaced = new Set(['host', 'connection', ...forwarded.map(([name]) => name.toLowerCase())]);
  const headers = byName([
    ...request.headers.filter(([name]) => !replaced.has(name.toLowerCase())),
    ['Host', host],
    ...forwarded,
  ]);
  // "REST APIs decode URL-encoded request parameters before passing them": important notes, Amazon API Gateway.
  const parameters = byName(
    rawParameters(request.query).map(([name, value]) => [decodeParameter(name), decodeParameter(value)]),
  );
  const hasParameters = Object.keys(parameters.last).length > 0;
  return {
    resource: method.resourcePath,
    path,
    httpMethod: request.method,
    headers: headers.last,
    multiValueHeaders: headers.all,
    queryStringParameters: hasParameters ? parameters.last : null,
    multiValueQueryStringParameters: hasParameters ? parameters.all : null,
    pathParameters,
    stageVariables: plan.stageVariables,
  };
}

function joined(before: string | undefined, sourceIp: string): string {
  return before === undefined ? sourceIp : `${before}, ${sourceIp}`;
}

function requestContext(call: RestCall, authorizer: AuthorizerContext | undefined): RequestContext {
  const { plan, request, method, requestId, host, fullPath, timeMs } = call;
  const context: RequestContext = {
    accountId: plan.account,
    apiId: plan.apiId,
    authorizer,
    protocol: 'HTTP/1.1',
    httpMethod: request.method,
    path: fullPath,
    stage: plan.stage,
    requestId,
    extendedRequestId: `${requestId.slice(0, 8)}=`,
    requestTime: clfTime(timeMs),
    requestTimeEpoch: timeMs,
    resourceId: method.resourceId,
    resourcePath: method.resourcePath,
    domainName: host,
    domainPrefix: host.split('.')[0],
    identity: {
      accessKey: null,
      accountId: null,
      apiKey: null,
      apiKeyId: null,
      caller: null,
      clientCert: null,
      cognitoAuthenticationProvider: null,
      cognitoAuthenticationType: null,
      cognitoIdentityId: null,
      cognitoIdentityPoolId: null,
      principalOrgId: null,
      sourceIp: request.sourceIp,
      user: null,
      userAgent: headerOf(request, 'user-agent') ?? null,
      userArn: null,
    },
  };
  // Without authorizer the member is not there at all, whatever the type says.
  if (authorizer === undefined) Reflect.deleteProperty(context, 'authorizer');
  return context;
}

/** The time format of the Common Log Format, such as `20/Feb/2018:22:48:57 +0000`. */
function clfTime(timeMs: number): string {
  const [, day = '', month = '', year = '', time = ''] = new Date(timeMs).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
