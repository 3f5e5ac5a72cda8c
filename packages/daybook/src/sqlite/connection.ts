/**
 * Opens a SQLite database the way Daybook needs it and asserts that it is so: WAL, `synchronous=FULL`, a known schema
 * version. Each thread has a connection of its own; exactly one of them writes.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { DurabilityLevel } from '../durability.ts';
import { StartError } from '../errors.ts';
import { memoryFileSystem } from './file-system.ts';

/** Waits this long for a lock; only a checkpoint can meet one, because one connection writes. */
const BUSY_TIMEOUT_MS = 5_000;
/** 16 MiB of 4 KiB pages between checkpoints: fewer, longer ones; a checkpoint stalls one commit. */
const CHECKPOINT_PAGES = 4_000;
/** The WAL file is cut back to this after a checkpoint, should a reader have let it grow. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/** `PRAGMA synchronous` answers with a number (https://www.sqlite.org/pragma.html#pragma_synchronous). */
const SYNCHRONOUS_FULL = 2;

/** About half a second of reading; a larger database would hold up the start for too long. */
const MAX_CHECKED_BYTES = 256 * 1024 * 1024;

/** The only connection that writes. @throws {StartError} when the file cannot be opened or given the settings. */
export function openWriter(path: string, busyTimeoutMs = BUSY_TIMEOUT_MS): DatabaseSync {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  return db;
}

/**
 * Refuses a file that is not a whole database of the kind expected, before anything in it is changed. Has a connection of its own:
 * on one that has run `quick_check`, a checkpoint right after the change to WAL reports "database table is locked".
 * @param applicationId what the first migration sets in a file of this kind.
 * @throws {StartError} for another program's database or a corrupt one.
 */
export function assertOurs(path: string, applicationId: number): void {
  const db = openWriter(path);
  try {
    const tables = Number(db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables']);
    if (tables === 0) return;
    const application = pragma(db, 'application_id');
    if (application !== applicationId) {
      throw new StartError(
        `expected a database of Daybook, given one of another kind (application_id ${String(application)})`,
      );
    }
    if (statSync(path).size > MAX_CHECKED_BYTES) return;
    const verdict = pragma(db, 'quick_check(1)');
    if (verdict === 'ok') return;
    throw new StartError(
      `expected a whole database, given a corrupt one: ${String(verdict).replaceAll(/\s+/g, ' ')}`,
    );
  } finally {
    db.close();
  }
}

/** After the migrations: `auto_vacuum` must be set before the journal mode writes the first page. */
export function configureWriter(db: DatabaseSync): void {
  const fullFsync =
    process.platform === 'darwin' ? 'PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;' : '';
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES};
    ${fullFsync}
  `);
  const journalMode = pragma(db, 'journal_mode');
  const synchronous = pragma(db, 'synchronous');
  if (journalMode !== 'wal' || synchronous !== SYNCHRONOUS_FULL) {
    throw new StartError(
      `expected journal_mode wal and synchronous ${SYNCHRONOUS_FULL} (FULL), given ${String(journalMode)} and ${String(synchronous)}`,
    );
  }
}

export function openReader(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true });
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  return db;
}

/** What a commit on this file survives, and how that is known. */
export function sqliteDurability(path: string): { level: DurabilityLevel; proof: string } {
  const memory = memoryFileSystem(dirname(path));
  if (memory !== undefined)
    return { level: 'memory', proof: `SQLite on ${memory}, which loses everything with the machine` };
  const full = process.platform === 'darwin' ? ', fullfsync' : '';
  return { level: 'fsync', proof: `SQLite, WAL, synchronous=FULL${full}: read back from the connection` };
}

export function pragma(db: DatabaseSync, name: string): unknown {
  const row = db.prepare(`PRAGMA ${name}`).get();
  return row === undefined ? undefined : Object.values(row)[0];
}

/**
 * Writes the whole WAL into the database and empties it: what an interrupted commit may have left there is gone.
 * @throws when a reader holds it for longer than the busy timeout, or the disk fails.
 */
export function truncateWal(db: DatabaseSync): void {
  const row = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
  if (row?.['busy'] === 0) return;
  const message = 'wal_checkpoint(TRUNCATE): expected to finish, given busy';
  // The pragma tells it in a row; everywhere else a lock is an error with this code, and passes by itself.
  throw Object.assign(new Error(message), { errcode: SQLITE_BUSY });
}
