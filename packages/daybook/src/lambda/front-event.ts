/**
 * Which front an event is of, and the request in it. The fronts are told apart by members that each of them alone has.
 */
import type { ALBEvent, APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda';

import { readBalancerEvent } from './front-balancer.ts';
import { readHttpApiEvent } from './front-http-api.ts';
import type { FrontRequest } from './front-request.ts';
import { readRestApiEvent } from './front-rest-api.ts';

/** @returns undefined for what is no request. @throws {DaybookError} REQUEST_MALFORMED */
export function readFrontEvent(event: unknown): FrontRequest | undefined {
  if (!isObject(event) || !isObject(event['requestContext'])) return undefined;
  const { requestContext } = event;
  if (isObject(requestContext['http'])) {
    const complete =
      isText(event['rawPath']) && isText(event['rawQueryString']) && isText(requestContext['http']['method']);
    return complete && isObject(event['headers'])
      ? readHttpApiEvent(event as unknown as APIGatewayProxyEventV2)
      : undefined;
  }
  if (!isText(event['httpMethod']) || !isText(event['path'])) return undefined;
  return isObject(requestContext['elb'])
    ? readBalancerEvent(event as unknown as ALBEvent)
    : readRestApiEvent(event as unknown as APIGatewayProxyEvent);
}

/** Whether the answer must have lists of fields, as the balancer's event has. */
export function hasFieldLists(event: unknown): boolean {
  return isObject(event) && isObject(event['multiValueHeaders']);
}

/** "Create an Amazon EventBridge rule that runs on a schedule": it is the same of EventBridge Scheduler. */
export function isScheduled(event: unknown): boolean {
  return isObject(event) && event['detail-type'] === 'Scheduled Event' && !('requestContext' in event);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
