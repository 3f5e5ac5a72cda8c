/** The file driver under the conformance suite of object storage, and what only files have. */
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { StartError } from '../../src/errors.ts';
import { createFileObjects } from '../../src/objects/file/file-objects.ts';
import type { OpenedObjects } from '../../src/testing/objects-conformance.ts';
import { testObjectsConformance } from '../../src/testing/objects-conformance.ts';

async function openIn(directory: string): Promise<OpenedObjects> {
  let objects = await createFileObjects({ directory });
  const opened: OpenedObjects = {
    get objects() {
      return objects;
    },
    async reopen() {
      await objects.close();
      objects = await createFileObjects({ directory });
      return opened;
    },
    async corrupt(name) {
      const bytes = await readFile(join(directory, name));
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      await writeFile(join(directory, name), bytes);
    },
    async dispose() {
      await objects.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return opened;
}

async function withFolder(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'daybook-objects-'));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

testObjectsConformance(test, async () => openIn(await mkdtemp(join(tmpdir(), 'daybook-objects-'))));

test('an object is a file of its name, for its owner only', () =>
  withFolder(async (parent) => {
    const directory = join(parent, 'made/when/missing');
    const objects = await createFileObjects({ directory });
    await objects.create('dead-letters/one.json', Buffer.from('{}\n'));
    assert.equal(await readFile(join(directory, 'dead-letters/one.json'), 'utf8'), '{}\n');
    const modes = ['', 'dead-letters', 'dead-letters/one.json'].map(
      async (path) => (await stat(join(directory, path))).mode & 0o777,
    );
    assert.deepEqual(await Promise.all(modes), [0o700, 0o700, 0o600]);
  }));

test('what a crash left of unfinished objects is swept at a start that is a minute later, and no other', () =>
  withFolder(async (directory) => {
    const temporaries = join(directory, '~temporary');
    await mkdir(temporaries);
    await writeFile(join(temporaries, 'half-written'), 'half');
    await writeFile(join(temporaries, 'being-written'), 'half');
    const aMinuteAgo = new Date(Date.now() - 60_000);
    await utimes(join(temporaries, 'half-written'), aMinuteAgo, aMinuteAgo);
    const objects = await createFileObjects({ directory });
    assert.deepEqual(await readdir(temporaries), ['being-written']);
    await objects.create('whole', Buffer.from('whole'));
    assert.deepEqual(await readdir(temporaries), ['being-written']);
  }));

test('objects are created while another process starts on the same folder, or removes folders', () =>
  withFolder(async (directory) => {
    const objects = await createFileObjects({ directory });
    const names = Array.from({ length: 100 }, (_, index) => `folder/${index % 5}/${index}`);
    let isOver = false;
    const created = names.map((name) => objects.create(name, Buffer.alloc(100_000)));
    const creating = Promise.all(created).finally(() => (isOver = true));
    const starting = (async () => {
      while (!isOver) await createFileObjects({ directory });
    })();
    const [areNew] = await Promise.all([creating, starting]);
    assert.ok(areNew.every((isNew) => isNew));
    await rm(join(directory, 'folder'), { recursive: true });
    await rm(join(directory, '~temporary'), { recursive: true });
    assert.equal(await objects.create('folder/1/again', Buffer.from('x')), true);
    assert.deepEqual((await objects.list({ prefix: '', limit: 5 })).objects.length, 1);
  }));

test('a name that is a folder of another is refused, not confused with it', () =>
  withFolder(async (directory) => {
    const objects = await createFileObjects({ directory });
    await objects.create('a/b', Buffer.from('x'));
    await assert.rejects(objects.create('a', Buffer.from('y')), TypeError);
    await assert.rejects(objects.create('a/b/c', Buffer.from('y')), TypeError);
  }));

test('what is no object is not listed', () =>
  withFolder(async (directory) => {
    const objects = await createFileObjects({ directory });
    await objects.create('a/b', Buffer.from('x'));
    await mkdir(join(directory, 'empty/folder'), { recursive: true });
    await writeFile(join(directory, 'a/b~'), 'of an editor');
    await writeFile(join(directory, 'not a name'), 'x');
    const { objects: page, more } = await objects.list({ prefix: '', limit: 1 });
    assert.deepEqual(
      page.map(({ name }) => name),
      ['a/b'],
    );
    assert.equal(more, false);
  }));

test('a folder that cannot be one stops the start with a line that names it', () =>
  withFolder(async (directory) => {
    await writeFile(join(directory, 'file'), '');
    const start = createFileObjects({ directory: join(directory, 'file/below') });
    await assert.rejects(start, (thrown: unknown) => {
      return thrown instanceof StartError && thrown.message.includes(join(directory, 'file/below'));
    });
  }));

test('a folder without permission is unavailable, and works again when it has it', async (t) => {
  if (process.getuid?.() === 0) return t.skip('root may write everywhere');
  await withFolder(async (directory) => {
    const objects = await createFileObjects({ directory });
    await objects.create('a/b', Buffer.from('x'));
    await chmod(join(directory, 'a'), 0o500);
    await assert.rejects(objects.create('a/c', Buffer.from('x')), {
      name: 'ObjectsError',
      reason: 'unavailable',
    });
    await chmod(join(directory, 'a'), 0o700);
    assert.equal(await objects.create('a/c', Buffer.from('x')), true);
  });
});
