/**
 * Makes a directory and what is missing above it. Not by `recursive`, which in Node.js 24 never ends where a folder says
 * ENOENT of what would be made right in it, as those below /proc do.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const OWNER_ONLY = 0o700;

/**
 * What it makes is its owner's alone; what is there already stays as it is.
 * @returns the topmost that was made; undefined when all were there.
 * @throws {Error} of the file system.
 */
export function makeDirectory(path: string): string | undefined {
  try {
    return makeOne(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw thrown;
    const above = makeDirectory(dirname(path));
    const made = makeOne(path);
    return above ?? made;
  }
}

function makeOne(path: string): string | undefined {
  try {
    mkdirSync(path, { mode: OWNER_ONLY });
    return path;
  } catch (thrown) {
    // It may be there already, whatever the reason is called: EEXIST, or EROFS on a read-only disk.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw thrown;
    return undefined;
  }
}
