/**
 * A disk that is really full: a small tmpfs that the entries fill up. Freeing space is enough to go on; no restart, no
 * entry lost. What each kind of failing disk must answer is tested in `failing-disk.test.ts`.
 */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { type MountedTmpfs, mountTmpfs } from '../disk/mounted-tmpfs.ts';
import { assertLedgerBalances, assertNothingWrong, compare, readAll } from '../support/audit.ts';
import { eventually } from '../support/eventually.ts';
import { type Exchange, exchangeOnce, openConnection } from '../support/exchange.ts';
import { createJournal, type Journal } from '../support/journal.ts';
import { resendUnacknowledged } from '../support/resend.ts';
import { startDaybook } from '../support/start-daybook.ts';
import { startWriters, writeBatch, writeOne } from '../support/writers.ts';
import { assertRefusal } from './refusal.ts';

const MIB = 1024 * 1024;
/** Much more than fits. */
const MOST_BATCHES = 1000;

/** Writes batches until one is refused, and gives the answer to a single write right after it. */
async function fill(address: string, journal: Journal): Promise<Exchange> {
  const connection = openConnection(address);
  try {
    for (let batch = 0; batch < MOST_BATCHES; batch++) {
      const lines = Array.from({ length: 200 }, () => journal.attempt());
      const answer = await writeBatch(connection, 'app', lines, journal);
      if (!answer.body.includes('"code":')) continue;
      return await writeOne(connection, 'app', journal.attempt({ keyed: true }), journal);
    }
    throw new Error('the disk never became full');
  } finally {
    connection.close();
  }
}

test('a tmpfs that the entries have filled refuses writes until space is freed, and loses nothing', async (t) => {
  const mounted = mountTmpfs({ sizeBytes: 24 * MIB });
  if ('missing' in mounted) return t.skip(mounted.missing);
  try {
    await fillAndFree(mounted);
  } finally {
    mounted.remove();
  }
});

async function fillAndFree(disk: MountedTmpfs): Promise<void> {
  const ballast = join(disk.path, 'ballast');
  writeFileSync(ballast, Buffer.alloc(10 * MIB));
  const dataDir = join(disk.path, 'data');
  const journal = createJournal();
  let server = await startDaybook({ dataDir });
  try {
    const status = async (path: string) => (await exchangeOnce(server.address, { path })).status;
    assertRefusal(await fill(server.address, journal), ['DISK_FULL'], ['not-written']);
    assert.equal(await status('/healthz'), 200);
    assert.equal(await status('/app?limit=1'), 200);
    await eventually('/readyz answers 503', async () => (await status('/readyz')) === 503);

    rmSync(ballast);
    await eventually('/readyz answers 200', async () => (await status('/readyz')) === 200);
    const writers = startWriters({ address: server.address, journal, roles: ['single', 'keyed', 'batch'] });
    await writers.acknowledged(200);
    await writers.stop();
    assert.deepEqual(writers.failures, []);
    for (const when of ['after space was freed', 'after a crash']) {
      await resendUnacknowledged(server.address, journal);
      const findings = compare(await readAll(server.address), journal);
      assertNothingWrong(findings, when);
      await assertLedgerBalances(server, findings.found);
      await server.kill();
      server = await startDaybook({ dataDir });
    }
  } finally {
    await server.kill();
  }
}
