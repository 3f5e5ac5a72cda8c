/** The Application Load Balancer of a template over real HTTP: its events, its limits, its health checks. */
import type { ALBEvent } from 'aws-lambda';
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

import type { StartedFront } from '../start-front.ts';
import { openFront } from '../start-front.ts';
import { resolveTemplate } from '../template/resolve-template.ts';
import type { AnsweringFunction } from './answering.ts';
import { createAnswering, responded } from './answering.ts';

const place = { stackName: 'alb', account: '000000000000', region: 'eu-west-1' };

async function open(
  t: TestContext,
  multiValue = true,
): Promise<{ front: StartedFront; target: AnsweringFunction; url: string }> {
  const forward = [{ Type: 'forward', TargetGroupArn: { Ref: 'Group' } }];
  const stack = resolveTemplate(
    {
      Resources: {
        Main: { Type: 'AWS::Lambda::Function' },
        Group: {
          Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
          Properties: {
            TargetType: 'lambda',
            Targets: [{ Id: { 'Fn::GetAtt': ['Main', 'Arn'] } }],
            TargetGroupAttributes: [{ Key: 'lambda.multi_value_headers.enabled', Value: String(multiValue) }],
            HealthCheckEnabled: true,
            HealthCheckPath: '/readyz',
            Matcher: { HttpCode: '200' },
          },
        },
        Plain: {
          Type: 'AWS::ElasticLoadBalancingV2::Listener',
          Properties: {
            Port: 80,
            Protocol: 'HTTP',
            DefaultActions: [
              {
                Type: 'redirect',
                RedirectConfig: { StatusCode: 'HTTP_301', Protocol: 'HTTPS', Port: '443' },
              },
            ],
          },
        },
        Secure: {
          Type: 'AWS::ElasticLoadBalancingV2::Listener',
          Properties: { Port: 443, Protocol: 'HTTPS', DefaultActions: forward },
        },
      },
    },
    place,
  );
  const target = createAnswering(stack.resource('Main').attribute('Arn'), { statusCode: 200, body: 'ok' });
  const front = await openFront(stack, () => target);
  t.after(() => front.close());
  return { front, target, url: front.url };
}

test('with many values: names in lower case, parameters as they came, text as text', async (t) => {
  const { url, target } = await open(t);
  await fetch(`${url}/a%20b?x=1&x=%32&y`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'X-Forwarded-For': '203.0.113.7',
      Host: 'h',
    },
    body: '{"ä":1}',
  });
  const event = target.events[0] as ALBEvent;
  assert.match(event.requestContext.elb.targetGroupArn, /^arn:aws:elasticloadbalancing:.*targetgroup\//);
  assert.deepEqual([event.httpMethod, event.path], ['POST', '/a%20b']);
  assert.deepEqual(event.multiValueQueryStringParameters, { x: ['1', '%32'], y: [''] });
  assert.deepEqual(event.multiValueHeaders?.['x-forwarded-for'], ['203.0.113.7, 127.0.0.1']);
  assert.deepEqual(event.multiValueHeaders?.['x-forwarded-proto'], ['https']);
  assert.deepEqual(event.multiValueHeaders?.['x-forwarded-port'], ['443']);
  assert.match(event.multiValueHeaders?.['x-amzn-trace-id']?.[0] ?? '', /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
  assert.deepEqual([event.body, event.isBase64Encoded], ['{"ä":1}', false]);
  assert.equal(event.headers, undefined);
});

test('with one value the last one counts', async (t) => {
  const { url, target } = await open(t, false);
  await fetch(`${url}/?x=1&x=2`, { headers: { accept: 'text/plain' } });
  const event = target.events[0] as ALBEvent;
  assert.deepEqual(event.queryStringParameters, { x: '2' });
  assert.equal(event.headers?.['accept'], 'text/plain');
  assert.deepEqual([event.multiValueHeaders, event.body, event.isBase64Encoded], [undefined, '', false]);
});

test('other types and encoded bodies are base64', async (t) => {
  const { url, target } = await open(t);
  await fetch(url, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body: '{}\n' });
  await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'text/plain', 'content-encoding': 'gzip' },
    body: 'x',
  });
  for (const [index, body] of ['{}\n', 'x'].entries()) {
    const event = target.events[index] as ALBEvent;
    assert.deepEqual([event.body, event.isBase64Encoded], [Buffer.from(body).toString('base64'), true]);
  }
});

test('what is no answer is 502, and so is a function that fails or is throttled', async (t) => {
  const { url, target } = await open(t);
  const status = async (): Promise<number> => (await fetch(url)).status;
  for (const payload of [
    null,
    'text',
    {},
    { statusCode: '200' },
    { statusCode: 999 },
    { statusCode: 200, body: {} },
  ]) {
    target.answer = () => responded(payload);
    assert.equal(await status(), 502, JSON.stringify(payload));
  }
  target.answer = () => ({ kind: 'error', error: { errorType: 'Error', errorMessage: '' } });
  assert.equal(await status(), 502);
  target.answer = () => ({ kind: 'throttled' });
  assert.equal(await status(), 502);
});

test('a megabyte each way is the end', async (t) => {
  const { url, target } = await open(t);
  const body = Buffer.alloc(1024 * 1024 + 1);
  assert.equal((await fetch(url, { method: 'POST', body })).status, 413);
  assert.equal(target.events.length, 0);
  target.answer = () => responded({ statusCode: 200, body: 'x'.repeat(1024 * 1024) });
  assert.equal((await fetch(url)).status, 502);
});

test('many values need headers of many values', async (t) => {
  const { url, target } = await open(t);
  target.answer = () =>
    responded({ statusCode: 200, headers: { a: '1' }, multiValueHeaders: { b: ['1', '2'] }, body: '' });
  const answer = await fetch(url);
  assert.deepEqual([answer.headers.get('a'), answer.headers.get('b')], [null, '1, 2']);
});

test('plain HTTP is sent to HTTPS with its path and query', async (t) => {
  const { front, target } = await open(t);
  const answer = await fetch(`${front.addresses.get(80)}/app?a=1`, { redirect: 'manual' });
  assert.deepEqual([answer.status, answer.headers.get('location')], [301, 'https://127.0.0.1:443/app?a=1']);
  assert.equal(target.events.length, 0);
});

test('health is checked at the path of the target group, by the agent that the guide names', async (t) => {
  const { front, target } = await open(t);
  assert.deepEqual(await front.checkHealth(), [{ healthy: true, status: 200 }]);
  const event = target.events[0] as ALBEvent;
  assert.deepEqual(
    [event.path, event.multiValueHeaders?.['user-agent']],
    ['/readyz', ['ELB-HealthChecker/2.0']],
  );
  target.answer = () => responded({ statusCode: 503, body: '' });
  assert.deepEqual(await front.checkHealth(), [{ healthy: false, status: 503 }]);
  target.answer = () => responded({});
  assert.deepEqual(await front.checkHealth(), [{ healthy: false, status: undefined }]);
});
