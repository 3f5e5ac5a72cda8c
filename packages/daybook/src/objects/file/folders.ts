/**
 * Folders whose names are as durable as the files in them. A synced file in a folder that nobody synced into its own
 * folder is lost with it, so a folder is used only after the whole way down to it was synced once.
 */
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

import { makeDirectory } from '../../file-system/make-directory.ts';
import { codeOf } from './failure.ts';

const OWNER_ONLY = 0o700;
/** More folders than these are synced again, which costs time and nothing else. */
const MAX_REMEMBERED = 10_000;

export interface Folders {
  /** Makes a folder below the root and all above it; durable when it resolves. */
  make(folder: string): Promise<void>;
  /** Somebody has removed folders: they are made anew when they are needed. */
  forget(): void;
}

/** @param root is there, and durable. */
export function createFolders(root: string): Folders {
  const durable = new Set([root]);

  async function make(folder: string): Promise<void> {
    if (durable.has(folder)) return;
    const parent = dirname(folder);
    await make(parent);
    try {
      await mkdir(folder, { mode: OWNER_ONLY });
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') throw thrown;
    }
    // Also when it was there: whoever made it may have crashed before this.
    await syncFolder(parent);
    if (durable.size === MAX_REMEMBERED) forget();
    durable.add(folder);
  }

  function forget(): void {
    durable.clear();
    durable.add(root);
  }

  return { make, forget };
}

/** Makes the root itself. Durable as far as the folders above it may be opened. */
export async function makeRoot(root: string): Promise<void> {
  const topmost = makeDirectory(root);
  let folder = dirname(root);
  for (;;) {
    try {
      await syncFolder(folder);
    } catch (thrown) {
      // It belongs to somebody else, who has made it durable long ago or whose business it is.
      if (codeOf(thrown) !== 'EACCES') throw thrown;
    }
    if (topmost === undefined || folder.length < topmost.length) return;
    folder = dirname(folder);
  }
}

/** Makes the names in a folder durable (fsync(2), "does not necessarily ensure that the entry in the directory"). */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
