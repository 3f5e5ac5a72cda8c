/** Events become the requests that were sent, and answers what the fronts take, on all fronts alike. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';

import { BALANCER, HTTP_API, REST_API } from '../../src/lambda/aws-fronts.ts';
import { readFrontEvent } from '../../src/lambda/front-event.ts';
import type { FrontRequest } from '../../src/lambda/front-request.ts';
import { toRequest } from '../../src/lambda/front-request.ts';
import { readAnswer, toResult } from '../../src/lambda/front-result.ts';
import type { FrontName, SentRequest } from './front-events.ts';
import {
  API_HOST,
  balancerEvent,
  CALLER,
  FRONT_NAMES,
  frontEvent,
  healthCheckEvent,
} from './front-events.ts';

function read(front: FrontName, sent: SentRequest): FrontRequest {
  const given = readFrontEvent(frontEvent(front, sent));
  assert.ok(given !== undefined);
  return given;
}

const urlOf = (front: FrontName, sent: SentRequest) => new URL(toRequest(read(front, sent)).url);

describe('a body in gzip', () => {
  const plain = Buffer.from('{"a":1}');
  const asSent = { method: 'POST', target: '/app', headers: [['Content-Encoding', 'gzip']] } as const;

  test('arrives in gzip where the front hands it on', async () => {
    for (const front of FRONT_NAMES) {
      const request = toRequest(read(front, { ...asSent, body: gzipSync(plain) }));
      assert.equal(request.headers.get('content-encoding'), 'gzip', front);
      assert.deepEqual(gunzipSync(await request.arrayBuffer()), plain, front);
    }
  });

  test('arrives as it is where API Gateway has unpacked it, and left the field that says otherwise', async () => {
    const request = toRequest(read('rest-api', { ...asSent, body: plain }));
    assert.equal(request.headers.get('content-encoding'), null);
    assert.deepEqual(Buffer.from(await request.arrayBuffer()), plain);
  });
});

for (const front of FRONT_NAMES) {
  describe(front, () => {
    test('a body arrives byte by byte, whatever it is', async () => {
      const every = Uint8Array.from({ length: 256 }, (_, index) => index);
      const bodies = [
        ['application/octet-stream', every],
        ['application/json', Buffer.from('{"é":"☃ \\u0000"}')],
        ['text/plain', Buffer.from('\ufeffwith a mark')],
      ] as const;
      for (const [type, body] of bodies) {
        const sent = { method: 'POST', target: '/app', headers: [['Content-Type', type]] as const, body };
        const request = toRequest(read(front, sent));
        assert.deepEqual(new Uint8Array(await request.arrayBuffer()), new Uint8Array(body), type);
        assert.equal(request.headers.get('content-type'), type);
      }
    });

    test('parameters mean what they meant, escaped or not', () => {
      const { searchParams } = urlOf(front, {
        target: '/app?from=2026-11-21T07%3A55%3A43%2B01:00&note=a%26b%3Dc+d',
      });
      assert.deepEqual(
        [...searchParams],
        [
          ['from', '2026-11-21T07:55:43+01:00'],
          ['note', 'a&b=c d'],
        ],
      );
    });

    test('a parameter without a value is there', () => {
      assert.deepEqual([...urlOf(front, { target: '/app?limit' }).searchParams], [['limit', '']]);
    });

    test('the method, the host, cookies and other fields are those that were sent', () => {
      const headers = [
        ['Cookie', 'a=1; b=2'],
        ['X-Request-Id', 'mine'],
        ['Accept', 'text/csv'],
      ] as const;
      const request = toRequest(read(front, { method: 'DELETE', target: '/app', headers }));
      assert.equal(request.method, 'DELETE');
      assert.equal(request.headers.get('cookie'), 'a=1; b=2');
      assert.equal(request.headers.get('x-request-id'), 'mine');
      assert.equal(request.headers.get('accept'), 'text/csv');
      assert.equal(new URL(request.url).host, 'daybook.example');
    });

    test('the caller is who the front saw, and what stands before is left to be judged', () => {
      const headers = [['X-Forwarded-For', '198.51.100.1, 192.0.2.7']] as const;
      const given = read(front, { target: '/app', headers });
      assert.deepEqual(given.peer, { address: CALLER, protocol: 'https' });
      assert.equal(given.headers.get('x-forwarded-for'), '198.51.100.1, 192.0.2.7');
      const alone = read(front, { target: '/app' });
      assert.deepEqual(alone.peer, given.peer);
      assert.equal(alone.headers.get('x-forwarded-for'), null);
    });

    test('a path keeps its escapes, and none of it becomes a query', () => {
      assert.equal(urlOf(front, { target: '/app/a%2Fb%3Fc' }).pathname, '/app/a%2Fb%3Fc');
      const decoded = { ...read(front, { target: '/app' }), path: '/app/a?b#c%zz é' };
      const { pathname, search, hash } = new URL(toRequest(decoded).url);
      assert.deepEqual([pathname, search, hash], ['/app/a%3Fb%23c%25zz%20%C3%A9', '', '']);
    });

    test('a field that is no field is refused in words', () => {
      const headers = [['X-Odd', 'a\nb']] as const;
      assert.throws(() => read(front, { target: '/app', headers }), { code: 'REQUEST_MALFORMED' });
      assert.throws(() => toRequest(read(front, { target: `/app?note=${'a'.repeat(9_000)}` })), {
        code: 'URI_TOO_LONG',
      });
      assert.throws(() => toRequest(read(front, { target: '/app', host: 'no host' })), {
        code: 'REQUEST_MALFORMED',
      });
    });

    test('an answer comes back byte by byte, as text where that is shorter', async () => {
      const every = Uint8Array.from({ length: 256 }, (_, index) => index);
      for (const [body, isBase64] of [
        [every, true],
        [Buffer.from('{"text":"é ☃"}\n'), false],
        [Buffer.alloc(600), true],
      ] as const) {
        const response = new Response(Uint8Array.from(body), { status: 201, headers: { 'X-One': '1' } });
        const { front: facts } = read(front, { target: '/' });
        const result = toResult(facts, await readAnswer(response), front === 'alb-lists');
        assert.equal(result.statusCode, 201);
        assert.equal(result.isBase64Encoded, isBase64);
        assert.deepEqual(Buffer.from(result.body ?? '', isBase64 ? 'base64' : 'utf8'), Buffer.from(body));
        assert.equal(result.headers?.['x-one'], front === 'alb-lists' ? undefined : '1');
        assert.deepEqual(result.multiValueHeaders?.['x-one'], front === 'alb-lists' ? ['1'] : undefined);
      }
    });
  });
}

test('parameters of one name are all there, but for a balancer without lists, which gives the last', () => {
  const target = '/app?limit=1&limit=2';
  for (const front of FRONT_NAMES) {
    const given = urlOf(front, { target }).searchParams.getAll('limit');
    assert.deepEqual(given, front === 'alb' ? ['2'] : ['1', '2'], front);
  }
});

test('the base path is the stage where the caller names it, and none at a host name of one’s own', () => {
  for (const front of ['rest-api', 'http-api'] as const) {
    const named = read(front, { target: '/app/x', stage: 'dev' });
    assert.deepEqual([named.basePath, named.path], ['/dev', '/app/x'], front);
    assert.equal(toRequest(named).url, `https://${API_HOST}/dev/app/x`);
    const own = read(front, { target: '/dev/x' });
    assert.deepEqual([own.basePath, own.path], ['', '/dev/x'], front);
  }
  const root = read('rest-api', { target: '/', stage: 'dev' });
  assert.deepEqual([root.basePath, root.path], ['/dev', '/']);
  // A stage behind a domain: the path of the event has it, the address that the caller knows does not.
  const mapped = read('http-api', { target: '/app', stage: 'dev', host: 'daybook.example' });
  assert.deepEqual([mapped.basePath, mapped.path], ['', '/app']);
});

test('what the authorizer says is passed on from its own place and from nowhere else', () => {
  const authorizer = { subject: 'alice' };
  assert.deepEqual(read('rest-api', { target: '/', authorizer }).authorizer, authorizer);
  assert.deepEqual(read('http-api', { target: '/', authorizer }).authorizer, authorizer);
  const forged = { ...balancerEvent({ target: '/' }, false), authorizer };
  assert.equal(readFrontEvent(forged)?.authorizer, undefined);
});

test('a health check of a balancer has no host and no caller', () => {
  const given = readFrontEvent(healthCheckEvent('/readyz'));
  assert.deepEqual(given?.peer, { address: '', protocol: 'http' });
  assert.equal(given && toRequest(given).url, 'http://localhost/readyz');
});

test('what is no event of a front is none', () => {
  for (const event of [
    undefined,
    null,
    'text',
    [],
    {},
    { requestContext: {} },
    { requestContext: { http: {} } },
  ])
    assert.equal(readFrontEvent(event), undefined);
});

test('the largest body that is promised fits into what AWS takes, in base64', async () => {
  for (const [front, limit] of [
    [BALANCER, 1_000_000],
    [REST_API, 6_000_000],
    [HTTP_API, 6_000_000],
  ] as const) {
    const response = new Response(new Uint8Array(front.maxAnswerBytes).fill(255));
    const result = toResult(front, await readAnswer(response), true);
    assert.ok(Buffer.byteLength(JSON.stringify(result)) <= limit, front.name);
  }
});
