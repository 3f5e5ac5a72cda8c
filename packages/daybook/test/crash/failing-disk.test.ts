/**
 * A disk that is full or fails while the server runs: writes are refused with what is known about them, reads go on,
 * and when the disk is well again so is the server, without a restart. Nothing acknowledged is lost, nothing that was
 * told "not-written" is there, nothing is twice; not after a crash in the middle of it either.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { createDiskModel } from '../disk/disk-model.ts';
import { createFaultyDisk, type DiskFault, type FaultyDisk, faultyDiskMissing } from '../disk/faulty-disk.ts';
import { assertLedgerBalances, assertNothingWrong, compare, readAll } from '../support/audit.ts';
import { eventually } from '../support/eventually.ts';
import { exchangeOnce, openConnection } from '../support/exchange.ts';
import { createJournal, type Journal } from '../support/journal.ts';
import { resendUnacknowledged } from '../support/resend.ts';
import { type StartedDaybook, startDaybook } from '../support/start-daybook.ts';
import { startWriters, type WriterRole, writeOne } from '../support/writers.ts';
import { checkDatabase } from './database-check.ts';
import { assertRefusal } from './refusal.ts';

const skip = faultyDiskMissing();
const ROLES: WriterRole[] = [
  ...Array<WriterRole>(10).fill('single'),
  ...Array<WriterRole>(6).fill('keyed'),
  'batch',
  'keyed-batch',
];

interface Failing {
  readonly name: string;
  readonly fault: DiskFault;
  readonly codes: readonly string[];
  readonly outcomes: readonly string[];
  /** After how long a client hears "unknown": where that is no outcome, longer than a busy machine stalls. */
  readonly answerWithinMs: number;
}

const FAILINGS: Failing[] = [
  {
    name: 'a full disk',
    fault: 'full',
    codes: ['DISK_FULL'],
    outcomes: ['not-written'],
    answerWithinMs: 30_000,
  },
  {
    name: 'a disk that fails to sync',
    fault: 'sync-error',
    codes: ['STORE_UNAVAILABLE'],
    outcomes: ['not-written', 'unknown'],
    answerWithinMs: 2_000,
  },
  {
    name: 'a disk that fails to write',
    fault: 'write-error',
    codes: ['STORE_UNAVAILABLE'],
    outcomes: ['not-written', 'unknown'],
    answerWithinMs: 2_000,
  },
];

function startOn(disk: FaultyDisk, answerWithinMs: number): Promise<StartedDaybook> {
  const config = join(disk.scratch, 'daybook.config.json');
  writeFileSync(config, JSON.stringify({ limits: { answerWithinMs } }));
  return startDaybook({
    dataDir: join(disk.directory, 'data'),
    env: { ...disk.env, DAYBOOK_CONFIG: config },
  });
}

async function status(server: StartedDaybook, path: string): Promise<number> {
  return (await exchangeOnce(server.address, { path })).status;
}

async function load(server: StartedDaybook, journal: Journal, entries: number): Promise<void> {
  const writers = startWriters({ address: server.address, journal, roles: ROLES });
  await writers.acknowledged(entries);
  await writers.stop();
  assert.deepEqual(writers.failures, []);
}

/** The fault strikes in the middle of a load; what is sent afterwards must be refused, every time. */
async function strike(
  server: StartedDaybook,
  disk: FaultyDisk,
  journal: Journal,
  failing: Failing,
): Promise<void> {
  const writers = startWriters({ address: server.address, journal, roles: ROLES });
  await writers.acknowledged(300);
  disk.setFaults(failing.fault);
  await writers.stop();
  const connections = Array.from({ length: 8 }, () => openConnection(server.address));
  const refused = async (connection: (typeof connections)[number]) => {
    for (let turn = 0; turn < 4; turn++) {
      const answer = await writeOne(connection, 'app', journal.attempt({ keyed: turn === 3 }), journal);
      assertRefusal(answer, failing.codes, failing.outcomes);
      await sleep(50);
    }
  };
  try {
    await Promise.all(connections.map(refused));
  } finally {
    for (const connection of connections) connection.close();
  }
}

