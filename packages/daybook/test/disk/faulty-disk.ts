/**
 * Builds the faulty disk (`faulty-disk.c`) with the system's C compiler and gives each test its own directory, log and
 * fault switches. Where it cannot be built (no Linux, no `cc`), `faultyDiskMissing` says why, so that tests skip aloud.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type DiskRecord, readDiskLog } from './disk-log.ts';

/** The name that POSIX systems give their C compiler; `CC` names another. */
const COMPILER = process.env['CC'] ?? 'cc';
const SOURCE = fileURLToPath(new URL('faulty-disk.c', import.meta.url));

/** The words of `FAULTY_DISK_CONTROL`; see the head of `faulty-disk.c`. */
export type DiskFault = 'full' | 'full-grow' | 'write-error' | 'sync-error';

export interface FaultyDisk {
  /** Empty at the start; everything below it is watched. */
  readonly directory: string;
  /** For the child process that is to run on this disk. */
  readonly env: Readonly<Record<string, string>>;
  /** Switches exactly these faults on, and all others off. */
  setFaults(...faults: DiskFault[]): void;
  /** What was recorded so far, in the order in which it ended. */
  readLog(): DiskRecord[];
  /** Removes everything, including what a test put below `scratch`. */
  remove(): void;
  /** A folder beside the disk that is not watched. */
  readonly scratch: string;
}

let built: { library: string } | { missing: string } | undefined;

function build(): { library: string } | { missing: string } {
  if (process.platform !== 'linux')
    return { missing: `the faulty disk needs Linux, this is ${process.platform}` };
  const folder = mkdtempSync(join(tmpdir(), 'daybook-faulty-disk-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const library = join(folder, 'faulty-disk.so');
  try {
    const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC'];
    execFileSync(COMPILER, [...flags, '-o', library, SOURCE, '-ldl'], { stdio: 'pipe' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return { missing: `the faulty disk needs a C compiler, and there is no ${COMPILER} in PATH` };
    }
    throw error;
  }
  return { library };
}

/** Why tests on the faulty disk must be skipped here; `false` where they can run (fits the `skip` option of a test). */
export function faultyDiskMissing(): string | false {
  built ??= build();
  return 'missing' in built ? built.missing : false;
}

export function createFaultyDisk(options: { syncDelayUs?: number; record?: boolean } = {}): FaultyDisk {
  built ??= build();
  if ('missing' in built) throw new Error(built.missing);
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'daybook-disk-'));
  const directory = join(root, 'disk');
  const scratch = join(root, 'scratch');
  const log = join(root, 'log');
  const control = join(root, 'control');
  mkdirSync(directory);
  mkdirSync(scratch);
  return {
    directory,
    scratch,
    env: {
      LD_PRELOAD: built.library,
      FAULTY_DISK_DIRECTORY: directory,
      FAULTY_DISK_CONTROL: control,
      ...(options.record === true ? { FAULTY_DISK_LOG: log } : {}),
      ...(options.syncDelayUs === undefined
        ? {}
        : { FAULTY_DISK_SYNC_DELAY_US: String(options.syncDelayUs) }),
    },
    setFaults: (...faults) => {
      if (faults.length === 0) rmSync(control, { force: true });
      else writeFileSync(control, faults.join(' '));
    },
    readLog: () => readDiskLog(log),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
