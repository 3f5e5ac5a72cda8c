/**
 * What API Gateway answers itself: the template's gateway responses, else its own ("Gateway responses for REST APIs in
 * API Gateway" and "Gateway response types for API Gateway"). Templates without logic: `$context` variables are put in.
 */
import type { ResolvedStack } from '../template/resolve-template.ts';
import type { FrontAnswer } from './exchange.ts';

/** Status and message of the types that this front gives. */
const TYPES = {
  ACCESS_DENIED: [403, 'User is not authorized to access this resource'],
  AUTHORIZER_CONFIGURATION_ERROR: [500, 'Internal server error'],
  AUTHORIZER_FAILURE: [500, 'Internal server error'],
  API_CONFIGURATION_ERROR: [500, 'Internal server error'],
  INTEGRATION_TIMEOUT: [504, 'Endpoint request timed out'],
  MISSING_AUTHENTICATION_TOKEN: [403, 'Missing Authentication Token'],
  REQUEST_TOO_LARGE: [413, 'HTTP content length exceeded 10485760 bytes.'],
  THROTTLED: [429, 'Too Many Requests'],
  UNAUTHORIZED: [401, 'Unauthorized'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'Unsupported Media Type'],
  /** A function that failed, or an answer that is none: no type of its own, so DEFAULT_5XX. */
  BAD_GATEWAY: [502, 'Internal server error'],
} as const satisfies Record<string, readonly [number, string]>;

export type GatewayResponseType = keyof typeof TYPES;

export interface GatewayResponse {
  readonly type: string;
  readonly status: number | undefined;
  /** By header: a text between quotes, or `context.<variable>`. */
  readonly headers: Readonly<Record<string, string>>;
  /** By content type. */
  readonly templates: Readonly<Record<string, string>>;
}

export function readGatewayResponses(stack: ResolvedStack, restApiId: string): GatewayResponse[] {
  return stack.resources('AWS::ApiGateway::GatewayResponse').flatMap((resource) => {
    const properties = resource.properties() as {
      readonly RestApiId: string;
      readonly ResponseType: string;
      readonly StatusCode?: string;
      readonly ResponseParameters?: Readonly<Record<string, string>>;
      readonly ResponseTemplates?: Readonly<Record<string, string>>;
    };
    if (properties.RestApiId !== restApiId) return [];
    const parameters = Object.entries(properties.ResponseParameters ?? {});
    const prefix = 'gatewayresponse.header.';
    return [
      {
        type: properties.ResponseType,
        status: properties.StatusCode === undefined ? undefined : Number(properties.StatusCode),
        headers: Object.fromEntries(
          parameters
            .filter(([name]) => name.startsWith(prefix))
            .map(([name, value]) => [name.slice(prefix.length), value]),
        ),
        templates: properties.ResponseTemplates ?? {},
      },
    ];
  });
}

export interface GatewayContext {
  readonly requestId: string;
  readonly accept: string | undefined;
}

/** @throws {Error} for a variable that is not known here, rather than send it as it stands. */
export function gatewayAnswer(
  responses: readonly GatewayResponse[],
  type: GatewayResponseType,
  { requestId, accept }: GatewayContext,
): FrontAnswer {
  const [status, message] = TYPES[type];
  const fallback = status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX';
  const found = responses.find((one) => one.type === type) ?? responses.find((one) => one.type === fallback);
  const variables: Readonly<Record<string, string>> = {
    requestId,
    extendedRequestId: `${requestId.slice(0, 8)}=`,
    'error.message': message,
    'error.messageString': JSON.stringify(message),
    'error.responseType': type === 'BAD_GATEWAY' ? fallback : type,
  };
  const variable = (name: string): string => {
    const value = variables[name];
    if (value === undefined) throw new Error(`expected a context variable that is known, given ${name}`);
    return value;
  };
  const templates = found?.templates ?? {};
  // By Accept, else JSON, else what there is.
  const contentType =
    [accept, 'application/json', ...Object.keys(templates)].find(
      (one) => one !== undefined && one in templates,
    ) ?? 'application/json';
  const template = templates[contentType] ?? '{"message":$context.error.messageString}';
  const body = template.replace(/\$\{?context\.([A-Za-z.]+[A-Za-z])\}?/g, (_whole, name: string) =>
    variable(name),
  );
  const headers = Object.entries(found?.headers ?? {}).map(([name, value]): [string, string] => {
    const [, text] = /^'(.*)'$/s.exec(value) ?? [];
    return [name, text ?? variable(value.replace(/^context\./, ''))];
  });
  const hasType = headers.some(([name]) => name.toLowerCase() === 'content-type');
  return {
    status: found?.status ?? status,
    headers: [
      ...(hasType ? [] : [['content-type', contentType] as const]),
      ['x-amzn-RequestId', requestId],
      ['x-amzn-ErrorType', `${type}Exception`],
      ...headers,
    ],
    body,
  };
}
