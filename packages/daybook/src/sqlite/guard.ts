/**
 * Guards the one connection that writes. After any failure nothing is written until the WAL was written back and
 * emptied: what an interrupted commit left there must not come to life behind a later one.
 */
import type { DatabaseSync } from 'node:sqlite';

import { toError } from '../errors.ts';
import { truncateWal } from './connection.ts';
import { toFailure } from './failure.ts';
import { ThreadFailure } from './thread-server.ts';

/** Runs a write, which calls `commit` where its transaction ends. @throws {ThreadFailure} after a rollback. */
export type Guard = <T>(write: (commit: () => void) => T) => T;

/** Rolls back what fails and says why, and whether it may have been written; a `ThreadFailure` says so itself. */
export function createGuard(db: DatabaseSync): Guard {
  let needsRecovery = false;
  return (write) => {
    let committing = false;
    try {
      if (needsRecovery) truncateWal(db);
      needsRecovery = false;
      return write(() => {
        committing = true;
        db.exec('COMMIT');
      });
    } catch (thrown) {
      const error = toError(thrown);
      const failure = thrown instanceof ThreadFailure ? thrown.failure : toFailure(error, committing);
      // Values that the database refuses never reached the WAL.
      needsRecovery ||= failure.reason !== 'rejected' || committing;
      if (db.isTransaction) db.exec('ROLLBACK');
      throw new ThreadFailure(failure);
    }
  };
}
