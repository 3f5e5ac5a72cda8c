/**
 * Object storage in files when the process is killed, the power goes, or the disk is full or fails: what was created is
 * there and whole, and nobody ever sees a part of an object.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { createFileObjects } from '../../src/objects/file/file-objects.ts';
import type { Objects } from '../../src/objects/objects.ts';
import { createChance, createDiskModel, type LossMode } from '../disk/disk-model.ts';
import { createFaultyDisk, faultyDiskMissing } from '../disk/faulty-disk.ts';
import { mountTmpfs } from '../disk/mounted-tmpfs.ts';
import { eventually } from '../support/eventually.ts';
import { isWhole } from './whole-object.ts';

const PROGRAM = fileURLToPath(new URL('create-objects.ts', import.meta.url));
const ROUNDS = 8;
const POWER_LOSS_OBJECTS = 150;
const MOMENTS = 12;

interface Creator {
  readonly child: ChildProcess;
  /** Names and moments of the objects whose creation was confirmed so far. */
  created(): Map<string, bigint>;
  /** Names of those that failed, with the reason. */
  failed(): Map<string, string>;
  /** Resolves when the process is gone and everything that it said is here. */
  readonly ended: Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

function startCreator(directory: string, run: number, { count = 0, env = {} } = {}): Creator {
  const args = ['--conditions=daybook-source', PROGRAM, directory, String(run), String(count)];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (given: string) => (said += given));
  const lines = () =>
    said
      .slice(0, said.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1);
  return {
    child,
    created: () =>
      new Map(
        lines()
          .filter((line) => !line.startsWith('!'))
          .map((line) => line.split(' '))
          .map(([name = '', at = '0']) => [name, BigInt(at)]),
      ),
    failed: () =>
      new Map(
        lines()
          .filter((line) => line.startsWith('!'))
          .map((line) => line.split(' '))
          .map(([, name = '', reason = '']) => [name, reason]),
      ),
    ended: end(child),
  };
}

async function end(child: ChildProcess & { readonly stderr: Readable }): Promise<void> {
  const [errors] = await Promise.all([text(child.stderr), once(child, 'close')]);
  running.delete(child);
  assert.equal(errors, '');
}

async function namesIn(objects: Objects): Promise<string[]> {
  const names: string[] = [];
  for (let after = ''; ;) {
    const page = await objects.list({ prefix: '', after, limit: 1000 });
    names.push(...page.objects.map(({ name }) => name));
    if (!page.more) return names;
    after = names.at(-1) ?? '';
  }
}

/** Opens it as the next start would, an hour later. @returns the names of all objects. */
async function assertAllWhole(directory: string, confirmed: Iterable<string>): Promise<Set<string>> {
  const anHourAgo = new Date(Date.now() - 3_600_000);
  const temporaries = join(directory, '~temporary');
  const left = existsSync(temporaries) ? await readdir(temporaries) : [];
  for (const name of left) await utimes(join(temporaries, name), anHourAgo, anHourAgo);
  const objects = await createFileObjects({ directory });
  const names = new Set(await namesIn(objects));
  for (const name of names) {
    const bytes = await objects.read(name);
    assert.ok(bytes !== undefined && isWhole(name, bytes), `${name} is not whole`);
  }
  for (const name of confirmed) assert.ok(names.has(name), `${name} was confirmed and is not there`);
  assert.deepEqual(await readdir(temporaries), []);
  return names;
}

