/** One process owns a data directory: a second one is refused, and a crash leaves nothing that stands in the way. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { assertLedgerBalances, assertNothingWrong, compare, readAll } from '../support/audit.ts';
import { exchangeOnce } from '../support/exchange.ts';
import { createJournal } from '../support/journal.ts';
import {
  type FailedStart,
  startDaybook,
  type StartedDaybook,
  tryStartDaybook,
} from '../support/start-daybook.ts';
import { startWriters } from '../support/writers.ts';

const STARTS_AT_ONCE = 8;
const REPEATS = 4;

const root = mkdtempSync(join(tmpdir(), 'daybook-owner-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** The process that serves: the child itself, or what its command started. */
async function ownerPid(server: StartedDaybook): Promise<number> {
  const line = server
    .stdout()
    .split('\n')
    .find((text) => text.includes('"listening"'));
  const { pid = server.pid } = JSON.parse(line ?? '{}') as { pid?: number };
  return pid;
}

function assertNames(refused: FailedStart, pid: number): void {
  assert.equal(refused.exitCode, 2, refused.stderr);
  assert.equal(refused.stderr.trim().split('\n').length, 1, refused.stderr);
  assert.match(refused.stderr, new RegExp(`\\b${pid}\\b`));
}

test('a second process on the same data directory is refused, naming the pid of the first', async () => {
  const dataDir = join(root, 'second');
  const first = await startDaybook({ dataDir });
  try {
    const second = await tryStartDaybook({ dataDir });
    if (second.started) await second.kill();
    assert.ok(!second.started, 'the second start must be refused');
    assertNames(second, await ownerPid(first));
    assert.equal((await exchangeOnce(first.address, { path: '/healthz' })).status, 200);
  } finally {
    await first.kill();
  }
});

test('after a graceful stop the next process has the data directory at once', async () => {
  const dataDir = join(root, 'graceful');
  for (let turn = 0; turn < 3; turn++) {
    const server = await startDaybook({ dataDir });
    assert.deepEqual(await server.stop(), { exitCode: 0, signal: null });
  }
});

test('the lock of a killed process is taken over', async () => {
  const dataDir = join(root, 'stale');
  const first = await startDaybook({ dataDir });
  await first.kill();
  const second = await startDaybook({ dataDir });
  try {
    assert.equal((await exchangeOnce(second.address, { method: 'POST', path: '/app' })).status, 201);
  } finally {
    await second.kill();
  }
});

test('a stale lock whose pid now belongs to another process is taken over', async () => {
  const dataDir = join(root, 'recycled');
  await (await startDaybook({ dataDir })).kill();
  // Whatever file names the owner: it now names a process that lives and is no Daybook.
  const pidFiles = readdirSync(dataDir).filter((name) => name.endsWith('.pid'));
  for (const name of pidFiles) writeFileSync(join(dataDir, name), `${process.pid}\n`);
  const second = await startDaybook({ dataDir });
  await second.kill();
});

test('of eight starts at once exactly one wins, also over a stale lock', async () => {
  const dataDir = join(root, 'at-once');
  const journal = createJournal();
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const starts = await Promise.all(
      Array.from({ length: STARTS_AT_ONCE }, () => tryStartDaybook({ dataDir })),
    );
    const winners = starts.filter((start) => start.started);
    const losers = starts.filter((start) => !start.started);
    try {
      assert.equal(winners.length, 1, losers.map(({ stderr }) => stderr).join(''));
      const [winner] = winners as [StartedDaybook];
      const pid = await ownerPid(winner);
      for (const loser of losers) assertNames(loser, pid);
      const writers = startWriters({ address: winner.address, journal, roles: ['single', 'batch'] });
      await writers.acknowledged(50);
      await writers.stop();
      const findings = compare(await readAll(winner.address), journal);
      assertNothingWrong(findings, `repeat ${repeat}`);
      await assertLedgerBalances(winner, findings.found);
    } finally {
      // A crash, so that the next eight meet a stale lock.
      for (const winner of winners) await winner.kill();
    }
  }
});
