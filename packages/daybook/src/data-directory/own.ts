/**
 * The data directory: made if it is missing, and owned by one process at a time. The owner holds a lock of the
 * operating system on `daybook.lock`, which ends with the process however it ends, so a crash leaves nothing stale;
 * `daybook.pid` only tells people who it is.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

import { StartError, toError } from '../errors.ts';
import { makeDirectory } from '../file-system/make-directory.ts';

export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  release(): void;
}

const SQLITE_BUSY = 5;
/** A winner writes its pid right after it has the lock; a loser looks this often for it. */
const PID_READ_ATTEMPTS = 20;
const PID_READ_PAUSE_MS = 25;

/** @throws {StartError} when the directory cannot be made or written, or another process owns it. */
export async function ownDataDirectory(directory: string): Promise<DataDirectory> {
  const path = resolve(directory);
  const pidFile = join(path, 'daybook.pid');
  const lock = await lockDirectory(path, pidFile);
  try {
    // Also the proof that files can be written here: on a read-only file system the lock alone would succeed.
    writeFileSync(pidFile, `${process.pid}\n`);
  } catch (thrown) {
    lock.close();
    throw unusable(path, toError(thrown));
  }
  return {
    path,
    release() {
      rmSync(pidFile, { force: true });
      lock.close();
    },
  };
}

async function lockDirectory(path: string, pidFile: string): Promise<DatabaseSync> {
  let lock: DatabaseSync | undefined;
  try {
    makeDirectory(path);
    lock = new DatabaseSync(join(path, 'daybook.lock'));
    // Taken and never ended: nothing is written, so this costs no sync.
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (thrown) {
    lock?.close();
    const error = toError(thrown);
    if ((error as { errcode?: unknown }).errcode !== SQLITE_BUSY) {
      throw unusable(path, error);
    }
    const pid = await readOwner(pidFile);
    throw new StartError(
      `dataDir: ${path} is in use by ${pid === undefined ? 'another process' : `process ${pid}`}`,
    );
  }
}

function unusable(path: string, cause: Error): StartError {
  return new StartError(
    `dataDir: expected a directory that can be written, given ${path}: ${cause.message}`,
    { cause },
  );
}

async function readOwner(pidFile: string): Promise<number | undefined> {
  for (let attempt = 0; attempt < PID_READ_ATTEMPTS; attempt += 1) {
    const pid = readPid(pidFile);
    if (pid !== undefined && isAlive(pid)) return pid;
    await sleep(PID_READ_PAUSE_MS);
  }
  return undefined;
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    return Number.isSafeInteger(pid) ? pid : undefined;
  } catch {
    return undefined; // The owner has not written it yet.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // EPERM: it is there and belongs to somebody else.
    return (toError(thrown) as NodeJS.ErrnoException).code === 'EPERM';
  }
}
