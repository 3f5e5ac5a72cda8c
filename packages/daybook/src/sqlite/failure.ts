/**
 * What a SQLite error means for a write: why it failed, and whether it is certainly not written. Result codes:
 * https://www.sqlite.org/rescode.html
 */

/** A failure as it crosses between threads. */
export interface Failure {
  /** `rejected`: these values can never be written; `unexpected`: a defect, or nothing that is known here. */
  readonly reason: 'disk-full' | 'unavailable' | 'rejected' | 'unexpected';
  readonly outcome: 'not-written' | 'unknown';
  readonly message: string;
}

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;

/** By primary result code; a code that is not here is `unexpected`. */
const REASONS: ReadonlyMap<number, Failure['reason']> = new Map([
  [3, 'unavailable'], // SQLITE_PERM
  [SQLITE_BUSY, 'unavailable'],
  [6, 'unavailable'], // SQLITE_LOCKED
  [7, 'unavailable'], // SQLITE_NOMEM
  [8, 'unavailable'], // SQLITE_READONLY: mounted or made so while it was open
  [9, 'unavailable'], // SQLITE_INTERRUPT
  [10, 'unavailable'], // SQLITE_IOERR
  [11, 'unavailable'], // SQLITE_CORRUPT: no entry's fault
  [SQLITE_FULL, 'disk-full'],
  [14, 'unavailable'], // SQLITE_CANTOPEN
  [15, 'unavailable'], // SQLITE_PROTOCOL: a race for the locks of the WAL
  [18, 'rejected'], // SQLITE_TOOBIG
  [19, 'rejected'], // SQLITE_CONSTRAINT
  [20, 'rejected'], // SQLITE_MISMATCH
  [23, 'unavailable'], // SQLITE_AUTH
  [26, 'unavailable'], // SQLITE_NOTADB
]);

/** The low byte of an extended result code is its primary code. */
const PRIMARY_CODE_MASK = 0xff;

/**
 * @param committing whether the statement that failed was COMMIT: a commit that ends in an I/O error may have reached the
 *   disk. A full disk or a lock never lets it.
 */
export function toFailure(error: Error, committing: boolean): Failure {
  const code = primaryCode(error);
  const known = !committing || code === SQLITE_BUSY || code === SQLITE_FULL;
  return {
    reason: REASONS.get(code ?? -1) ?? 'unexpected',
    outcome: known ? 'not-written' : 'unknown',
    message: error.message,
  };
}

function primaryCode(error: Error): number | undefined {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & PRIMARY_CODE_MASK : undefined;
}
