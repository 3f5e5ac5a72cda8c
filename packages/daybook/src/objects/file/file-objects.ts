/**
 * Object storage in a folder: an object is a file of its name, readable with any tool. A file appears under its name
 * whole and durable or not at all: it is written and synced under a temporary name in the same file system, then linked,
 * which never overwrites (link(2)), and the folder is synced. Several processes may share the folder.
 */
import { link, lstat, open, opendir, readFile, rm, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { systemTime } from '../../clock.ts';
import { StartError, toError } from '../../errors.ts';
import { randomId } from '../../id.ts';
import { assertListQuery, assertObjectName } from '../object-name.ts';
import type { ListObjects, ObjectInfo, Objects, ObjectsCapabilities, ObjectsPage } from '../objects.ts';
import { ObjectsError } from '../objects.ts';
import { asObjectsError, codeOf } from './failure.ts';
import { createFolders, makeRoot, syncFolder } from './folders.ts';
import { listNames } from './names.ts';

export interface FileObjectsOptions {
  /** Made if it is missing. */
  readonly directory: string;
}

/** No object's name has a tilde. */
const TEMPORARY_FOLDER = '~temporary';
const OWNER_ONLY = 0o600;
/** Another than the first is needed only when somebody removes the file or a folder at that very moment. */
const CREATE_ATTEMPTS = 5;
/** What changed in this time may be of a process that lives and writes right now. */
const UNFINISHED_FOR_MS = 60_000;
/** Magic numbers of file systems that live in memory (statfs(2)). */
const MEMORY_FILE_SYSTEMS = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
]);

/**
 * Sweeps what a crash has left, a minute ago or earlier, of objects that were being written. Should it be of a process that
 * lives, that one writes again.
 * @throws {StartError} when the folder cannot be made or used.
 */
export async function createFileObjects({ directory }: FileObjectsOptions): Promise<Objects> {
  const root = resolve(directory);
  const temporaries = join(root, TEMPORARY_FOLDER);
  const folders = createFolders(root);
  const capabilities = await prepare(root, async () => {
    await makeRoot(root);
    await folders.make(temporaries);
    await sweep(temporaries);
    return capabilitiesOf(root);
  });

  const pathOf = (name: string) => join(root, ...name.split('/'));

  /** @returns its path; whole and synced. */
  async function writeTemporary(bytes: Uint8Array): Promise<string> {
    const path = join(temporaries, randomId());
    await folders.make(temporaries);
    const file = await open(path, 'wx', OWNER_ONLY);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } catch (thrown) {
      await rm(path, { force: true }).catch(() => undefined); // The sweep of the next start finds it.
      throw thrown;
    } finally {
      await file.close();
    }
    return path;
  }

  async function publish(temporary: string, path: string): Promise<boolean> {
    const folder = dirname(path);
    await folders.make(folder);
    try {
      await link(temporary, path);
    } catch (thrown) {
      const code = codeOf(thrown);
      if (code === 'ENOTDIR' || (code === 'EEXIST' && (await isFolder(path))))
        throw new TypeError(`object name: ${path} cannot be beside a name that is a folder of it`, {
          cause: thrown,
        });
      if (code !== 'EEXIST') throw thrown;
      // Whoever linked it has synced the file, and may not have come to the folder yet.
      await syncFolder(folder);
      return false;
    }
    await syncFolder(folder);
    return true;
  }

  async function createOnce(path: string, bytes: Uint8Array): Promise<boolean> {
    const temporary = await writeTemporary(bytes);
    try {
      return await publish(temporary, path);
    } finally {
      await rm(temporary, { force: true }).catch(() => undefined); // The sweep of the next start finds it.
    }
  }

  async function createAt(path: string, bytes: Uint8Array): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await createOnce(path, bytes);
      } catch (thrown) {
        // The sweep of another start has taken the temporary file, or somebody a folder.
        if (codeOf(thrown) !== 'ENOENT' || attempt === CREATE_ATTEMPTS) throw thrown;
        folders.forget();
      }
    }
  }

  async function info(name: string): Promise<ObjectInfo | undefined> {
    try {
      const { size, mtimeNs } = await stat(pathOf(name), { bigint: true });
      return { name, bytes: Number(size), createdAt: Number(mtimeNs / 1000n) };
    } catch (thrown) {
      if (isMissing(thrown)) return undefined;
      throw thrown;
    }
  }

  async function listPage({ prefix, after = '', limit }: ListObjects): Promise<ObjectsPage> {
    for (let behind = after; ;) {
      const names = await listNames(root, { prefix, after: behind, limit: limit + 1 });
      const page = names.slice(0, limit);
      const objects = (await Promise.all(page.map(info))).filter((one) => one !== undefined);
      const more = names.length > limit;
      if (objects.length > 0 || !more) return { objects, more };
      // All of them were removed while they were looked at.
      behind = page.at(-1) ?? behind;
    }
  }

  return {
    capabilities,
    async create(name, bytes) {
      assertObjectName(name);
      return asObjectsError(`create ${name}`, () => createAt(pathOf(name), bytes));
    },
    async read(name) {
      assertObjectName(name);
      return asObjectsError(`read ${name}`, async () => {
        try {
          return await readFile(pathOf(name));
        } catch (thrown) {
          if (isMissing(thrown)) return undefined;
          throw thrown;
        }
      });
    },
    async list(query) {
      assertListQuery(query);
      return asObjectsError('list', () => listPage(query));
    },
    async remove(name) {
      assertObjectName(name);
      await asObjectsError(`remove ${name}`, () => removeAt(pathOf(name)));
    },
    async probe() {
      await asObjectsError('probe', async () => {
        const path = join(temporaries, `probe-${randomId()}`);
        try {
          for (const expected of [true, false]) {
            if ((await createAt(path, new Uint8Array(1))) === expected) continue;
            throw new ObjectsError(
              'unavailable',
              `file objects: ${root}: expected links that do not overwrite`,
            );
          }
        } finally {
          await removeAt(path);
        }
      });
    },
    async close() {
      // Nothing is open between calls.
    },
  };
}

/** No object of that name: it is not there, or a folder has it, or a file is where a folder of it would be. */
function isMissing(thrown: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(thrown) ?? '');
}

async function removeAt(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
  }
  try {
    // Also when it was gone: the sync of an earlier removal may have failed.
    await syncFolder(dirname(path));
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
}

async function sweep(temporaries: string): Promise<void> {
  for await (const { name } of await opendir(temporaries)) {
    const path = join(temporaries, name);
    try {
      if (systemTime.wallMs() - (await stat(path)).mtimeMs >= UNFINISHED_FOR_MS)
        await rm(path, { force: true });
    } catch (thrown) {
      // Whoever wrote it has finished.
      if (!isMissing(thrown)) throw thrown;
    }
  }
}

async function capabilitiesOf(root: string): Promise<ObjectsCapabilities> {
  const memory = MEMORY_FILE_SYSTEMS.get((await statfs(root)).type);
  return {
    driver: 'file',
    durability: memory === undefined ? 'fsync' : 'memory',
    durabilityProof:
      memory === undefined
        ? 'files and their folders are synced before a write is confirmed'
        : `files on ${memory}, which loses everything with the machine`,
    shared: false,
    verified: false,
  };
}

async function prepare<T>(root: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw new StartError(
      `objects: expected a folder that can be written, given ${root}: ${toError(thrown).message}`,
      { cause: thrown },
    );
  }
}
