/**
 * The directory in which the servers of a run keep their data: made for the run, removed after it.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFileSystem } from '../machine/file-system.ts';
import { OptionError } from './options.ts';
import type { BenchOptions } from './options.ts';

export interface DataDirectory {
  readonly path: string;
  remove(): void;
}

/** Not the system's temporary directory: that is often a memory file system. Ignored by version control. */
const DEFAULT_PARENT = fileURLToPath(new URL('../data/', import.meta.url));

/** @throws {OptionError} on a memory file system, unless it was allowed. */
export function createDataDirectory(options: BenchOptions): DataDirectory {
  const parent = options.directory ?? DEFAULT_PARENT;
  mkdirSync(parent, { recursive: true });
  const fileSystem = readFileSystem(parent);
  if (fileSystem.inMemory && !options.allowTmpfs) {
    throw new OptionError(
      `--dir: expected a disk, got ${fileSystem.name} at '${parent}', where a sync costs nothing; ` +
        '--allow-tmpfs measures it all the same',
    );
  }
  const path = mkdtempSync(join(parent, 'bench-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
