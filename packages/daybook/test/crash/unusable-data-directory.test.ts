/**
 * A data directory that cannot be used stops the start with exit code 2 and one clear line on standard error, before
 * anything is listened on, and is left as it was.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';

import { createChance } from '../disk/disk-model.ts';
import { mountTmpfs } from '../disk/mounted-tmpfs.ts';
import { createJournal } from '../support/journal.ts';
import { startDaybook, type StartOptions, tryStartDaybook } from '../support/start-daybook.ts';
import { startWriters } from '../support/writers.ts';

/** `nobody` on every Linux. */
const NOBODY = 65_534;

const root = mkdtempSync(join(tmpdir(), 'daybook-unusable-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** @param names what the line must name, so that a stranger knows where to look. */
async function assertRefusesToStart(options: StartOptions, ...names: RegExp[]): Promise<void> {
  const result = await tryStartDaybook(options);
  if (result.started) {
    await result.kill();
    assert.fail('the start must be refused');
  }
  const lines = result.stderr.split('\n').filter((line) => line !== '');
  assert.equal(lines.length, 1, `expected one line:\n${result.stderr}`);
  assert.equal(result.exitCode, 2, result.stderr);
  assert.doesNotMatch(result.stdout, /"event":"listening"/);
  for (const name of names) assert.match(lines[0] ?? '', name);
  assert.doesNotMatch(result.stderr, /^\s+at /m, 'a stack trace is not a clear line');
}

/** A data directory with some thousand entries, closed in order. */
async function makeDataDirectory(name: string): Promise<string> {
  const dataDir = join(root, name);
  const server = await startDaybook({ dataDir });
  const writers = startWriters({
    address: server.address,
    journal: createJournal(),
    roles: ['batch', 'batch'],
  });
  try {
    await writers.acknowledged(3000);
  } finally {
    await writers.stop();
    await server.stop();
  }
  return dataDir;
}

/** Overwrites part of a file with seeded noise. */
function spoil(file: string, from: number, to: number): void {
  const chance = createChance(from + 1);
  const bytes = readFileSync(file);
  for (let at = from; at < Math.min(to, bytes.length); at++) bytes[at] = Math.floor(chance() * 256);
  writeFileSync(file, bytes);
}

test('a data directory below a regular file is refused', async () => {
  const file = join(root, 'a-file');
  writeFileSync(file, 'not a directory');
  await assertRefusesToStart({ dataDir: join(file, 'data') }, /dataDir/, /a-file/);
  await assertRefusesToStart({ dataDir: file }, /dataDir/, /a-file/);
});

test('a folder that says of what would be made in it that it is not there is refused', async (t) => {
  if (process.platform !== 'linux') return t.skip('/proc is such a folder');
  await assertRefusesToStart({ dataDir: '/proc/daybook/data' }, /dataDir/, /\/proc\/daybook/);
  const env = { DAYBOOK_QUEUE: 'sqlite:', DAYBOOK_OBJECTS: 'file:/proc/daybook/objects' };
  await assertRefusesToStart(
    { dataDir: join(root, 'objects-below-proc'), env },
    /objects/,
    /\/proc\/daybook/,
  );
});

test('a read-only file system is refused', async (t) => {
  const mounted = mountTmpfs({ sizeBytes: 16 * 1024 * 1024 });
  if ('missing' in mounted) return t.skip(mounted.missing);
  try {
    const used = join(mounted.path, 'used');
    await (await startDaybook({ dataDir: used })).stop();
    mounted.readOnly();
    await assertRefusesToStart({ dataDir: used }, /dataDir/, /used/);
    await assertRefusesToStart({ dataDir: join(mounted.path, 'new') }, /dataDir/, /new/);
  } finally {
    mounted.remove();
  }
});

test('a data directory that the user may not write is refused', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('starting as another user needs root');
  const nobody = { uid: NOBODY, gid: NOBODY };
  if (spawnSync(process.execPath, ['--version'], { ...nobody, cwd: '/' }).status !== 0) {
    return t.skip('another user may not run this Node');
  }
  chmodSync(root, 0o755);
  const foreign = join(root, 'foreign');
  mkdirSync(foreign, { mode: 0o755 });
  await assertRefusesToStart({ dataDir: foreign, ...nobody }, /dataDir/, /foreign/);

  const used = await makeDataDirectory('used');
  chownSync(used, NOBODY, NOBODY);
  // The directory is theirs, the files in it belong to root and may be read at most.
  await assertRefusesToStart({ dataDir: used, ...nobody }, /used|daybook\.db|admin\.key/);
});

test('a database whose header is garbage is refused and left as it was', async () => {
  const dataDir = await makeDataDirectory('header');
  const file = join(dataDir, 'daybook.db');
  spoil(file, 0, 100);
  const before = readFileSync(file);
  await assertRefusesToStart({ dataDir }, /daybook\.db/);
  assert.deepEqual(readFileSync(file), before);
});

test('a file that was never a database is refused and left as it was', async () => {
  const dataDir = join(root, 'never');
  mkdirSync(dataDir);
  const file = join(dataDir, 'daybook.db');
  writeFileSync(file, 'Dear diary, '.repeat(1000));
  const before = readFileSync(file);
  await assertRefusesToStart({ dataDir }, /daybook\.db/);
  assert.deepEqual(readFileSync(file), before);
});

test('a database with garbage in its middle is refused', async () => {
  const dataDir = await makeDataDirectory('middle');
  const file = join(dataDir, 'daybook.db');
  const { size } = statSync(file);
  spoil(file, Math.floor(size / 3), Math.floor((size * 2) / 3));
  await assertRefusesToStart({ dataDir }, /daybook\.db/);
});

test('a database that was cut off in its middle is refused', async () => {
  const dataDir = await makeDataDirectory('cut');
  const file = join(dataDir, 'daybook.db');
  writeFileSync(file, readFileSync(file).subarray(0, Math.floor(statSync(file).size / 2)));
  await assertRefusesToStart({ dataDir }, /daybook\.db/);
});

test("another program's database is refused and keeps its tables", async () => {
  const dataDir = join(root, 'other');
  mkdirSync(dataDir);
  const file = join(dataDir, 'daybook.db');
  const tables = () => {
    const db = new DatabaseSync(file);
    const rows = db.prepare('SELECT sql FROM sqlite_schema ORDER BY name').all();
    db.close();
    return rows.map(({ sql }) => sql);
  };
  const db = new DatabaseSync(file);
  db.exec('CREATE TABLE entry (something TEXT); PRAGMA user_version = 1');
  db.close();
  const before = tables();
  await assertRefusesToStart({ dataDir }, /daybook\.db/);
  assert.deepEqual(tables(), before);
});
