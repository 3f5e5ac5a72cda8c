/** Query parameters: each way of reading knows its own, once each, and says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertProblem } from './assert-problem.ts';
import { startService } from './service.ts';

const service = await startService();
const { id } = await service.write('app', 'x');

const admin = { authorization: `Bearer ${service.adminKey}` };

/** A request, and the parameters that the answer to an unknown one must name. */
const KNOWN: readonly (readonly [string, readonly string[]])[] = [
  ['/app?', ['from', 'to', 'order', 'limit', 'cursor', 'after', 'format']],
  ['/app?format=ndjson&', ['from', 'to', 'order', 'limit', 'after', 'format']],
  ['/app?format=csv&', ['after']],
  ['/app?format=html&', ['cursor']],
  ['/app?live=sse&', ['live', 'cursor', 'from']],
  ['/app?format=sse&', ['live', 'cursor', 'from']],
  ['/app?live=long-poll&wait=0&', ['live', 'cursor', 'from', 'wait']],
  ['/app/stats?', ['bucket', 'from', 'to']],
  [`/app/${id}?`, ['format']],
  ['/api/ledger?', ['from', 'to', 'limit']],
];

for (const [path, names] of KNOWN) {
  test(`${path} names the parameters that it knows when given another`, async () => {
    for (const unknown of [
      'colour=red',
      'From=2026-01-01',
      '__proto__=1',
      'constructor=1',
      '=1',
      'limit%00=1',
    ]) {
      const answer = await service.fetch(path + unknown, { headers: admin });
      const { detail } = await assertProblem(answer, 'PARAMETER_UNKNOWN', { kind: 'read' });
      for (const name of names) assert.match(detail, new RegExp(`\\b${name}\\b`));
    }
  });
}

test('what another way of reading knows is not named among what is known here', async () => {
  const answer = await service.fetch('/app?lim=3');
  const { detail } = await assertProblem(answer, 'PARAMETER_UNKNOWN', { kind: 'read' });
  assert.doesNotMatch(detail, /\bwait\b/);
});

for (const path of [
  `/app/${id}/payload`,
  '/',
  '/healthz',
  '/readyz',
  '/health',
  '/api/status',
  '/api/registers',
  '/openapi.json',
  '/docs',
  '/metrics',
]) {
  test(`${path} knows no parameters`, async () => {
    const answer = await service.fetch(`${path}?limit=1`, { headers: admin });
    const { detail } = await assertProblem(answer, 'PARAMETER_UNKNOWN', { kind: 'read' });
    assert.match(detail, /no parameters/);
  });
}

for (const [path, foreign] of [
  ['/app?live=sse', ['to=2026-01-01', 'order=asc', 'limit=1', `after=${id}`, 'wait=1']],
  ['/app?live=long-poll', ['to=2026-01-01', 'order=asc', 'limit=1', `after=${id}`]],
  ['/app?format=json', ['wait=1']],
  ['/app?format=csv', ['wait=1']],
] as const) {
  test(`${path} does not pass over what only another way of reading knows`, async () => {
    for (const one of foreign)
      await assertProblem(await service.fetch(`${path}&${one}`), 'PARAMETER_UNKNOWN', { kind: 'read' });
  });
}

test('a parameter given twice is refused, also with the same value', async () => {
  for (const path of [
    '/app?limit=1&limit=2',
    '/app?limit=1&limit=1',
    '/app?live=sse&live=sse',
    '/app/stats?bucket=day&bucket=day',
    '/app?from=&from=',
  ]) {
    const { detail } = await assertProblem(await service.fetch(path), 'PARAMETER_INVALID', { kind: 'read' });
    assert.match(detail, /^(limit|live|bucket|from): expected one value; given several$/);
  }
});

for (const [path, values] of [
  ['/app?order=', ['', 'ASC', 'up', 'asc,desc', '1']],
  ['/app?live=', ['', 'yes', 'websocket', 'SSE']],
  ['/app?format=', ['', 'xml', 'JSON', 'text/csv']],
  [`/app/${id}?format=`, ['', 'csv', 'ndjson', 'sse']],
  ['/app?live=long-poll&format=', ['csv', 'html', 'sse']],
  ['/app?live=sse&format=', ['json', 'csv']],
  ['/app?live=long-poll&wait=', ['', '-1', '31', '1.5', '1e1', 'ten', '99999999999']],
  ['/app?live=sse&from=', ['', 'yesterday', '2026-01-01', '0']],
  ['/app?live=long-poll&wait=0&from=', ['', 'end', '2026-01-01']],
  ['/app?format=csv&limit=', ['0', '-1', '1.5', '']],
  ['/app/stats?bucket=', ['', 'week', 'SECOND', '60']],
] as const) {
  for (const value of values) {
    test(`${path}${value} is refused, naming what is expected`, async () => {
      const { detail } = await assertProblem(await service.fetch(path + value), 'PARAMETER_INVALID', {
        kind: 'read',
      });
      const name = /[?&]([a-z]+)=$/.exec(path)?.[1];
      assert.match(detail, new RegExp(`^${name}: expected .+; given `));
    });
  }
}

test('what is repeated of a bad value is short', async () => {
  const answer = await service.fetch(`/app?limit=${'9'.repeat(5000)}`);
  const { detail } = await assertProblem(answer, 'PARAMETER_INVALID', { kind: 'read' });
  assert.ok(detail.length < 250, detail);
});

test('writes do not mind parameters: a webhook may carry its own', async () => {
  const answer = await service.fetch('/app?limit=0&colour=red&limit=0', { method: 'POST', body: 'x' });
  assert.equal(answer.status, 201);
  await answer.text();
});
