/**
 * Finds the library that makes every sync of a process slow, or says why there is none.
 *
 * The library belongs to the tests of a faulty disk; its head describes its environment variables.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench.ts';

export interface SlowSync {
  /** What a server is started with. */
  readonly env: Readonly<Record<string, string>>;
  /** For the notes of the result. */
  readonly told: string;
}

const SYNC_DELAY_MS = 5;
const SOURCE = fileURLToPath(new URL('../../packages/daybook/test/disk/faulty-disk.c', import.meta.url));

export function prepareSlowSync({ options, directory }: Bench): SlowSync {
  if (process.platform !== 'linux') return unslowed('LD_PRELOAD is for Linux only');
  const given = options.slowSyncLibrary ?? SOURCE;
  if (!existsSync(given)) return unslowed(`${given} is not there`);
  const library = given.endsWith('.c') ? compile(given, join(directory, 'faulty-disk.so')) : given;
  if (library === null) return unslowed('cc is not installed');
  return {
    env: {
      LD_PRELOAD: resolve(library),
      FAULTY_DISK_DIRECTORY: realpathSync(directory),
      FAULTY_DISK_SYNC_DELAY_US: String(SYNC_DELAY_MS * 1000),
    },
    told: `every sync slowed by ${SYNC_DELAY_MS} ms`,
  };
}

function unslowed(why: string): SlowSync {
  return { env: {}, told: `the sync was NOT slowed: ${why}` };
}

function compile(source: string, output: string): string | null {
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', output, source, '-ldl']);
    return output;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