async function assertAllIsWell(server: StartedDaybook, journal: Journal, context: string): Promise<void> {
  await resendUnacknowledged(server.address, journal);
  const findings = compare(await readAll(server.address), journal);
  assertNothingWrong(findings, context);
  await assertLedgerBalances(server, findings.found);
}

/** What was synced after a failure must not rest on pages that the failed sync left behind. */
function checkAfterPowerLoss(disk: FaultyDisk, journal: Journal): void {
  const due = [...journal.acknowledgements.values()];
  const model = createDiskModel(disk.directory, disk.readLog());
  model.advanceTo(process.hrtime.bigint());
  for (const mode of ['drop', 'subset'] as const) {
    const folder = join(disk.scratch, mode);
    model.writeTo(folder, mode, due.length);
    checkDatabase(join(folder, 'data', 'daybook.db'), due);
  }
}

for (const failing of FAILINGS) {
  test(
    `${failing.name} refuses writes, lets reads go on, and needs no restart afterwards`,
    { skip },
    async (t) => {
      const disk = createFaultyDisk({ record: true });
      const journal = createJournal();
      let server = await startOn(disk, failing.answerWithinMs);
      try {
        await strike(server, disk, journal, failing);
        assert.equal(await status(server, '/healthz'), 200);
        await eventually('/readyz answers 503', async () => (await status(server, '/readyz')) === 503);
        assertNothingWrong(compare(await readAll(server.address), journal), 'while the disk fails');

        disk.setFaults();
        await eventually('/readyz answers 200', async () => (await status(server, '/readyz')) === 200);
        await load(server, journal, 300);
        await assertAllIsWell(server, journal, 'after the disk is well again');
        checkAfterPowerLoss(disk, journal);
        const fates = [...journal.refusals.values()];
        t.diagnostic(
          `not-written ${fates.filter((fate) => fate === 'not-written').length}, unknown ${fates.filter((fate) => fate === 'unknown').length}`,
        );

        await server.kill();
        server = await startOn(disk, failing.answerWithinMs);
        await assertAllIsWell(server, journal, 'after a crash and a restart');
      } finally {
        await server.kill();
        disk.remove();
      }
    },
  );

  test(`a crash on ${failing.name} loses nothing that was acknowledged`, { skip }, async () => {
    const disk = createFaultyDisk({ record: true });
    const journal = createJournal();
    let server = await startOn(disk, failing.answerWithinMs);
    try {
      await strike(server, disk, journal, failing);
      await server.kill();
      checkAfterPowerLoss(disk, journal);
      disk.setFaults();
      server = await startOn(disk, failing.answerWithinMs);
      await assertAllIsWell(server, journal, 'after the crash');
    } finally {
      await server.kill();
      disk.remove();
    }
  });
}

test('faults that come and go under load lose nothing and repeat nothing', { skip }, async (t) => {
  const disk = createFaultyDisk({ record: true });
  const journal = createJournal();
  const server = await startOn(disk, 2_000);
  try {
    const codes = new Set<string>();
    const writers = startWriters({
      address: server.address,
      journal,
      roles: ROLES,
      pauseMs: 5,
      onFailure: (answer) => {
        for (const [, code] of answer.body.matchAll(/"code":"([A-Z_]+)"/g)) codes.add(code ?? '');
      },
    });
    const faults: DiskFault[] = ['sync-error', 'full', 'write-error', 'full-grow', 'sync-error', 'full'];
    for (const fault of faults) {
      disk.setFaults(fault);
      await sleep(150);
      disk.setFaults();
      await eventually('writes succeed again', async () => {
        const before = journal.acknowledgements.size;
        await sleep(100);
        return journal.acknowledgements.size > before;
      });
    }
    await writers.stop();
    t.diagnostic(`acknowledged ${journal.acknowledgements.size}, refused with ${[...codes].join(', ')}`);
    await assertAllIsWell(server, journal, 'at the end');
    checkAfterPowerLoss(disk, journal);
  } finally {
    await server.kill();
    disk.remove();
  }
});
