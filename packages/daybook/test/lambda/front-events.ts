/**
 * One request as the events of every front, with the members that AWS's documentation shows: "Input format of a Lambda
 * function for proxy integration" (REST API), "Payload format structure" (HTTP API), "Lambda functions as targets"
 * (Application Load Balancer, with and without multi-value headers).
 */
import type { ALBEvent, APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda';

export interface SentRequest {
  readonly method?: string;
  /** As the caller writes it, escaped, with its query. */
  readonly target: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array;
  /** At the API's own host name the path begins with this stage. */
  readonly stage?: string;
  readonly host?: string;
  readonly authorizer?: Readonly<Record<string, string>>;
}

export const FRONT_NAMES = ['rest-api', 'http-api', 'alb', 'alb-lists'] as const;
export type FrontName = (typeof FRONT_NAMES)[number];

export const CALLER = '203.0.113.9';
const API_ID = 'a1b2c3d4e5';
export const API_HOST = `${API_ID}.execute-api.eu-west-1.amazonaws.com`;
/** What stays text behind a balancer, unless it has an encoding. */
const TEXT_TYPES = /^(?:text\/|application\/(?:json|javascript|xml))/;

export function frontEvent(front: FrontName, sent: SentRequest): unknown {
  if (front === 'rest-api') return restApiEvent(sent);
  return front === 'http-api' ? httpApiEvent(sent) : balancerEvent(sent, front === 'alb-lists');
}

export function restApiEvent(sent: SentRequest): APIGatewayProxyEvent {
  const { method = 'GET', stage, host = stage === undefined ? 'daybook.example' : API_HOST } = sent;
  const { path, query } = splitTarget(sent.target);
  const multiValueHeaders = grouped(
    withForwarded(sent, host).map(([name, value]) => [capitals(name), value] as const),
  );
  const parameters = grouped([...new URLSearchParams(query)]);
  return {
    resource: '/{proxy+}',
    path,
    httpMethod: method,
    headers: lastOf(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: query === '' ? null : lastOf(parameters),
    multiValueQueryStringParameters: query === '' ? null : parameters,
    pathParameters: { proxy: path.slice(1) },
    stageVariables: null,
    requestContext: {
      accountId: '123456789012',
      apiId: API_ID,
      authorizer: sent.authorizer,
      domainName: host,
      domainPrefix: host.split('.')[0],
      extendedRequestId: 'KZQWgHxwDoEFXKw=',
      httpMethod: method,
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
        sourceIp: CALLER,
        user: null,
        userAgent: 'curl/8.9.1',
        userArn: null,
      },
      path: `${stage === undefined ? '' : `/${stage}`}${path}`,
      protocol: 'HTTP/1.1',
      requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
      requestTime: '21/Nov/2026:07:55:43 +0000',
      requestTimeEpoch: 1_795_247_743_368,
      resourceId: '123456',
      resourcePath: '/{proxy+}',
      stage: stage ?? 'dev',
    },
    ...bodyOf(sent, true),
  };
}

export function httpApiEvent(sent: SentRequest): APIGatewayProxyEventV2 {
  const { method = 'GET', stage, host = stage === undefined ? 'daybook.example' : API_HOST } = sent;
  const { path, query } = splitTarget(sent.target);
  const fields = withForwarded(sent, host);
  const cookies = fields.filter(([name]) => name === 'cookie').flatMap(([, value]) => value.split('; '));
  const all = grouped(fields.filter(([name]) => name !== 'cookie'));
  const rawPath = `${stage === undefined ? '' : `/${stage}`}${path}`;
  const { body, isBase64Encoded } = bodyOf(sent, !isTextual(sent));
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString: query,
    ...(cookies.length > 0 && { cookies }),
    headers: Object.fromEntries(Object.entries(all).map(([name, values]) => [name, values.join(',')])),
    requestContext: {
      accountId: '123456789012',
      apiId: API_ID,
      ...(sent.authorizer && { authorizer: { lambda: sent.authorizer } }),
      domainName: host,
      domainPrefix: host.split('.')[0] ?? '',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: CALLER, userAgent: 'curl/8.9.1' },
      requestId: 'JKJaXmPLvHcESHA=',
      routeKey: '$default',
      stage: stage ?? '$default',
      time: '21/Nov/2026:07:55:43 +0000',
      timeEpoch: 1_795_247_743_368,
    },
    ...(body !== null && { body }),
    isBase64Encoded,
  };
}

export function balancerEvent(sent: SentRequest, lists: boolean): ALBEvent {
  const { method = 'GET', host = 'daybook.example' } = sent;
  const { path, query } = splitTarget(sent.target);
  const fields = grouped(withForwarded(sent, host));
  // Not decoded: "If the query parameters are URL-encoded, the load balancer does not decode them".
  const parameters = grouped(
    query === ''
      ? []
      : query.split('&').map((pair) => {
          const at = pair.indexOf('=');
          return at === -1 ? ([pair, ''] as const) : ([pair.slice(0, at), pair.slice(at + 1)] as const);
        }),
  );
  const { body, isBase64Encoded } = bodyOf(sent, !isTextual(sent));
  return {
    requestContext: {
      elb: {
        targetGroupArn:
          'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/daybook/6d0ecf831eec9f09',
      },
    },
    httpMethod: method,
    path,
    ...(lists
      ? { multiValueQueryStringParameters: parameters, multiValueHeaders: fields }
      : { queryStringParameters: lastOf(parameters), headers: lastOf(fields) }),
    body: body ?? '',
    isBase64Encoded,
  };
}

/** "Health checks for Lambda targets". */
export function healthCheckEvent(path: string): ALBEvent {
  return {
    requestContext: {
      elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/daybook/6d0e' },
    },
    httpMethod: 'GET',
    path,
    queryStringParameters: {},
    headers: { 'user-agent': 'ELB-HealthChecker/2.0' },
    body: '',
    isBase64Encoded: false,
  };
}

function splitTarget(target: string): { path: string; query: string } {
  const at = target.indexOf('?');
  return at === -1 ? { path: target, query: '' } : { path: target.slice(0, at), query: target.slice(at + 1) };
}

/** What all of them add. */
function withForwarded({ headers = [] }: SentRequest, host: string): (readonly [string, string])[] {
  const lower = headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  const before = lower.filter(([name]) => name === 'x-forwarded-for').map(([, value]) => value);
  return [
    ...lower.filter(([name]) => name !== 'x-forwarded-for'),
    ['host', host],
    ['x-forwarded-for', [...before, CALLER].join(', ')],
    ['x-forwarded-port', '443'],
    ['x-forwarded-proto', 'https'],
    ['x-amzn-trace-id', 'Root=1-5c536348-3d683b8b04734faae651f476'],
  ];
}

function bodyOf({ body }: SentRequest, asBase64: boolean): { body: string | null; isBase64Encoded: boolean } {
  if (body === undefined || body.length === 0) return { body: null, isBase64Encoded: false };
  return { body: Buffer.from(body).toString(asBase64 ? 'base64' : 'utf8'), isBase64Encoded: asBase64 };
}

function isTextual({ headers = [] }: SentRequest): boolean {
  const valueOf = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
  return valueOf('content-encoding') === undefined && TEXT_TYPES.test(valueOf('content-type') ?? '');
}

function grouped(pairs: readonly (readonly [string, string])[]): Record<string, string[]> {
  const lists: Record<string, string[]> = {};
  for (const [name, value] of pairs) (lists[name] ??= []).push(value);
  return lists;
}

function lastOf(lists: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  return Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values.at(-1) ?? '']));
}

function capitals(name: string): string {
  return name.replaceAll(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
