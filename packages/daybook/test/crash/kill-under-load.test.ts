/**
 * SIGKILL under load, again and again on one data directory, at moments spread over a batch cycle: what was
 * acknowledged is there after each restart, exactly once and unchanged, and the ledger balances.
 *
 * SIGKILL keeps the page cache; what a power loss leaves is the business of `power-loss.test.ts`.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { createChance } from '../disk/disk-model.ts';
import { assertLedgerBalances, assertNothingWrong, compare, readAll } from '../support/audit.ts';
import { createJournal } from '../support/journal.ts';
import { createPreciseKill } from '../support/precise-kill.ts';
import { resendUnacknowledged } from '../support/resend.ts';
import { startDaybook } from '../support/start-daybook.ts';
import { startWriters, type WriterRole } from '../support/writers.ts';

const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 100);
/** Longer than a batch takes at this load, so that kills fall into each part of a cycle. */
const CYCLE_MS = 8;

const ROLES: WriterRole[] = [
  ...Array<WriterRole>(14).fill('single'),
  ...Array<WriterRole>(6).fill('keyed'),
  'batch',
  'batch',
  'keyed-batch',
  'keyed-batch',
];

test('after each of a hundred SIGKILLs every acknowledged entry is there once, unchanged', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'daybook-crash-'));
  const journal = createJournal();
  const killer = createPreciseKill();
  const chance = createChance(Date.now());
  let resent = 0;
  let alreadyStored = 0;
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      const server = await startDaybook({ dataDir });
      try {
        const repeated = await resendUnacknowledged(server.address, journal);
        resent += repeated.entries;
        alreadyStored += repeated.alreadyStored;
        const findings = compare(await readAll(server.address), journal);
        assertNothingWrong(findings, `round ${round}`);
        await assertLedgerBalances(server, findings.found);

        const writers = startWriters({ address: server.address, journal, roles: ROLES, batchLines: 10 });
        await writers.acknowledged(30 + Math.floor(chance() * 90));
        await killer.kill(server.pid, ((round % 20) + chance()) * (CYCLE_MS / 20));
        await server.exited;
        await writers.ended;
        assert.deepEqual(writers.failures, [], `round ${round}`);
      } finally {
        await server.kill();
      }
    }
    const server = await startDaybook({ dataDir });
    try {
      await resendUnacknowledged(server.address, journal);
      const findings = compare(await readAll(server.address), journal);
      assertNothingWrong(findings, 'at the end');
      await assertLedgerBalances(server, findings.found);
      assert.equal((await server.stop()).exitCode, 0);
      t.diagnostic(
        `${ROUNDS} kills: acknowledged ${journal.acknowledgements.size}, found ${findings.found}; repeated ${resent} keyed writes without an answer, of which ${alreadyStored} had been stored`,
      );
    } finally {
      await server.kill();
    }
  } finally {
    await killer.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
