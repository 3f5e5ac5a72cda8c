/**
 * What API Gateway says in Daybook's place is what Daybook would say.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ERRORS, errorType } from '../../daybook/src/errors.ts';
import type { ErrorCode } from '../../daybook/src/errors.ts';
import { problemSchema } from '../../daybook/src/contract/schemas.ts';
import { createFront } from '../src/front/front.ts';
import { GATEWAY_RESPONSE_TYPES } from '../src/front/gateway-responses.ts';
import { createSmallStack, propertiesOf, synthesizeClean } from './support/small-stack.ts';

/** "GatewayResponse", API Gateway's API reference: the valid values of responseType. */
const DOCUMENTED =
  'DEFAULT_4XX DEFAULT_5XX RESOURCE_NOT_FOUND UNAUTHORIZED INVALID_API_KEY ACCESS_DENIED AUTHORIZER_FAILURE AUTHORIZER_CONFIGURATION_ERROR INVALID_SIGNATURE EXPIRED_TOKEN MISSING_AUTHENTICATION_TOKEN INTEGRATION_FAILURE INTEGRATION_TIMEOUT API_CONFIGURATION_ERROR UNSUPPORTED_MEDIA_TYPE BAD_REQUEST_PARAMETERS BAD_REQUEST_BODY REQUEST_TOO_LARGE THROTTLED QUOTA_EXCEEDED WAF_FILTERED';

interface Answer {
  readonly ResponseType: string;
  readonly StatusCode: string;
  readonly ResponseTemplates: Readonly<Record<string, string>>;
  readonly ResponseParameters: Readonly<Record<string, string>>;
}

async function answers(t: Parameters<typeof createSmallStack>[0]) {
  const small = await createSmallStack(t, { front: { kind: 'rest-api' } });
  createFront(small.stack, small);
  const template = await synthesizeClean(small);
  const made = propertiesOf(template, 'AWS::ApiGateway::GatewayResponse');
  return new Map(
    (made as unknown as readonly Answer[]).map((answer) => [
      answer.ResponseType,
      {
        ...answer,
        problem: problemSchema.parse(JSON.parse(answer.ResponseTemplates['application/json'] ?? '')),
        header: (name: string) =>
          answer.ResponseParameters[`gatewayresponse.header.${name}`]?.replace(/^'(.*)'$/, '$1'),
      },
    ]),
  );
}

describe('gateway responses', () => {
  test('there is one for every kind that API Gateway documents', () => {
    assert.deepEqual(GATEWAY_RESPONSE_TYPES.toSorted(), DOCUMENTED.split(' ').toSorted());
  });

  test('each is a problem document of the registry, with the status that it names', async (t) => {
    for (const [type, { problem, StatusCode, header }] of await answers(t)) {
      const code = problem.code as ErrorCode;
      assert.equal(problem.status, ERRORS[code].status, type);
      assert.equal(StatusCode, String(problem.status), type);
      assert.equal(problem.type, errorType(code));
      assert.equal(problem.title, ERRORS[code].title);
      assert.equal(problem.retryable, ERRORS[code].retryable);
      assert.equal(problem.requestId, '$context.requestId');
      assert.equal(header('Content-Type'), 'application/problem+json; charset=utf-8');
    }
  });

  test('header fields are constants, which is all that API Gateway takes besides parts of the request', async (t) => {
    for (const { ResponseParameters } of (await answers(t)).values()) {
      for (const value of Object.values(ResponseParameters)) assert.match(value, /^'[^']+'$/);
    }
  });

  test('what may come right by itself says when to try again', async (t) => {
    for (const [type, { problem, header }] of await answers(t)) {
      const throttled = problem.status === 429 || problem.status === 503 || problem.status === 504;
      if (throttled) assert.match(header('Retry-After') ?? '', /^\d+$/, type);
    }
  });

  test('a write whose function did not answer may have been done, and one that never got there was not', async (t) => {
    const made = await answers(t);
    const unknown = [...made]
      .filter(([, { problem }]) => problem.outcome === 'unknown')
      .map(([type]) => type);
    assert.deepEqual(unknown.toSorted(), [
      'API_CONFIGURATION_ERROR',
      'DEFAULT_5XX',
      'INTEGRATION_FAILURE',
      'INTEGRATION_TIMEOUT',
    ]);
    for (const [type, { problem }] of made) assert.ok(problem.outcome !== undefined, type);
  });

  test('each of the five systems’ bare words has become a code', async (t) => {
    const made = await answers(t);
    const told = (type: string) => {
      const answer = made.get(type);
      return `${answer?.StatusCode} ${answer?.problem.code}`;
    };
    assert.equal(told('THROTTLED'), '429 RATE_LIMITED');
    assert.equal(told('MISSING_AUTHENTICATION_TOKEN'), '404 NOT_FOUND');
    assert.equal(told('AUTHORIZER_FAILURE'), '503 CREDENTIAL_UNVERIFIABLE');
    assert.equal(told('INTEGRATION_TIMEOUT'), '504 NO_ANSWER');
    assert.equal(told('WAF_FILTERED'), '403 FILTERED');
    assert.equal(told('UNAUTHORIZED'), '401 UNAUTHENTICATED');
    assert.equal(made.get('UNAUTHORIZED')?.header('WWW-Authenticate'), 'Bearer');
  });
});
