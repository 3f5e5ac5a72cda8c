/**
 * What a SQLite error means for a write: certainly not written, or unknown. Result codes:
 * https://www.sqlite.org/rescode.html
 */
const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
/** The low byte of an extended result code is its primary code. */
const PRIMARY_CODE_MASK = 0xff;

/** A failure as it crosses between threads. */
export interface Failure {
  readonly reason: 'disk-full' | 'unavailable';
  readonly outcome: 'not-written' | 'unknown';
  readonly message: string;
}

/**
 * @param committing whether the statement that failed was COMMIT: a commit that ends in an I/O error may have reached the
 *   disk. A full disk or a lock never lets it.
 */
export function toFailure(error: Error, committing: boolean): Failure {
  const code = primaryCode(error);
  if (code === SQLITE_FULL) return { reason: 'disk-full', outcome: 'not-written', message: error.message };
  const known = !committing || code === SQLITE_BUSY;
  return { reason: 'unavailable', outcome: known ? 'not-written' : 'unknown', message: error.message };
}

function primaryCode(error: Error): number | undefined {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & PRIMARY_CODE_MASK : undefined;
}
