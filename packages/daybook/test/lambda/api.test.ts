/** The application behind every front: the same answers as everywhere, from a real table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { EntryPage, Receipt } from '../../src/contract/messages.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import { apiFunction, startTables } from './api-function.ts';
import { CALLER, FRONT_NAMES, healthCheckEvent } from './front-events.ts';

const skip = hasJava ? false : 'needs Java';
const tables = hasJava ? await startTables() : undefined;
const start = (...given: Parameters<typeof apiFunction> extends [unknown, ...infer Rest] ? Rest : never) =>
  apiFunction(tables as NonNullable<typeof tables>, ...given);

const JSON_BODY = [['content-type', 'application/json']] as const;

for (const front of FRONT_NAMES) {
  test(`${front}: what is posted is on record, and is read back byte by byte`, { skip }, async () => {
    const api = start();
    const body = Uint8Array.from({ length: 256 }, (_, index) => index);
    const headers = [
      ['content-type', 'application/octet-stream'],
      ['x-request-id', 'from-the-caller'],
    ] as const;
    const written = await api.call(front, { method: 'POST', target: '/app', body, headers });
    assert.equal(written.status, 201, written.text);
    const { id, status } = written.json<Receipt>();
    assert.equal(status, 'stored');
    assert.equal(written.headers.get('location'), `/app/${id}`);
    assert.equal(written.headers.get('x-request-id'), 'from-the-caller');
    const read = await api.call(front, { target: `/app/${id}/payload` });
    assert.deepEqual(new Uint8Array(read.bytes), body);
    const { entries } = (await api.call(front, { target: '/app?order=asc' })).json<EntryPage>();
    assert.deepEqual(
      entries.map((entry) => [entry.id, entry.clientIp, entry.protocol, entry.requestId]),
      [[id, CALLER.replace(/\d+$/, '0'), 'https', 'from-the-caller']],
    );
    assert.equal(api.metric('AcceptedEntries'), 1);
  });

  test(`${front}: paths and methods that are none are answered in our words`, { skip }, async () => {
    const api = start();
    for (const [method, target, status, code] of [
      ['GET', '/nothing/here', 404, 'NOT_FOUND'],
      ['PUT', '/app', 405, 'METHOD_NOT_ALLOWED'],
      ['GET', '/app?limit=0', 400, 'PARAMETER_INVALID'],
      ['GET', '/data', 401, 'UNAUTHENTICATED'],
      ['GET', '/metrics', 401, 'UNAUTHENTICATED'],
    ] as const) {
      const heard = await api.call(front, { method, target });
      assert.equal(heard.status, status, target);
      assert.equal(heard.headers.get('content-type'), 'application/problem+json; charset=utf-8');
      const problem = heard.json();
      assert.equal(problem['code'], code);
      assert.equal(problem['requestId'], heard.headers.get('x-request-id'));
    }
    const options = await api.call(front, { method: 'OPTIONS', target: '/app' });
    assert.deepEqual([options.status, options.headers.get('allow')], [204, 'POST, GET, HEAD, OPTIONS']);
    const head = await api.call(front, { method: 'HEAD', target: '/app' });
    assert.deepEqual([head.status, head.text], [200, '']);
  });
}

test(
  'at the stage and at a host name of its own one function gives the links that hold there',
  { skip },
  async () => {
    const api = start();
    for (const front of ['rest-api', 'http-api'] as const) {
      for (const [stage, base] of [
        ['dev', '/dev'],
        [undefined, ''],
      ] as const) {
        const place = stage === undefined ? {} : { stage };
        const written = await api.call(front, { method: 'POST', target: '/app', ...place });
        assert.match(written.headers.get('location') ?? '', new RegExp(`^${base}/app/[0-9a-f-]{36}$`));
        await api.call(front, { method: 'POST', target: '/app', ...place });
        const page = await api.call(front, { target: '/app?limit=1', ...place });
        assert.ok(page.headers.get('link')?.startsWith(`<${base}/app?`), page.headers.get('link') ?? 'none');
        const { servers } = (await api.call(front, { target: '/openapi.json', ...place })).json<{
          servers: { url: string }[];
        }>();
        assert.equal(servers[0]?.url, base === '' ? '/' : base);
        const html = await api.call(front, { target: '/', headers: [['accept', 'text/html']], ...place });
        assert.ok(html.text.includes(`href="${base}/assets/daybook.css"`));
        const style = await api.call(front, { target: '/assets/daybook.css', ...place });
        assert.equal(style.headers.get('content-type'), 'text/css; charset=utf-8');
      }
    }
  },
);

test('only what a trusted peer says of a caller counts', { skip }, async () => {
  const headers = [['x-forwarded-for', '198.51.100.1, 192.0.2.77']] as const;
  const send = async (trustedProxies: readonly string[]) => {
    const api = start({ trustedProxies, registers: { full: { access: 'open', clientIp: 'full' } } });
    const { id } = (await api.call('alb', { method: 'POST', target: '/full', headers })).json<Receipt>();
    return (await api.call('alb', { target: `/full/${id}` })).json()['clientIp'];
  };
  assert.equal(await send([]), CALLER);
  assert.equal(await send([`${CALLER}/32`]), '192.0.2.77');
});

test('a schema is held against payloads, and a batch has a result for every line', { skip }, async () => {
  const schema = { type: 'object', required: ['what'] };
  const api = start({ registers: { checked: { access: 'open', schema } } });
  const refused = await api.call('rest-api', {
    method: 'POST',
    target: '/checked',
    body: '{}',
    headers: JSON_BODY,
  });
  assert.equal(refused.json()['code'], 'PAYLOAD_INVALID');
  const batch = await api.call('rest-api', {
    method: 'POST',
    target: '/checked',
    headers: [['content-type', 'application/x-ndjson']],
    body: '{"what":1}\n{"no":2}\n',
  });
  const lines = batch.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { status: number });
  assert.deepEqual(
    lines.map(({ status }) => status),
    [201, 422],
  );
  assert.equal(api.metric('AcceptedEntries'), 1);
});

test('a health check of the balancer is answered for real', { skip }, async () => {
  const api = start();
  const ask = async () => (await api.invoke(healthCheckEvent('/readyz'))) as { statusCode: number };
  assert.equal((await ask()).statusCode, 200);
});

test(
  'how far all is settled is told with the margin of a function’s life, and not across regions',
  { skip },
  async () => {
    const api = start();
    const { receivedAt } = (await api.call('alb', { method: 'POST', target: '/app' })).json<Receipt>();
    const page = (await api.call('alb', { target: '/app' })).json<EntryPage>();
    assert.ok(page.settledThrough !== null && page.settledThrough < receivedAt);
    await api.another({ region: 'elsewhere' }).call('alb', { method: 'POST', target: '/app' });
    const both = api.another();
    assert.equal((await both.call('alb', { target: '/app' })).json<EntryPage>().settledThrough, null);
  },
);

test('what is no event of a front is refused, and nothing of it is in the log', { skip }, async () => {
  const api = start();
  const heard = (await api.invoke({ secret: 'do-not-log', body: 'do-not-log' })) as {
    statusCode: number;
    body: string;
  };
  assert.equal(heard.statusCode, 400);
  assert.equal((JSON.parse(heard.body) as { code: string }).code, 'REQUEST_MALFORMED');
  assert.ok(api.lines.some((line) => line.includes('"event-unknown"')));
  assert.ok(!api.lines.join('').includes('do-not-log'));
});
