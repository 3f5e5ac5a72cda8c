/** Crashes and faults at the two ends of a life: during a start, and while a signal asks to end. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { createChance } from '../disk/disk-model.ts';
import { createFaultyDisk, type DiskFault, faultyDiskMissing } from '../disk/faulty-disk.ts';
import { assertLedgerBalances, assertNothingWrong, compare, readAll } from '../support/audit.ts';
import { exchangeOnce } from '../support/exchange.ts';
import { createJournal } from '../support/journal.ts';
import { startDaybook, tryStartDaybook } from '../support/start-daybook.ts';
import { startWriters } from '../support/writers.ts';

const skip = faultyDiskMissing();
const KILLS = 16;
/** A start takes some hundred milliseconds. */
const LATEST_KILL_MS = 400;

test('a kill during the first start or any later one leaves a directory that starts', async () => {
  const chance = createChance(Date.now());
  for (const repeat of ['first', 'second']) {
    const dataDir = mkdtempSync(join(tmpdir(), `daybook-start-${repeat}-`));
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        const startTimeoutMs = Math.ceil(((kill + chance()) * LATEST_KILL_MS) / KILLS);
        // A start that takes longer than its timeout is killed; one that was faster is killed right after.
        await startDaybook({ dataDir, startTimeoutMs }).then(
          (server) => server.kill(),
          (error: Error) => assert.match(error.message, /was not listening after/),
        );
      }
      const server = await startDaybook({ dataDir });
      try {
        const answer = await exchangeOnce(server.address, { method: 'POST', path: '/app' });
        assert.equal(answer.status, 201, answer.body);
        await assertLedgerBalances(server, 1);
      } finally {
        await server.kill();
      }
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }
});

for (const fault of ['full', 'write-error', 'sync-error'] satisfies DiskFault[]) {
  test(
    `a start on a disk with the fault "${fault}" is refused or not ready, and harms nothing`,
    { skip },
    async () => {
      const disk = createFaultyDisk();
      const dataDir = join(disk.directory, 'data');
      const journal = createJournal();
      const options = { dataDir, env: disk.env };
      try {
        const before = await startDaybook(options);
        const writers = startWriters({ address: before.address, journal, roles: ['single', 'batch'] });
        await writers.acknowledged(200);
        await writers.stop();
        await before.kill();

        disk.setFaults(fault);
        const during = await tryStartDaybook(options);
        if (during.started) {
          const ready = await exchangeOnce(during.address, { path: '/readyz' });
          await during.kill();
          assert.equal(ready.status, 503);
        } else {
          assert.equal(during.stderr.trim().split('\n').length, 1, during.stderr);
          assert.equal(during.exitCode, 2, during.stderr);
        }

        disk.setFaults();
        const after = await startDaybook(options);
        try {
          const findings = compare(await readAll(after.address), journal);
          assertNothingWrong(findings, 'after the disk is well again');
          await assertLedgerBalances(after, findings.found);
        } finally {
          await after.kill();
        }
      } finally {
        disk.remove();
      }
    },
  );

  test(
    `SIGTERM ends a server on a disk with the fault "${fault}" within its grace period`,
    { skip },
    async () => {
      const disk = createFaultyDisk();
      const config = join(disk.scratch, 'daybook.config.json');
      writeFileSync(config, JSON.stringify({ limits: { answerWithinMs: 300, shutdownGraceMs: 1000 } }));
      const options = {
        dataDir: join(disk.directory, 'data'),
        env: { ...disk.env, DAYBOOK_CONFIG: config },
      };
      const journal = createJournal();
      const server = await startDaybook(options);
      try {
        const writers = startWriters({
          address: server.address,
          journal,
          roles: ['single', 'keyed', 'batch'],
          pauseMs: 10,
          onFailure: () => undefined,
        });
        await writers.acknowledged(100);
        disk.setFaults(fault);
        await new Promise((resolve) => setTimeout(resolve, 500));
        // SIGKILL follows after 15 s, and would show as the signal.
        const end = await server.stop();
        await writers.stop();
        assert.equal(end.signal, null, 'SIGTERM alone must end it');

        disk.setFaults();
        const after = await startDaybook(options);
        try {
          const findings = compare(await readAll(after.address), journal);
          assertNothingWrong(findings, 'after a restart');
          await assertLedgerBalances(after, findings.found);
        } finally {
          await after.kill();
        }
      } finally {
        await server.kill();
        disk.remove();
      }
    },
  );
}
