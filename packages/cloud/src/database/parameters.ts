/**
 * Settings of PostgreSQL: what an acknowledged write survives, and what is seen of slow ones. `fsync` and
 * `full_page_writes` are on and stay on, since Amazon RDS offers no other way; Daybook reads all of them with every write
 * and says what it found.
 */
export const PARAMETERS: Readonly<Record<string, string>> = {
  /** A commit is answered when it is on disk; on a Multi-AZ instance on the disks of both zones. */
  synchronous_commit: 'on',
  /** Whoever speaks in the clear is refused. */
  'rds.force_ssl': '1',
  /** In ms: what takes longer is in the log. */
  log_min_duration_statement: '1000',
  log_lock_waits: '1',
};

export function parameterFamily(kind: 'rds' | 'aurora', version: string): string {
  return kind === 'rds' ? `postgres${version}` : `aurora-postgresql${version}`;
}
