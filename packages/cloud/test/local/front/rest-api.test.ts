/** The REST API of a template over real HTTP: its events, its limits, its authorizer, what it answers itself. */
import type { APIGatewayProxyEvent, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import { openFront } from '../start-front.ts';
import { resolveTemplate } from '../template/resolve-template.ts';
import type { AnsweringFunction } from './answering.ts';
import { createAnswering, responded } from './answering.ts';

const place = { stackName: 'rest', account: '000000000000', region: 'eu-west-1' };
const uri = (name: string) => ({
  'Fn::Join': [
    '',
    [
      'arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/',
      { 'Fn::GetAtt': [name, 'Arn'] },
      '/invocations',
    ],
  ],
});
const Api = { Ref: 'Api' };
const root = { 'Fn::GetAtt': ['Api', 'RootResourceId'] };
const method = (ResourceId: unknown, HttpMethod: string, name = 'Main', more: object = {}) => ({
  Type: 'AWS::ApiGateway::Method',
  Properties: {
    RestApiId: Api,
    ResourceId,
    HttpMethod,
    AuthorizationType: 'NONE',
    Integration: { Type: 'AWS_PROXY', Uri: uri(name), TimeoutInMillis: 300 },
    ...more,
  },
});
const guarded = { AuthorizationType: 'CUSTOM', AuthorizerId: { Ref: 'Authorizer' } };
const resource = (ParentId: unknown, PathPart: string) => ({
  Type: 'AWS::ApiGateway::Resource',
  Properties: { RestApiId: Api, ParentId, PathPart },
});
const problem = (code: string) => `{"code":"${code}","requestId":"$context.requestId"}`;

interface Opened {
  readonly url: string;
  readonly main: AnsweringFunction;
  readonly other: AnsweringFunction;
  readonly authorizer: AnsweringFunction;
}

async function open(t: TestContext, throttle = { rate: 1000, burst: 1000 }): Promise<Opened> {
  const stack = resolveTemplate(
    {
      Resources: {
        Main: { Type: 'AWS::Lambda::Function' },
        Other: { Type: 'AWS::Lambda::Function' },
        Checks: { Type: 'AWS::Lambda::Function' },
        Api: { Type: 'AWS::ApiGateway::RestApi', Properties: { BinaryMediaTypes: ['*/*'] } },
        Stage: {
          Type: 'AWS::ApiGateway::Stage',
          Properties: {
            StageName: 'dev',
            MethodSettings: [
              {
                HttpMethod: '*',
                ResourcePath: '/*',
                ThrottlingRateLimit: throttle.rate,
                ThrottlingBurstLimit: throttle.burst,
              },
            ],
          },
        },
        Domain: { Type: 'AWS::ApiGateway::DomainName', Properties: { DomainName: 'daybook.example.com' } },
        Mapping: {
          Type: 'AWS::ApiGateway::BasePathMapping',
          Properties: { DomainName: { Ref: 'Domain' }, RestApiId: Api },
        },
        Authorizer: {
          Type: 'AWS::ApiGateway::Authorizer',
          Properties: {
            Type: 'REQUEST',
            AuthorizerUri: uri('Checks'),
            IdentitySource: 'method.request.header.Authorization',
            AuthorizerResultTtlInSeconds: 300,
          },
        },
        Proxy: resource(root, '{proxy+}'),
        Ready: resource(root, 'readyz'),
        Data: resource(root, 'data'),
        AtRoot: method(root, 'ANY'),
        AtProxy: method({ Ref: 'Proxy' }, 'ANY'),
        AtReady: method({ Ref: 'Ready' }, 'GET', 'Other'),
        AtData: method({ Ref: 'Data' }, 'ANY', 'Main', guarded),
        Throttled: {
          Type: 'AWS::ApiGateway::GatewayResponse',
          Properties: {
            RestApiId: Api,
            ResponseType: 'THROTTLED',
            StatusCode: '429',
            ResponseParameters: {
              'gatewayresponse.header.Retry-After': "'1'",
              'gatewayresponse.header.Content-Type': "'application/problem+json'",
              'gatewayresponse.header.X-Request-Id': 'context.requestId',
            },
            ResponseTemplates: { 'application/json': problem('RATE_LIMITED') },
          },
        },
        Rest4: {
          Type: 'AWS::ApiGateway::GatewayResponse',
          Properties: {
            RestApiId: Api,
            ResponseType: 'DEFAULT_4XX',
            ResponseTemplates: { 'application/json': problem('NOT_TAKEN') },
          },
        },
      },
    },
    place,
  );
  const functions = ['Main', 'Other', 'Checks'].map((name) =>
    createAnswering(stack.resource(name).attribute('Arn'), { statusCode: 201, body: 'made' }),
  );
  const [main, other, authorizer] = functions;
  assert.ok(main && other && authorizer);
  const front = await openFront(stack, (arn) => {
    const found = functions.find((one) => one.arn === arn);
    assert.ok(found, arn);
    return found;
  });
  t.after(() => front.close());
  return { url: front.url, main, other, authorizer };
}

/** `fetch` sets its own Host. */
function getWithHost(url: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once('error', reject);
    asked.end();
  });
}

