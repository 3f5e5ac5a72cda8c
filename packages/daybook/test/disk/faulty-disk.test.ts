/**
 * Proves the tool before it judges Daybook: on a bare `node:sqlite` program the model of the disk must find the commits
 * that settings without syncs lose, and none where SQLite syncs each commit.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { createChance, createDiskModel, type LossMode } from './disk-model.ts';
import { createFaultyDisk, type FaultyDisk, faultyDiskMissing } from './faulty-disk.ts';

const skip = faultyDiskMissing();
const COMMIT_LOOP = fileURLToPath(new URL('commit-loop.ts', import.meta.url));
const ROWS = 400;
const MOMENTS = 40;

interface Acknowledgement {
  readonly row: number;
  readonly atNs: bigint;
}

function runCommitLoop(disk: FaultyDisk, journalMode: string, synchronous: string): Acknowledgement[] {
  const file = join(disk.directory, 'bare.db');
  const child = spawnSync(process.execPath, [COMMIT_LOOP, file, journalMode, synchronous, String(ROWS)], {
    env: { ...process.env, ...disk.env },
    encoding: 'utf8',
  });
  assert.equal(child.status, 0, child.stderr);
  return child.stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([row, atNs]) => ({ row: Number(row), atNs: BigInt(atNs ?? 0) }));
}

/** Runs a program on the disk. */
function runScript(disk: FaultyDisk, script: string, ...argv: readonly string[]) {
  const env = { ...process.env, ...disk.env };
  return spawnSync(process.execPath, ['-e', script, ...argv], { env, encoding: 'utf8' });
}

/** Rows that can be read, in the order of their numbers; none when the file is no database any more. */
function readRows(file: string): Set<number> {
  try {
    const db = new DatabaseSync(file);
    try {
      const rows = db.prepare('SELECT n FROM line').all();
      return new Set(rows.map((row) => Number(row['n'])));
    } finally {
      db.close();
    }
  } catch {
    return new Set();
  }
}

/** The largest number of acknowledged rows that a crash at one of the moments loses. */
function worstLoss(disk: FaultyDisk, acknowledged: readonly Acknowledgement[], mode: LossMode): number {
  const chance = createChance(7);
  const records = disk.readLog();
  const model = createDiskModel(disk.directory, records);
  const moments = Array.from(
    { length: MOMENTS },
    () => acknowledged[Math.floor(chance() * acknowledged.length)]?.atNs,
  )
    .filter((moment) => moment !== undefined)
    .toSorted((a, b) => (a < b ? -1 : 1));
  let worst = 0;
  for (const [index, moment] of moments.entries()) {
    model.advanceTo(moment);
    const folder = join(disk.scratch, `${mode}-${index}`);
    model.writeTo(folder, mode, index);
    const found = readRows(join(folder, 'bare.db'));
    const lost = acknowledged.filter(({ row, atNs }) => atNs <= moment && !found.has(row));
    worst = Math.max(worst, lost.length);
  }
  return worst;
}

for (const [journalMode, synchronous, loses] of [
  ['WAL', 'OFF', true],
  ['WAL', 'NORMAL', true],
  ['WAL', 'FULL', false],
  ['DELETE', 'FULL', false],
] as const) {
  for (const mode of ['drop', 'subset'] as const) {
    const name = `${journalMode} with synchronous=${synchronous} ${loses ? 'loses' : 'loses no'} commits (${mode})`;
    test(name, { skip }, (t) => {
      const disk = createFaultyDisk({ record: true });
      try {
        const acknowledged = runCommitLoop(disk, journalMode, synchronous);
        assert.equal(acknowledged.length, ROWS);
        const worst = worstLoss(disk, acknowledged, mode);
        t.diagnostic(`worst loss: ${worst} of ${ROWS} commits`);
        if (loses) assert.ok(worst > 0, 'the checker must see that commits are lost');
        else assert.equal(worst, 0);
      } finally {
        disk.remove();
      }
    });
  }
}

test('at the end of the log the model holds exactly what the files hold', { skip }, () => {
  const disk = createFaultyDisk({ record: true });
  try {
    runCommitLoop(disk, 'DELETE', 'FULL');
    const model = createDiskModel(disk.directory, disk.readLog());
    model.advanceTo(process.hrtime.bigint());
    const folder = join(disk.scratch, 'end');
    assert.equal(model.writeTo(folder, 'drop'), 0);
    assert.deepEqual(readFileSync(join(folder, 'bare.db')), readFileSync(join(disk.directory, 'bare.db')));
    assert.equal(existsSync(join(folder, 'bare.db-journal')), false);
  } finally {
    disk.remove();
  }
});

