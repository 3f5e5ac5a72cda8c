/**
 * Power loss: the server runs on the faulty disk under load; then, for many moments, the data directory is rebuilt as a
 * disk that loses unsynced writes would hold it. Every entry whose acknowledgement a client had before that moment
 * must be in it, unchanged, and the server must start on it.
 */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import type { DiskRecord } from '../disk/disk-log.ts';
import { createChance, createDiskModel, type LossMode } from '../disk/disk-model.ts';
import { createFaultyDisk, type FaultyDisk, faultyDiskMissing } from '../disk/faulty-disk.ts';
import { assertLedgerBalances, assertNothingWrong, compare, readAll } from '../support/audit.ts';
import { createJournal, type Journal } from '../support/journal.ts';
import { resendUnacknowledged } from '../support/resend.ts';
import { startDaybook } from '../support/start-daybook.ts';
import { startWriters, type WriterRole } from '../support/writers.ts';
import { checkDatabase } from './database-check.ts';

const skip = faultyDiskMissing();
const ENTRIES = 8000;
/** Each of three kinds, see `chooseMoments`. */
const MOMENTS = 14;
/** Every so many moments the server is started on what is left. */
const START_EVERY = 7;
const FIRST_START_MOMENTS = 6;

const ROLES: WriterRole[] = [
  ...Array<WriterRole>(8).fill('single'),
  ...Array<WriterRole>(4).fill('keyed'),
  'batch',
  'keyed-batch',
];

let disk: FaultyDisk;
let journal: Journal;
let records: DiskRecord[];

before(async () => {
  if (skip !== false) return;
  disk = createFaultyDisk({ record: true });
  journal = createJournal();
  const server = await startDaybook({ dataDir: join(disk.directory, 'data'), env: disk.env });
  try {
    const writers = startWriters({ address: server.address, journal, roles: ROLES });
    await writers.acknowledged(ENTRIES);
    await writers.stop();
    assert.deepEqual(writers.failures, []);
  } finally {
    await server.kill();
  }
  records = disk.readLog();
});

after(() => disk?.remove());

/** Moments anywhere in the load, moments at which a client had just been answered, and moments inside checkpoints. */
function chooseMoments(chance: () => number): bigint[] {
  const answered = [...journal.acknowledgements.values()].map(({ atNs }) => atNs);
  const [first = 0n, last = 0n] = [answered[0], answered.at(-1)];
  const written = records.filter(isDatabaseWrite()).map(({ endNs }) => endNs);
  const checkpointing = written.filter((moment) => moment > first && moment < last);
  assert.ok(checkpointing.length > 0, 'the load must have caused a checkpoint');
  const pick = (list: readonly bigint[]) => list[Math.floor(chance() * list.length)] ?? last;
  const moments = Array.from({ length: MOMENTS }, () => [
    first + BigInt(Math.floor(chance() * Number(last - first))),
    pick(answered),
    pick(checkpointing),
  ]);
  return moments.flat().toSorted((a, b) => (a < b ? -1 : 1));
}

/** Once there is a WAL, only checkpoints write into the database file itself. */
function isDatabaseWrite(): (record: DiskRecord) => boolean {
  const handles = new Set<string>();
  return (record) => {
    if (record.kind === 'open' && record.path.endsWith('/daybook.db')) handles.add(record.handle);
    if (record.kind === 'close') handles.delete(record.handle);
    return record.kind === 'write' && handles.has(record.handle);
  };
}

async function checkByServer(dataDir: string, momentNs: bigint): Promise<void> {
  // The rest of the load has not happened on this disk: what is acknowledged now must not end up in the shared journal.
  const own = createJournal();
  const server = await startDaybook({ dataDir });
  try {
    const found = await readAll(server.address);
    assertNothingWrong(
      compare(found, journal, ({ atNs }) => atNs <= momentNs),
      'by the server',
    );
    await assertLedgerBalances(server, found.length);
    const writers = startWriters({ address: server.address, journal: own, roles: ['single', 'keyed-batch'] });
    await writers.acknowledged(30);
    await writers.stop();
    assert.deepEqual(writers.failures, []);
    await resendUnacknowledged(server.address, own);
    await assertLedgerBalances(server, found.length + own.acknowledgements.size);
  } finally {
    await server.kill();
  }
}

test('a power loss during the first start leaves a directory that starts', { skip }, async () => {
  const model = createDiskModel(disk.directory, records);
  const [firstAnswer] = journal.acknowledgements.values();
  const synced = records.filter(({ kind, endNs }) => kind === 'sync' && endNs < (firstAnswer?.atNs ?? 0n));
  const step = Math.max(1, Math.floor(synced.length / FIRST_START_MOMENTS));
  for (const [index, { endNs }] of synced.entries()) {
    model.advanceTo(endNs);
    if (index % step !== 0) continue;
    const folder = join(disk.scratch, `first-${index}`);
    // A directory whose making was lost is no case: the next start makes it.
    mkdirSync(join(folder, 'data'), { recursive: true });
    model.writeTo(folder, index % 2 === 0 ? 'drop' : 'subset', index);
    await checkByServer(join(folder, 'data'), 0n);
  }
});

for (const mode of ['drop', 'subset'] satisfies LossMode[]) {
  const loses = mode === 'drop' ? 'all unsynced writes' : 'some unsynced writes and tears others';
  test(`a disk that loses ${loses} still holds every acknowledged entry`, { skip }, async (t) => {
    const seed = Date.now() % 1_000_000;
    t.diagnostic(`seed ${seed}`);
    const model = createDiskModel(disk.directory, records);
    const moments = chooseMoments(createChance(seed));
    let unvouched = 0;
    for (const [index, moment] of moments.entries()) {
      model.advanceTo(moment);
      const folder = join(disk.scratch, `${mode}-${index}`);
      unvouched += model.writeTo(folder, mode, seed + index);
      const dataDir = join(folder, 'data');
      const due = [...journal.acknowledgements.values()].filter(({ atNs }) => atNs <= moment);
      // Half of the starts find the disk as it was left, half find it after another reader has recovered the WAL.
      if (index % START_EVERY === 0) await checkByServer(dataDir, moment);
      checkDatabase(join(dataDir, 'daybook.db'), due);
      if (index % START_EVERY === 3) await checkByServer(dataDir, moment);
      rmSync(folder, { recursive: true });
    }
    t.diagnostic(`${moments.length} moments; ${unvouched} changes were open when the power went`);
    assert.ok(unvouched > 0, 'the moments must have met writes under way');
  });
}