test('SIGKILL at any moment: what was confirmed is there, nothing is there in part, nothing is left behind', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'daybook-objects-'));
  const confirmed = new Set<string>();
  try {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const creator = startCreator(directory, round);
      await eventually('some objects', async () => creator.created().size >= 3 + ((round * 13) % 40), {
        everyMs: 1,
      });
      creator.child.kill('SIGKILL');
      await creator.ended;
      for (const name of creator.created().keys()) confirmed.add(name);
      await assertAllWhole(directory, confirmed);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('power loss at any moment: the same', { skip: faultyDiskMissing() }, async (t) => {
  const disk = createFaultyDisk({ record: true });
  try {
    const creator = startCreator(join(disk.directory, 'objects'), 1, {
      count: POWER_LOSS_OBJECTS,
      env: disk.env,
    });
    await creator.ended;
    const created = creator.created();
    assert.equal(created.size, POWER_LOSS_OBJECTS);
    const records = disk.readLog();
    const [begin = 0n, end = 0n] = [records[0]?.endNs, records.at(-1)?.endNs];
    const seed = Date.now() % 1_000_000;
    t.diagnostic(`seed ${seed}`);
    let unvouched = 0;
    for (const mode of ['drop', 'subset'] satisfies LossMode[]) {
      const chance = createChance(seed);
      const model = createDiskModel(disk.directory, records);
      const anywhere = Array.from(
        { length: MOMENTS },
        () => begin + BigInt(Math.floor(chance() * Number(end - begin))),
      );
      const confirmations = [...created.values()].filter(() => chance() < MOMENTS / POWER_LOSS_OBJECTS);
      const moments = [...anywhere, ...confirmations].toSorted((a, b) => (a < b ? -1 : 1));
      for (const [index, moment] of moments.entries()) {
        model.advanceTo(moment);
        const folder = join(disk.scratch, `${mode}-${index}`);
        unvouched += model.writeTo(folder, mode, seed + index);
        const due = [...created].filter(([, atNs]) => atNs <= moment).map(([name]) => name);
        await assertAllWhole(join(folder, 'objects'), due);
        await rm(folder, { recursive: true });
      }
    }
    assert.ok(unvouched > 0, 'the moments must have met writes under way');
  } finally {
    disk.remove();
  }
});

test(
  'a disk that fails to sync confirms nothing, and goes on when it is well',
  { skip: faultyDiskMissing() },
  async () => {
    const disk = createFaultyDisk();
    const directory = join(disk.directory, 'objects');
    const creator = startCreator(directory, 1, { env: disk.env });
    try {
      await eventually('some objects', async () => creator.created().size > 10);
      for (const fault of ['sync-error', 'write-error', 'full'] as const) {
        const [before, failures] = [creator.created().size, creator.failed().size];
        disk.setFaults(fault);
        await eventually(`a failure of ${fault}`, async () => creator.failed().size > failures + 5);
        disk.setFaults();
        await eventually('more objects', async () => creator.created().size > before + 10);
        const expected = fault === 'full' ? 'disk-full' : 'unavailable';
        assert.equal([...creator.failed().values()].at(-1), expected);
      }
      creator.child.kill('SIGKILL');
      await creator.ended;
      await assertAllWhole(directory, creator.created().keys());
    } finally {
      creator.child.kill('SIGKILL');
      await creator.ended;
      disk.remove();
    }
  },
);

test('a disk that is really full says so, leaves nothing behind, and takes objects when there is space', async (t) => {
  const mounted = mountTmpfs({ sizeBytes: 4 * 1024 * 1024 });
  if ('missing' in mounted) return t.skip(mounted.missing);
  try {
    const objects = await createFileObjects({ directory: mounted.path });
    assert.equal(objects.capabilities.durability, 'memory');
    const large = Buffer.alloc(700_000, 'x');
    let created = 0;
    const full = { name: 'ObjectsError', reason: 'disk-full' };
    await assert.rejects(async () => {
      for (;;) {
        await objects.create(`large/${created}`, large);
        created += 1;
      }
    }, full);
    assert.ok(created > 2);
    assert.equal((await namesIn(objects)).length, created);
    assert.deepEqual(await readdir(join(mounted.path, '~temporary')), []);
    // Down to the last page.
    await assert.rejects(async () => {
      for (let index = 0; ; index += 1) await objects.create(`small/${index}`, Buffer.alloc(4096));
    }, full);
    await assert.rejects(objects.probe(), full);
    assert.ok(large.equals((await objects.read('large/0')) ?? Buffer.alloc(0)));
    await objects.remove('large/0');
    await objects.probe();
    assert.equal(await objects.create('large/again', large), true);
    mounted.readOnly();
    await assert.rejects(objects.create('large/never', large), {
      name: 'ObjectsError',
      reason: 'unavailable',
    });
    assert.equal(await objects.read('large/never'), undefined);
    assert.ok(await objects.read('large/again'));
  } finally {
    mounted.remove();
  }
});