test('a full disk and failing syncs reach SQLite as errors, and go away with the switch', { skip }, () => {
  const disk = createFaultyDisk();
  try {
    const script = `
      const { DatabaseSync } = require('node:sqlite');
      const { writeFileSync, rmSync } = require('node:fs');
      const [file, control] = process.argv.slice(1);
      const db = new DatabaseSync(file);
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE line (n INTEGER PRIMARY KEY)');
      const attempt = (words) => {
        writeFileSync(control, words);
        try { db.exec('INSERT INTO line DEFAULT VALUES'); return 0; } catch (error) { return error.errcode; }
      };
      const codes = ['full', 'write-error', 'sync-error', ''].map(attempt);
      rmSync(control);
      console.log(JSON.stringify(codes));
    `;
    const file = join(disk.directory, 'bare.db');
    const control = disk.env['FAULTY_DISK_CONTROL'] ?? '';
    const child = runScript(disk, script, file, control);
    // SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC (https://www.sqlite.org/rescode.html), success.
    assert.deepEqual(JSON.parse(child.stdout), [13, 778, 1034, 0], child.stderr);
  } finally {
    disk.remove();
  }
});

test('what came before a failed sync is lost even when the next sync succeeds', { skip }, () => {
  const disk = createFaultyDisk({ record: true });
  try {
    const script = `
      const fs = require('node:fs');
      const [file, control] = process.argv.slice(1);
      const fd = fs.openSync(file, 'w');
      fs.writeSync(fd, 'kept ');
      fs.fsyncSync(fd);
      fs.writeSync(fd, 'lost ');
      fs.writeFileSync(control, 'sync-error');
      try { fs.fsyncSync(fd); } catch (error) { console.log(error.code); }
      fs.rmSync(control);
      fs.writeSync(fd, 'kept');
      fs.fsyncSync(fd);
    `;
    const control = disk.env['FAULTY_DISK_CONTROL'] ?? '';
    const child = runScript(disk, script, join(disk.directory, 'file'), control);
    assert.equal(child.stdout.trim(), 'EIO', child.stderr);
    const model = createDiskModel(disk.directory, disk.readLog());
    model.advanceTo(process.hrtime.bigint());
    const folder = join(disk.scratch, 'end');
    assert.equal(model.writeTo(folder, 'drop'), 1);
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'kept \0\0\0\0\0kept');
  } finally {
    disk.remove();
  }
});

test('what has the number of a closed file is not taken for it', { skip }, () => {
  const disk = createFaultyDisk({ record: true });
  try {
    const script = `
      const fs = require('node:fs');
      const [watched, other] = process.argv.slice(1);
      const first = fs.openSync(watched, 'w');
      fs.closeSync(first);
      const second = fs.openSync(other, 'w');
      fs.writeSync(second, 'written');
      console.log(first === second);
    `;
    const other = join(disk.scratch, 'other');
    disk.setFaults('write-error');
    const child = runScript(disk, script, join(disk.directory, 'file'), other);
    assert.equal(child.stdout.trim(), 'true', child.stderr);
    assert.equal(readFileSync(other, 'utf8'), 'written');
    assert.deepEqual(
      disk.readLog().filter(({ kind }) => kind === 'write'),
      [],
    );
  } finally {
    disk.remove();
  }
});

test('the sync of a folder vouches for no file, whatever numbers they have', { skip }, () => {
  const disk = createFaultyDisk({ record: true });
  try {
    const script = `
      const fs = require('node:fs');
      const [folder] = process.argv.slice(1);
      const file = fs.openSync(folder + '/file', 'w');
      fs.writeSync(file, 'never synced');
      fs.closeSync(file);
      const opened = fs.openSync(folder, 'r');
      fs.fsyncSync(opened);
      console.log(file === opened);
    `;
    const child = runScript(disk, script, disk.directory);
    assert.equal(child.stdout.trim(), 'true', child.stderr);
    const model = createDiskModel(disk.directory, disk.readLog());
    model.advanceTo(process.hrtime.bigint());
    const folder = join(disk.scratch, 'end');
    assert.equal(model.writeTo(folder, 'drop'), 1);
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), '');
  } finally {
    disk.remove();
  }
});

test('a sync takes at least the delay that was asked for', { skip }, () => {
  const disk = createFaultyDisk({ record: true, syncDelayUs: 5000 });
  try {
    const script = `
      const fs = require('node:fs');
      const fd = fs.openSync(process.argv[1], 'w');
      for (let i = 0; i < 20; i++) { fs.writeSync(fd, 'x'); i % 2 ? fs.fsyncSync(fd) : fs.fdatasyncSync(fd); }
    `;
    const child = runScript(disk, script, join(disk.directory, 'file'));
    assert.equal(child.status, 0, child.stderr);
    const syncs = disk.readLog().filter((record) => record.kind === 'sync');
    assert.equal(syncs.length, 20);
    for (const { beginNs, endNs } of syncs) assert.ok(endNs - beginNs >= 5_000_000n);
  } finally {
    disk.remove();
  }
});
