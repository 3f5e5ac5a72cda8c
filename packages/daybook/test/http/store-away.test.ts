/** Reads while a store on another machine was never reached: a state with an answer of its own, and no defect. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertProblem } from './assert-problem.ts';
import { startService } from './service.ts';

/** Nobody listens on port 1; where nothing answers, the connection is refused at once. */
const service = await startService({
  store: { url: 'postgres://nobody@127.0.0.1:1/daybook' },
  queue: { url: 'none' },
});

const READS = [
  '/app',
  '/app?format=ndjson&order=asc',
  '/app?format=csv',
  '/app/01a1fecd-5565-7000-8000-000000000000',
  '/app/01a1fecd-5565-7000-8000-000000000000/payload',
  '/app/stats?bucket=minute',
  '/app?live=long-poll&from=start&wait=0',
  '/app?live=sse',
];

for (const path of READS) {
  test(`GET ${path} is answered that the store is not available`, async () => {
    const answer = await service.fetch(path);
    await assertProblem(answer, 'STORE_UNAVAILABLE', { kind: 'read' });
    assert.equal(answer.headers.get('retry-after'), '1');
  });
}

test('the log says what was not answered and why, and calls it no internal error', async () => {
  const answer = await service.fetch('/app', { headers: { 'x-request-id': 'asked-in-vain' } });
  await answer.text();
  const lines = service.logged.filter((line) => line.includes('asked-in-vain'));
  assert.equal(lines.length, 1);
  const line = JSON.parse(String(lines[0])) as Record<string, unknown>;
  assert.equal(line['event'], 'unavailable');
  assert.equal(line['code'], 'STORE_UNAVAILABLE');
  assert.match(String(line['reason']), /not reached yet: postgres 127\.0\.0\.1:1\/daybook: .*ECONNREFUSED/);
});
