/**
 * Events of an HTTP API of API Gateway with payload format 2.0: "Create AWS Lambda proxy integrations for HTTP APIs" in
 * the Developer Guide. Fields of one name are joined by commas; cookies have a list of their own; the query is as it was
 * sent.
 */
import type { APIGatewayProxyEventV2 } from 'aws-lambda';

import { HTTP_API } from './aws-fronts.ts';
import type { FrontRequest } from './front-request.ts';
import { eachField, takePeerAddress, toBody, toHeaders } from './front-request.ts';

/** Of an API without stages in its addresses. */
const DEFAULT_STAGE = '$default';

export function readHttpApiEvent(event: APIGatewayProxyEventV2 & WithAuthorizer): FrontRequest {
  const { requestContext, rawPath, cookies = [] } = event;
  const headers = toHeaders(eachField(event.headers));
  if (cookies.length > 0) headers.set('cookie', cookies.join('; '));
  return {
    front: HTTP_API,
    method: requestContext.http.method,
    ...placeOf(rawPath, requestContext),
    search: event.rawQueryString,
    headers,
    body: toBody(event.body, event.isBase64Encoded),
    peer: { address: takePeerAddress(headers, requestContext.http.sourceIp), protocol: 'https' },
    authorizer: requestContext.authorizer?.lambda,
  };
}

interface WithAuthorizer {
  readonly requestContext: {
    /** "Create AWS Lambda authorizers for HTTP APIs": what a Lambda authorizer says is under `lambda`. */
    readonly authorizer?: { readonly lambda?: unknown };
  };
}

/** The path begins with the stage unless that is the default one; at a custom domain the caller did not send it. */
function placeOf(
  rawPath: string,
  { stage, domainName, apiId }: APIGatewayProxyEventV2['requestContext'],
): Pick<FrontRequest, 'basePath' | 'path'> {
  const prefix = `/${stage}`;
  const isBelow = rawPath === prefix || rawPath.startsWith(`${prefix}/`);
  if (stage === DEFAULT_STAGE || !isBelow) return { basePath: '', path: rawPath };
  const isOwnHost = domainName.startsWith(`${apiId}.execute-api.`);
  return { basePath: isOwnHost ? prefix : '', path: rawPath.slice(prefix.length) || '/' };
}
