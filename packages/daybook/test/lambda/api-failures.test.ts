/** Whatever fails, a caller hears it in our words and in time, and the next one finds the function working again. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { parseConfig } from '../../src/config/load.ts';
import type { DaybookConfig } from '../../src/config/schema.ts';
import { createApiHandler } from '../../src/lambda/api.ts';
import type { FrontResult } from '../../src/lambda/front-result.ts';
import { createHealthHandler } from '../../src/lambda/health.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import { apiFunction, hear, startTables } from './api-function.ts';
import { frontEvent } from './front-events.ts';

const skip = hasJava ? false : 'needs Java';
const tables = hasJava ? await startTables() : undefined;
const start = (changes: DaybookConfig = {}) => apiFunction(tables as NonNullable<typeof tables>, changes);
const proxy = () => (tables as NonNullable<typeof tables>).proxy;

const POST = { method: 'POST', target: '/app' } as const;

afterEach(() => {
  if (tables !== undefined) tables.proxy.treat = () => 'pass';
});

/** A handler with nothing behind it. */
function bare(load: () => Promise<ReturnType<typeof parseConfig>>) {
  const lines: string[] = [];
  const handler = createApiHandler({ load, write: (line) => void lines.push(line) });
  const call = async (event: unknown, remainingMs = 5_000) =>
    hear((await handler(event, { getRemainingTimeInMillis: () => remainingMs })) as FrontResult);
  return { lines, call };
}

test('a write whose outcome nobody knows is told so in time, with its id', { skip }, async () => {
  const api = start();
  await api.call('alb', POST);
  proxy().treat = (operation) => (operation === 'TransactWriteItems' ? 'lose' : 'pass');
  const heard = await api.call('alb', POST, 2_500);
  assert.equal(heard.status, 503);
  const problem = heard.json<{ code: string; outcome: string; id: string }>();
  assert.deepEqual([problem.code, problem.outcome], ['STORE_UNAVAILABLE', 'unknown']);
  proxy().treat = () => 'pass';
  // It was carried out, and is found under the id that was told.
  assert.equal((await api.call('alb', { target: `/app/${problem.id}` })).status, 200);
  assert.equal((await api.call('alb', POST)).status, 201);
});

test(
  'while the table is away writes are refused, and the first after it is back is taken',
  { skip },
  async () => {
    const api = start();
    proxy().treat = () => 'drop';
    const cold = await api.call('alb', POST, 4_000);
    assert.equal(cold.status, 503);
    assert.equal((await api.call('alb', { target: '/app' }, 4_000)).status, 503);
    proxy().treat = () => 'pass';
    assert.equal((await api.call('alb', POST)).status, 201);
    proxy().treat = () => 'throttle';
    const throttled = await api.call('alb', POST, 4_000);
    const { outcome } = throttled.json();
    assert.deepEqual([throttled.status, outcome], [503, 'not-written']);
    proxy().treat = () => 'pass';
    assert.equal((await api.call('alb', POST)).status, 201);
    const { entries } = (await api.call('alb', { target: '/app' })).json<{ entries: unknown[] }>();
    assert.equal(entries.length, 2);
  },
);

test('readiness fails with the table, at the first question, and returns with it', { skip }, async () => {
  const { config } = start();
  const health = createHealthHandler({ load: async () => config, write: () => undefined });
  const ask = async (target: string) =>
    hear(await health(frontEvent('alb', { target }), { getRemainingTimeInMillis: () => 4_000 }));
  for (const path of ['/healthz', '/readyz', '/health']) assert.equal((await ask(path)).status, 200, path);
  proxy().treat = () => 'drop';
  const unready = await ask('/readyz');
  assert.deepEqual([unready.status, unready.json()['code']], [503, 'STORE_UNAVAILABLE']);
  assert.equal((await ask('/healthz')).status, 200);
  proxy().treat = () => 'pass';
  assert.equal((await ask('/readyz')).status, 200);
  for (const path of ['/', '/app', '/openapi.json', '/api/status'])
    assert.equal((await ask(path)).status, 404, path);
});

test('what needs a data directory is refused with one line for the operator', async () => {
  const aws = { store: 'dynamodb://eu-west-1/daybook', region: 'eu-west-1' };
  for (const [changes, key] of [
    [{ store: 'sqlite:' }, 'store.url (DAYBOOK_STORE)'],
    [{ store: 'postgres://user:secret@host/daybook' }, 'store.url (DAYBOOK_STORE)'],
    [{ queue: 'sqlite:' }, 'queue.url (DAYBOOK_QUEUE)'],
    [{ queue: 'sqs://eu-west-1/123456789012/daybook' }, 'objects.url (DAYBOOK_OBJECTS)'],
  ] as const) {
    const { call, lines } = bare(async () => parseConfig({ ...aws, ...changes }));
    const heard = await call(frontEvent('rest-api', POST));
    assert.deepEqual([heard.status, heard.json()['code']], [500, 'INTERNAL'], key);
    const log = lines.join('');
    assert.ok(
      log.includes(key) && log.includes('because nothing that a function writes beside itself stays'),
      log,
    );
    assert.ok(!log.includes('secret'));
  }
});

test('an answer that does not come is one of ours before the front gives up', async () => {
  const { call } = bare(() => new Promise(() => {}));
  for (const [method, outcome] of [
    ['POST', 'unknown'],
    ['GET', undefined],
  ] as const) {
    const heard = await call(frontEvent('http-api', { method, target: '/app' }), 100);
    assert.equal(heard.status, 504);
    const problem = heard.json();
    assert.deepEqual([problem['code'], problem['outcome']], ['NO_ANSWER', outcome]);
  }
});

test('a failure that nobody thought of is a problem without its words, and the next request tries anew', async () => {
  let loads = 0;
  const { call, lines } = bare(async () => {
    loads += 1;
    throw new TypeError('private words');
  });
  for (let n = 1; n <= 2; n += 1) {
    const heard = await call(frontEvent('alb-lists', { ...POST, headers: [['x-request-id', `mine-${n}`]] }));
    assert.equal(heard.status, 500);
    assert.deepEqual([heard.json()['code'], heard.headers.get('x-request-id')], ['INTERNAL', `mine-${n}`]);
    assert.ok(!heard.text.includes('private'));
    assert.equal(loads, n);
  }
  assert.ok(lines.join('').includes('"requestId":"mine-2"'));
});