test('a request becomes the event that the developer guide shows', async (t) => {
  const { url, main } = await open(t);
  const answer = await fetch(`${url}/hello/w%C3%B6rld?name=me&name=you%20two&empty`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': '203.0.113.7' },
    body: '{"a":1}',
  });
  assert.deepEqual([answer.status, await answer.text()], [201, 'made']);
  const event = main.events[0] as APIGatewayProxyEvent;
  assert.equal(event.resource, '/{proxy+}');
  assert.equal(event.path, '/hello/w%C3%B6rld');
  assert.equal(event.httpMethod, 'POST');
  assert.deepEqual(event.pathParameters, { proxy: 'hello/wörld' });
  assert.deepEqual(event.queryStringParameters, { name: 'you two', empty: '' });
  assert.deepEqual(event.multiValueQueryStringParameters, { name: ['me', 'you two'], empty: [''] });
  assert.equal(event.stageVariables, null);
  assert.deepEqual([event.body, event.isBase64Encoded], [Buffer.from('{"a":1}').toString('base64'), true]);
  const { requestContext, headers, multiValueHeaders } = event;
  assert.equal(headers['Host'], `${requestContext.apiId}.execute-api.eu-west-1.amazonaws.com`);
  assert.equal(headers['X-Forwarded-For'], '203.0.113.7, 127.0.0.1');
  assert.deepEqual(multiValueHeaders['X-Forwarded-Proto'], ['https']);
  assert.equal(requestContext.path, '/dev/hello/w%C3%B6rld');
  assert.equal(requestContext.stage, 'dev');
  assert.equal(requestContext.resourcePath, '/{proxy+}');
  assert.equal(requestContext.identity.sourceIp, '127.0.0.1');
  assert.match(requestContext.requestTime ?? '', /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
  assert.equal('authorizer' in requestContext, false);
});

test('no body is null, and no query is null', async (t) => {
  const { url, main } = await open(t);
  await fetch(`${url}/app`, { method: 'POST' });
  const event = main.events[0] as APIGatewayProxyEvent;
  assert.deepEqual(
    [event.body, event.isBase64Encoded, event.queryStringParameters, event.multiValueQueryStringParameters],
    [null, false, null, null],
  );
});

test('bytes go both ways as they are', async (t) => {
  const { url, main } = await open(t);
  const bytes = Buffer.from([0, 255, 128, 10, 13]);
  main.answer = () =>
    responded({
      statusCode: 200,
      isBase64Encoded: true,
      body: bytes.toString('base64'),
      multiValueHeaders: { 'Content-Type': ['application/octet-stream'], 'Set-Cookie': ['a=1', 'b=2'] },
    });
  const answer = await fetch(`${url}/app`, { method: 'POST', body: bytes });
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
  assert.deepEqual(answer.headers.getSetCookie(), ['a=1', 'b=2']);
  assert.equal((main.events[0] as APIGatewayProxyEvent).body, bytes.toString('base64'));
});

test('what is written out comes before the rest, and a custom domain has no stage', async (t) => {
  const { url, main, other } = await open(t);
  await fetch(`${url}/readyz`);
  assert.deepEqual([main.events.length, other.events.length], [0, 1]);
  const { origin } = new URL(url);
  assert.equal(await getWithHost(`${origin}/app`, 'daybook.example.com'), 201);
  const { requestContext, path } = main.events[0] as APIGatewayProxyEvent;
  assert.deepEqual(
    [path, requestContext.path, requestContext.domainName],
    ['/app', '/app', 'daybook.example.com'],
  );
  assert.equal((await fetch(`${origin}/app`)).status, 403);
});

test('a method that a written-out resource does not have is refused by the gateway', async (t) => {
  const { url, other } = await open(t);
  const answer = await fetch(`${url}/readyz`, { method: 'POST' });
  assert.equal(answer.status, 403);
  assert.equal(((await answer.json()) as { code: string }).code, 'NOT_TAKEN');
  assert.equal(other.events.length, 0);
});

