/**
 * Gives the space of a drained backlog back to the file system, a few milliseconds at a time and only while the thread
 * has nothing else to do. Some is kept: a queue that is in use would soon ask for it again.
 */
import type { DatabaseSync } from 'node:sqlite';

import { pragma, truncateWal } from '../../sqlite/connection.ts';
import type { Guard } from '../../sqlite/guard.ts';

export interface Vacuum {
  /** After a transaction that freed pages. */
  wake(): void;
  stop(): void;
}

/** 16 MiB of 4 KiB pages. */
const KEPT_FREE_PAGES = 4_096;
/** 2 MiB of pages are moved and freed in one transaction. */
const PAGES_PER_STEP = 512;

export function createVacuum(db: DatabaseSync, guarded: Guard): Vacuum {
  let step: NodeJS.Immediate | undefined;

  /** Most of the file is free, and worth the writing. */
  function isWasteful(): boolean {
    const free = Number(pragma(db, 'freelist_count'));
    return free > KEPT_FREE_PAGES && free > Number(pragma(db, 'page_count')) / 2;
  }

  function runStep(): void {
    step = undefined;
    try {
      guarded(() => db.exec(`PRAGMA incremental_vacuum(${PAGES_PER_STEP})`));
      // A file in WAL mode shrinks when its log is written back.
      if (isWasteful()) step = setImmediate(runStep);
      else guarded(() => truncateWal(db));
    } catch {
      // Nothing is lost; the next send meets the same disk and says so, and the next acknowledgement tries again.
    }
  }

  return {
    wake() {
      if (step === undefined && isWasteful()) step = setImmediate(runStep);
    },
    stop() {
      clearImmediate(step);
      step = undefined;
    },
  };
}
