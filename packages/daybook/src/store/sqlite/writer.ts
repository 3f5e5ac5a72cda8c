/**
 * The writer thread: the only connection that writes. It answers one call after the other, so there is never more than
 * one transaction. After any failure nothing is appended until the WAL was written back and emptied: what an
 * interrupted commit left there must not come to life behind a later one.
 */
import type { DatabaseSync } from 'node:sqlite';

import { toError } from '../../errors.ts';
import { createAppend } from './append.ts';
import type { BatchColumns } from './columns.ts';
import { assertOurs, configureWriter, openWriter, sqliteDurability, truncateWal } from './connection.ts';
import { toFailure } from './failure.ts';
import { migrate } from './migrate.ts';
import { fromIdBytes } from './rows.ts';
import { serveThread, ThreadFailure } from './thread-server.ts';

export interface WriterData {
  readonly path: string;
  /** For a database that has none yet. */
  readonly newEpoch: string;
}

/** Runs in a thread of its own. @throws {StartError} when the database cannot be used. */
export function serve({ path, newEpoch }: WriterData): void {
  assertOurs(path);
  const db = openWriter(path);
  const schemaVersion = migrate(db);
  configureWriter(db);
  truncateWal(db);
  const epoch = readOrSetEpoch(db, newEpoch);
  const guarded = createGuard(db);
  const append = createAppend(db);
  const writeProbe = db.prepare(
    `INSERT INTO probe (singleton, probed_at) VALUES (1, unixepoch())
     ON CONFLICT (singleton) DO UPDATE SET probed_at = excluded.probed_at`,
  );
  serveThread(
    { epoch, newestId: readNewestId(db), schemaVersion, durability: sqliteDurability(path) },
    {
      append: (batch: BatchColumns) => guarded((commit) => append(batch, commit)),
      probe: () => guarded(() => void writeProbe.run()),
      close() {
        truncateWal(db);
        db.close();
      },
    },
  );
}

type Guard = <T>(write: (commit: () => void) => T) => T;

/** Runs writes; on failure rolls back and says whether it may have been written. */
function createGuard(db: DatabaseSync): Guard {
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
      needsRecovery = true;
      const error = toError(thrown);
      if (db.isTransaction) db.exec('ROLLBACK');
      throw new ThreadFailure(toFailure(error, committing));
    }
  };
}

function readNewestId(db: DatabaseSync): string | undefined {
  const id = db.prepare('SELECT max(id) AS id FROM entry').get()?.['id'];
  return id instanceof Uint8Array ? fromIdBytes(id) : undefined;
}

function readOrSetEpoch(db: DatabaseSync, newEpoch: string): string {
  db.prepare(`INSERT INTO property (name, value) VALUES ('epoch', ?) ON CONFLICT (name) DO NOTHING`).run(
    newEpoch,
  );
  return String(db.prepare(`SELECT value FROM property WHERE name = 'epoch'`).get()?.['value']);
}
