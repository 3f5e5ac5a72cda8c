/** What a client can do that was told "unknown": ask for the id that came with the answer. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { createFaultyDisk, faultyDiskMissing } from '../disk/faulty-disk.ts';
import { eventually } from '../support/eventually.ts';
import { startDaybook } from '../support/start-daybook.ts';
import { assertProblem } from './assert-problem.ts';

test(
  'an entry of unknown outcome is pending until it is known, and then there',
  { skip: faultyDiskMissing() },
  async () => {
    const disk = createFaultyDisk();
    const config = join(disk.scratch, 'daybook.config.json');
    writeFileSync(config, JSON.stringify({ limits: { answerWithinMs: 300 } }));
    const server = await startDaybook({
      dataDir: join(disk.directory, 'data'),
      env: { ...disk.env, DAYBOOK_CONFIG: config },
    });
    const ask = (path: string) => fetch(server.address + path);
    try {
      await (await fetch(`${server.address}/app`, { method: 'POST', body: 'before' })).text();
      disk.setFaults('sync-error');
      const told = await fetch(`${server.address}/app`, { method: 'POST', body: 'in between' });
      const problem = await assertProblem(told, 'STORE_UNAVAILABLE', { kind: 'write', outcome: 'unknown' });
      const { id = '' } = problem;

      for (const path of [`/app/${id}`, `/app/${id}/payload`]) {
        const answer = await ask(path);
        assert.equal(answer.status, 202);
        assert.equal(answer.headers.get('retry-after'), '1');
        assert.equal(answer.headers.get('cache-control'), 'no-store');
        const { receivedAt, ...pending } = (await answer.json()) as Record<string, string>;
        assert.deepEqual(pending, { id, register: 'app', status: 'pending' });
        assert.match(receivedAt ?? '', /Z$/);
      }
      const older = id.replace(/^.{8}/, '01900000');
      await assertProblem(await ask(`/app/${older}`), 'ENTRY_UNKNOWN', { kind: 'read' });
      const ofTomorrow = id.replace(/^.{8}/, 'ff000000');
      await assertProblem(await ask(`/app/${ofTomorrow}`), 'ENTRY_UNKNOWN', { kind: 'read' });
      assert.equal((await ask('/app')).status, 200, 'reads go on');
      await assertProblem(
        await fetch(`${server.address}/app`, { method: 'POST', body: 'x' }),
        'STORE_UNAVAILABLE',
        { kind: 'write' },
      );

      disk.setFaults();
      const known = await eventually('the outcome', async () => {
        const answer = await ask(`/app/${id}/payload`);
        const text = await answer.text();
        return answer.status === 202 ? undefined : { status: answer.status, text };
      });
      assert.deepEqual(known, { status: 200, text: 'in between' });
    } finally {
      await server.kill();
      disk.remove();
    }
  },
);
