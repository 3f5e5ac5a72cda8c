/**
 * A PostgreSQL for the benchmark, on the disk that is measured, with memory and WAL as a small server of its own would
 * have them. It syncs every commit, as it does by default.
 */
import { chmodSync } from 'node:fs';

import type { TestPostgres } from '../../packages/daybook/test/support/postgres.ts';
import { startPostgres } from '../../packages/daybook/test/support/postgres.ts';

/** The server does not run as root, and has to get to its directory. */
const PASSABLE = 0o711;

export function startBenchPostgres(directory: string): Promise<TestPostgres> {
  chmodSync(directory, PASSABLE);
  return startPostgres({
    parent: directory,
    settings: { max_connections: '100', shared_buffers: '256MB', max_wal_size: '4GB', fsync: 'on' },
  });
}
