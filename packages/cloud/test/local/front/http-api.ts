/**
 * An HTTP API with payload format 2.0 ("Create AWS Lambda proxy integrations for HTTP APIs in API Gateway"): one default
 * route to one function. No topology has one; the handlers understand its events, and this shows that they do.
 */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { randomUUID } from 'node:crypto';

import type { LocalFunction } from '../runtime.ts';
import type { FrontAnswer, FrontHandler, FrontRequest } from './exchange.ts';
import { decodeParameter, headerOf, rawParameters } from './exchange.ts';

export interface HttpApiPlace {
  readonly apiId: string;
  readonly account: string;
  readonly region: string;
  /** `$default` is not in the path. */
  readonly stage: string;
}

export function createHttpApi(
  place: HttpApiPlace,
  target: Pick<LocalFunction, 'invoke'>,
): { handle: FrontHandler } {
  return {
    async handle(request) {
      const told = await target.invoke(httpApiEvent(place, request, randomUUID(), Date.now()));
      return told.kind === 'response'
        ? toAnswer(told.payload)
        : failed(told.kind === 'throttled' ? 503 : 500);
    },
  };
}

export function httpApiEvent(
  { apiId, account, region, stage }: HttpApiPlace,
  request: FrontRequest,
  requestId: string,
  timeMs: number,
): APIGatewayProxyEventV2 {
  const host = `${apiId}.execute-api.${region}.amazonaws.com`;
  const headers: Record<string, string> = {};
  const added: FrontRequest['headers'] = [
    ['x-forwarded-for', [headerOf(request, 'x-forwarded-for'), request.sourceIp].filter(Boolean).join(', ')],
    ['x-forwarded-port', '443'],
    ['x-forwarded-proto', 'https'],
    ['host', host],
  ];
  const replaced = new Set(['cookie', 'connection', ...added.map(([name]) => name)]);
  const kept = request.headers.filter(([name]) => !replaced.has(name.toLowerCase()));
  // Names are in lower case, and values of one name are joined with commas.
  for (const [name, value] of [...kept, ...added]) {
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? value : `${headers[key]},${value}`;
  }
  const query: Record<string, string> = {};
  for (const [name, value] of rawParameters(request.query)) {
    const key = decodeParameter(name);
    query[key] =
      query[key] === undefined ? decodeParameter(value) : `${query[key]},${decodeParameter(value)}`;
  }
  const cookies = request.headers.flatMap(([name, value]) =>
    name.toLowerCase() === 'cookie' ? value.split(';').map((one) => one.trim()) : [],
  );
  const hasBody = request.body.length > 0;
  const isBase64Encoded = hasBody && !isText(headerOf(request, 'content-type'));
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: request.path,
    rawQueryString: request.query,
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(request.query !== '' && { queryStringParameters: query }),
    requestContext: {
      accountId: account,
      apiId,
      domainName: host,
      domainPrefix: apiId,
      http: {
        method: request.method,
        path: request.path,
        protocol: 'HTTP/1.1',
        sourceIp: request.sourceIp,
        userAgent: headerOf(request, 'user-agent') ?? '',
      },
      requestId,
      routeKey: '$default',
      stage,
      time: new Date(timeMs).toUTCString(),
      timeEpoch: timeMs,
    },
    ...(hasBody && { body: request.body.toString(isBase64Encoded ? 'base64' : 'utf8') }),
    isBase64Encoded,
  };
}

function isText(contentType = ''): boolean {
  return /^(?:text\/|application\/(?:json|javascript|xml)|application\/[^;]*\+(?:json|xml))/i.test(
    contentType,
  );
}

/** An answer without `statusCode` is the body of a 200, in JSON: format 2.0 of the same page. */
function toAnswer(payload: unknown): FrontAnswer {
  const isStructured = typeof payload === 'object' && payload !== null && 'statusCode' in payload;
  if (!isStructured) {
    return { status: 200, headers: [['content-type', 'application/json']], body: JSON.stringify(payload) };
  }
  const {
    statusCode = 200,
    headers = {},
    cookies = [],
    body = '',
    isBase64Encoded,
  } = payload as APIGatewayProxyStructuredResultV2;
  return {
    status: statusCode,
    headers: [
      ...Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
      ...cookies.map((cookie): [string, string] => ['set-cookie', cookie]),
    ],
    body: Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

function failed(status: number): FrontAnswer {
  const message = status === 503 ? 'Service Unavailable' : 'Internal Server Error';
  return { status, headers: [['content-type', 'application/json']], body: JSON.stringify({ message }) };
}
