/** The HTTP API's payload format 2.0, over real HTTP. */
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startFront } from '../front.ts';
import { createAnswering, responded } from './answering.ts';
import { createHttpApi } from './http-api.ts';
import { LIMITS } from './limits.ts';

const target = createAnswering('arn:aws:lambda:eu-west-1:000000000000:function:main', { statusCode: 204 });
const place = { apiId: 'abc', account: '000000000000', region: 'eu-west-1', stage: '$default' };
const front = await startFront({
  ...createHttpApi(place, target),
  maxBodyBytes: LIMITS.restApiBodyBytes,
  tooLarge: () => ({ status: 413, headers: [], body: '' }),
});
after(() => front.close());

test('a request becomes an event of format 2.0', async () => {
  const answer = await fetch(`${front.address}/a/b?x=1&x=2&y=a%20b`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', cookie: 'a=1; b=2', 'X-Many': 'one' },
    body: '{}',
  });
  assert.equal(answer.status, 204);
  const event = target.events[0] as APIGatewayProxyEventV2;
  assert.deepEqual([event.version, event.routeKey], ['2.0', '$default']);
  assert.deepEqual([event.rawPath, event.rawQueryString], ['/a/b', 'x=1&x=2&y=a%20b']);
  assert.deepEqual(event.queryStringParameters, { x: '1,2', y: 'a b' });
  assert.deepEqual(event.cookies, ['a=1', 'b=2']);
  assert.deepEqual([event.headers['x-many'], event.headers['cookie']], ['one', undefined]);
  assert.equal(event.headers['host'], 'abc.execute-api.eu-west-1.amazonaws.com');
  assert.deepEqual([event.body, event.isBase64Encoded], ['{}', false]);
  assert.deepEqual([event.requestContext.http.method, event.requestContext.stage], ['POST', '$default']);
});

test('bytes are base64, and an answer without a status is the body of a 200', async () => {
  target.answer = () => responded({ hello: 'world' });
  const bytes = Buffer.from([0, 1, 255]);
  const answer = await fetch(front.address, { method: 'POST', body: bytes });
  assert.deepEqual([answer.status, await answer.json()], [200, { hello: 'world' }]);
  const event = target.events.at(-1) as APIGatewayProxyEventV2;
  assert.deepEqual([event.body, event.isBase64Encoded], [bytes.toString('base64'), true]);
});

test('cookies of an answer are headers of their own', async () => {
  target.answer = () =>
    responded({ statusCode: 200, cookies: ['a=1', 'b=2'], body: 'eA==', isBase64Encoded: true });
  const answer = await fetch(front.address);
  assert.deepEqual([answer.headers.getSetCookie(), await answer.text()], [['a=1', 'b=2'], 'x']);
});
