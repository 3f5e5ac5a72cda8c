/**
 * Events of a REST API of API Gateway, and of an HTTP API with payload format 1.0: "Input format of a Lambda function for
 * proxy integration" in the Developer Guide. Parameters come with their escapes undone.
 */
import type { APIGatewayProxyEvent } from 'aws-lambda';

import { REST_API } from './aws-fronts.ts';
import type { FrontRequest } from './front-request.ts';
import { eachField, takePeerAddress, toBody, toHeaders } from './front-request.ts';

/** Nullable in the events, whatever their type says: consoles and tests send them so. */
type RestApiEvent = Pick<
  APIGatewayProxyEvent,
  'httpMethod' | 'path' | 'headers' | 'body' | 'isBase64Encoded' | 'requestContext'
> &
  Partial<
    Pick<
      APIGatewayProxyEvent,
      'multiValueHeaders' | 'queryStringParameters' | 'multiValueQueryStringParameters'
    >
  >;

export function readRestApiEvent(event: RestApiEvent): FrontRequest {
  const { requestContext } = event;
  const headers = toHeaders(eachField(event.multiValueHeaders ?? event.headers ?? {}));
  const parameters = eachField(event.multiValueQueryStringParameters ?? event.queryStringParameters ?? {});
  const body = toBody(event.body, event.isBase64Encoded);
  forgetUndoneEncoding(headers, body);
  return {
    front: REST_API,
    method: event.httpMethod,
    basePath: stageOf(event),
    path: event.path,
    search: new URLSearchParams(
      [...parameters].map(([name, value]): [string, string] => [name, value]),
    ).toString(),
    headers,
    body,
    peer: { address: takePeerAddress(headers, requestContext.identity?.sourceIp ?? ''), protocol: 'https' },
    authorizer: requestContext.authorizer,
  };
}

/** What every gzip member begins with: RFC 1952 §2.3.1. */
const GZIP = Buffer.from([0x1f, 0x8b]);

/**
 * A REST API unpacks a body in gzip by itself ("Call an API method with a compressed payload") and hands on the field that
 * says that it is packed; an HTTP API does not. Which of them it was is seen at the bytes.
 */
function forgetUndoneEncoding(headers: Headers, body: Buffer | undefined): void {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase();
  const isUndone = body !== undefined && !body.subarray(0, GZIP.byteLength).equals(GZIP);
  if ((encoding === 'gzip' || encoding === 'x-gzip') && isUndone) headers.delete('content-encoding');
}

/**
 * `path` is without the stage and `requestContext.path` as the caller sent it: they differ where the caller names the stage,
 * at the API's own host name, and are the same at the root of a custom domain.
 */
function stageOf({ path, requestContext }: Pick<RestApiEvent, 'path' | 'requestContext'>): string {
  const { path: sent, stage } = requestContext;
  const prefix = `/${stage}`;
  return sent !== path && (sent === prefix || sent.startsWith(`${prefix}/`)) ? prefix : '';
}
