/** A process whose only role is `persister`: nobody asks it for anything but how it is. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { assertProblem } from '../http/assert-problem.ts';
import { startDaybook } from '../support/start-daybook.ts';

const persister = await startDaybook({ env: { DAYBOOK_ROLES: 'persister' } });
after(() => persister.stop());

test('it has health, readiness and metrics', async () => {
  for (const path of ['/healthz', '/readyz', '/health', '/metrics'])
    assert.equal((await fetch(persister.address + path)).status, 200, path);
});

test('it has nothing else', async () => {
  const headers = { authorization: `Bearer ${await persister.adminKey()}` };
  for (const path of ['/', '/docs', '/assets/daybook.css', '/openapi.json', '/robots.txt', '/app', '/audit'])
    await assertProblem(await fetch(persister.address + path, { headers }), 'NOT_FOUND', { kind: 'read' });
  for (const path of [
    '/api/status',
    '/api/ledger',
    '/api/queue',
    '/api/keys',
    '/api/dead-letters',
    '/api/registers',
  ])
    await assertProblem(await fetch(persister.address + path, { headers }), 'NOT_FOUND', { kind: 'read' });
  for (const path of ['/app', '/api/drain', '/api/keys']) {
    const posted = await fetch(persister.address + path, { method: 'POST', headers, body: '{}' });
    await assertProblem(posted, 'NOT_FOUND', { kind: 'write' });
  }
});
