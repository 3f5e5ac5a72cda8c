/**
 * The writer thread: the only connection that writes. It answers one call after the other, so there is never more than
 * one transaction.
 */
import type { DatabaseSync } from 'node:sqlite';

import { systemTime } from '../../clock.ts';
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
import type { DeadEntry, ExpireQuery, Vouch } from '../store.ts';
import type { AcknowledgedPack } from './append.ts';
import { createWrites } from './append.ts';
import { APPLICATION_ID } from './application-id.ts';
import { createExpiry } from './expiry.ts';
import { createFreePages } from './free-pages.ts';
import type { PackedBatch } from './packed-batch.ts';
import { fromIdBytes } from './rows.ts';
import { createVouchers } from './vouchers.ts';

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
  const writes = createWrites(db);
  const expire = createExpiry(db);
  const freePages = createFreePages(db, guarded, systemTime.monotonicMs);
  const vouchers = createVouchers(db);
  const writeProbe = db.prepare(
    `INSERT INTO probe (singleton, probed_at) VALUES (1, unixepoch())
     ON CONFLICT (singleton) DO UPDATE SET probed_at = excluded.probed_at`,
  );
  serveThread(
    { epoch, newestId: readNewestId(db), schemaVersion, durability: sqliteDurability(path) },
    {
      append: (batch: PackedBatch) => guarded((commit) => writes.append(batch, commit)),
      persist: (batches: readonly AcknowledgedPack[]) => guarded((commit) => writes.persist(batches, commit)),
      replay: (batch: PackedBatch) => guarded((commit) => writes.replay(batch, commit)),
      discard: (entry: DeadEntry) => guarded((commit) => writes.discard(entry, commit)),
      expire(query: ExpireQuery) {
        const expired = guarded((commit) => expire(query, commit));
        if (expired > 0) freePages.wake();
        return expired;
      },
      vouch: (vouch: Vouch) => guarded(() => vouchers.vouch(vouch)),
      withdraw: (voucher: string) => guarded(() => vouchers.withdraw(voucher)),
      probe: () => guarded(() => void writeProbe.run()),
      close() {
        freePages.stop();
        truncateWal(db);
        db.close();
      },
    },
  );
}

/** There is an index by register and id only, so it is the largest of each register. */
function readNewestId(db: DatabaseSync): string | undefined {
  const id = db
    .prepare(
      `WITH RECURSIVE known (register) AS (
         SELECT min(register) FROM block
         UNION ALL SELECT (SELECT min(register) FROM block WHERE register > known.register) FROM known WHERE register IS NOT NULL
       )
       SELECT max(id) AS id FROM (
         SELECT (SELECT max(id) FROM entry WHERE entry.register = known.register) AS id FROM known WHERE register IS NOT NULL
         UNION ALL SELECT max(id) FROM mark
       )`,
    )
    .get()?.['id'];
  return id instanceof Uint8Array ? fromIdBytes(id) : undefined;
}

function readOrSetEpoch(db: DatabaseSync, newEpoch: string): string {
  db.prepare(`INSERT INTO property (name, value) VALUES ('epoch', ?) ON CONFLICT (name) DO NOTHING`).run(
    newEpoch,
  );
  return String(db.prepare(`SELECT value FROM property WHERE name = 'epoch'`).get()?.['value']);
}
