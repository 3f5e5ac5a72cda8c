/** Idempotency keys across a crash: a client that has no answer repeats, and there is one entry for each key. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { createChance } from '../disk/disk-model.ts';
import { assertLedgerBalances, assertNothingWrong, compare, readAll } from '../support/audit.ts';
import { openConnection } from '../support/exchange.ts';
import { createJournal, type Journal, numberOf } from '../support/journal.ts';
import { createPreciseKill } from '../support/precise-kill.ts';
import { resendUnacknowledged } from '../support/resend.ts';
import { startDaybook } from '../support/start-daybook.ts';
import { startWriters, type WriterRole, writeOne } from '../support/writers.ts';

const ROUNDS = 10;
const ROLES: WriterRole[] = [
  ...Array<WriterRole>(24).fill('keyed'),
  ...Array<WriterRole>(4).fill('keyed-batch'),
];

/** Repeats of what was acknowledged get the first answer again; the journal throws when the id or stamp differs. */
async function repeatAcknowledged(address: string, journal: Journal, every: number): Promise<void> {
  const connection = openConnection(address);
  try {
    for (const { attempt } of journal.acknowledgements.values()) {
      if (attempt.number % every !== 0 || attempt.key === undefined || attempt.key.includes('/')) continue;
      const answer = await writeOne(connection, 'app', attempt, journal);
      assert.equal(answer.status, 201);
      assert.equal(answer.headers['idempotency-replayed'], 'true');
      assert.equal((JSON.parse(answer.body) as { duplicate: unknown }).duplicate, true);
    }
  } finally {
    connection.close();
  }
}

test('keyed writes that are repeated after a crash give one entry for each key', async (t) => {
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
        assert.deepEqual(journal.unacknowledgedKeyed(), []);
        await repeatAcknowledged(server.address, journal, 7);
        const found = await readAll(server.address);
        const findings = compare(found, journal);
        assertNothingWrong(findings, `round ${round}`);
        // Every write of this test has a key and an answer by now: one entry each, no more and no fewer.
        assert.deepEqual(
          found.map(({ payload }) => numberOf(payload)).toSorted((a = 0, b = 0) => a - b),
          [...journal.attempts.keys()],
        );
        await assertLedgerBalances(server, findings.found);
        if (round === ROUNDS) break;

        const writers = startWriters({ address: server.address, journal, roles: ROLES, batchLines: 10 });
        await writers.acknowledged(100);
        await killer.kill(server.pid, chance() * 8);
        await server.exited;
        await writers.ended;
        assert.deepEqual(writers.failures, []);
      } finally {
        await server.kill();
      }
    }
    t.diagnostic(
      `repeated ${resent} keyed writes without an answer, of which ${alreadyStored} had been stored`,
    );
    assert.ok(resent > 0, 'the kills must have cut off some answers');
  } finally {
    await killer.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});

test('the same key with another payload is refused after a crash as before it', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'daybook-crash-'));
  const journal = createJournal();
  const key = 'one-key-for-two-payloads';
  /** Starts, writes a new payload under the key, crashes. */
  const writeAndCrash = async () => {
    const server = await startDaybook({ dataDir });
    const connection = openConnection(server.address);
    try {
      const answer = await writeOne(connection, 'app', journal.attempt({ key }), journal);
      assert.equal((await readAll(server.address)).length, 1);
      return { status: answer.status, code: (JSON.parse(answer.body) as { code?: string }).code };
    } finally {
      connection.close();
      await server.kill();
    }
  };
  try {
    assert.deepEqual(await writeAndCrash(), { status: 201, code: undefined });
    assert.deepEqual(await writeAndCrash(), { status: 422, code: 'KEY_REUSED' });
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});