test('over the rate the gateway answers in the words of the template', async (t) => {
  const { url, main } = await open(t, { rate: 0.001, burst: 3 });
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => fetch(`${url}/app`, { method: 'POST' })));
  const refused = answers.filter(({ status }) => status === 429);
  assert.deepEqual([refused.length, main.events.length], [2, 3]);
  const [first] = refused;
  assert.ok(first);
  assert.equal(first.headers.get('retry-after'), '1');
  assert.equal(first.headers.get('content-type'), 'application/problem+json');
  const { requestId } = (await first.json()) as { requestId: string };
  assert.equal(first.headers.get('x-request-id'), requestId);
});

test('an integration that is late, fails, is throttled or gives no proxy response', async (t) => {
  const { url, main } = await open(t);
  const status = async (): Promise<number> => (await fetch(`${url}/app`)).status;
  main.answer = () => ({ kind: 'error', error: { errorType: 'Error', errorMessage: '' } });
  assert.equal(await status(), 502);
  main.answer = () => ({ kind: 'throttled' });
  assert.equal(await status(), 500);
  for (const payload of [
    null,
    'text',
    { statusCode: '200' },
    { statusCode: 200, body: {} },
    { statusCode: 200, more: 1 },
  ]) {
    main.answer = () => responded(payload);
    assert.equal(await status(), 502, JSON.stringify(payload));
  }
  main.answer = () => new Promise(() => undefined);
  assert.equal(await status(), 504);
});

test('more than 10 MB is refused before anything is called', async (t) => {
  const { url, main } = await open(t);
  const answer = await fetch(`${url}/app`, { method: 'POST', body: Buffer.alloc(10 * 1024 * 1024 + 1) });
  assert.deepEqual([answer.status, main.events.length], [413, 0]);
});

const policy = (Effect: string, Resource: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect, Action: 'execute-api:Invoke', Resource }],
});

test('an authorizer is asked once for a credential, and what it says comes with the event', async (t) => {
  const { url, main, authorizer } = await open(t);
  assert.equal((await fetch(`${url}/data`)).status, 401);
  assert.equal(authorizer.events.length, 0);
  authorizer.answer = (event) => {
    const { methodArn } = event as APIGatewayRequestAuthorizerEvent;
    const context = { subject: 'alice', exp: 12, admin: true };
    const policyDocument = policy('Allow', methodArn.replace(/\/dev\/.*/, '/dev/*'));
    return responded({ principalId: 'alice', policyDocument, context });
  };
  const headers = { authorization: 'Bearer a' };
  assert.equal((await fetch(`${url}/data`, { headers })).status, 201);
  assert.equal((await fetch(`${url}/data`, { headers, method: 'POST' })).status, 201);
  assert.equal(authorizer.events.length, 1);
  const { methodArn, type, headers: given } = authorizer.events[0] as APIGatewayRequestAuthorizerEvent;
  assert.match(methodArn, /^arn:aws:execute-api:eu-west-1:000000000000:[0-9a-f]+\/dev\/GET\/data$/);
  assert.deepEqual([type, given?.['authorization']], ['REQUEST', 'Bearer a']);
  const { authorizer: told } = (main.events[1] as APIGatewayProxyEvent).requestContext;
  assert.deepEqual(told, {
    subject: 'alice',
    exp: '12',
    admin: 'true',
    principalId: 'alice',
    integrationLatency: 1,
  });
  await fetch(`${url}/data`, { headers: { authorization: 'Bearer b' } });
  assert.equal(authorizer.events.length, 2);
});

test('a policy that denies is 403, an authorizer that fails is 500, one that says Unauthorized is 401', async (t) => {
  const { url, main, authorizer } = await open(t);
  let asked = 0;
  const status = async (): Promise<number> => {
    asked += 1;
    return (await fetch(`${url}/data`, { headers: { authorization: `Bearer ${asked}` } })).status;
  };
  authorizer.answer = () => responded({ principalId: 'x', policyDocument: policy('Deny', '*') });
  assert.equal(await status(), 403);
  authorizer.answer = () => responded({ principalId: 'x', policyDocument: policy('Allow', 'arn:aws:other') });
  assert.equal(await status(), 403);
  authorizer.answer = () => ({ kind: 'error', error: { errorType: 'Error', errorMessage: 'Unauthorized' } });
  assert.equal(await status(), 401);
  authorizer.answer = () => ({ kind: 'error', error: { errorType: 'Error', errorMessage: 'broken' } });
  assert.equal(await status(), 500);
  authorizer.answer = () =>
    responded({ principalId: 'x', policyDocument: policy('Allow', '*'), context: { a: {} } });
  assert.equal(await status(), 500);
  assert.equal(main.events.length, 0);
});
