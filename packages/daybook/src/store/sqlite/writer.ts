/**
 * The writer thread: the only connection that writes. It answers one call after the other, so there is never more than
 * one transaction.
 */
import type { DatabaseSync } from 'node:sqlite';

import {
  assertOurs,
  configureWriter,
  openWriter,
  sqliteDurability,
  truncateWal,
} from '../../sqlite/connection.ts';
import { createGuard } from '../../sqlite/guard.ts';
import { migrate } from '../../sqlite/migrate.ts';
import { serveThread } from '../../sqlite/thread-server.ts';
import { createAppend } from './append.ts';
import type { BatchColumns } from './columns.ts';
import { fromIdBytes } from './rows.ts';

/** "DAYB", set by the first migration. */
const APPLICATION_ID = 0x44415942;

export interface WriterData {
  readonly path: string;
  /** For a database that has none yet. */
  readonly newEpoch: string;
}

/** Runs in a thread of its own. @throws {StartError} when the database cannot be used. */
export function serve({ path, newEpoch }: WriterData): void {
  assertOurs(path, APPLICATION_ID);
  const db = openWriter(path);
  const schemaVersion = migrate(db, 'sqlite');
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
