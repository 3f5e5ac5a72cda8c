/**
 * Gives the pages that retention freed back to the file system, a few at a time, with pauses in which writes have their
 * turn. Not while more expires: what is written meanwhile takes free pages first. A file in WAL mode shrinks when its log
 * is written back, so that comes last.
 */
import type { DatabaseSync } from 'node:sqlite';

import { pragma } from '../../sqlite/connection.ts';
import type { Guard } from '../../sqlite/guard.ts';

/** Of 4 KiB: more would hold up the writes that wait. */
const PAGES_AT_A_TIME = 128;
/** Of the time that they took. */
const PAUSE_RATIO = 9;

/** Nothing has expired for so long: the rest can go. */
const QUIET_MS = 500;

export interface FreePages {
  /** After entries expired. */
  wake(): void;
  stop(): void;
}

/** @param nowMs monotonic milliseconds. */
export function createFreePages(db: DatabaseSync, guarded: Guard, nowMs: () => number): FreePages {
  let timer: NodeJS.Timeout | undefined;

  function step(): void {
    const startedMs = nowMs();
    try {
      guarded(() => db.exec(`PRAGMA incremental_vacuum(${PAGES_AT_A_TIME})`));
      const isDone = Number(pragma(db, 'freelist_count')) === 0;
      // Waits for no reader; what one still needs is written back with what is written next.
      if (isDone) db.exec('PRAGMA wal_checkpoint(PASSIVE)');
      else timer = setTimeout(step, (nowMs() - startedMs) * PAUSE_RATIO);
    } catch {
      // Nothing is lost; the next write meets the same disk and says so, and the next that expire try again.
    }
  }

  return {
    wake() {
      clearTimeout(timer);
      timer = setTimeout(step, QUIET_MS);
    },
    stop: () => clearTimeout(timer),
  };
}
