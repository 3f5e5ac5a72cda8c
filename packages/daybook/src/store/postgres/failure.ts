/**
 * What a failure of PostgreSQL or of the way to it means. By SQLSTATE, a code of its own before its class
 * (https://www.postgresql.org/docs/18/errcodes-appendix.html); `docs/drivers.md` is tested against this table.
 */
import { StoreError } from '../store.ts';

export interface FailureMeaning {
  /** A SQLSTATE, or the two characters of a class. */
  readonly sqlState: string;
  readonly reason: StoreError['reason'];
  readonly why: string;
}

export const POSTGRES_FAILURES: readonly FailureMeaning[] = [
  { sqlState: '53100', reason: 'disk-full', why: 'the disk of the server is full' },
  {
    sqlState: '42501',
    reason: 'unavailable',
    why: 'a right is missing: no fault of an entry, and mended by GRANT',
  },
  { sqlState: '42P01', reason: 'unavailable', why: 'a table is missing: no fault of an entry' },
  { sqlState: '42883', reason: 'unavailable', why: 'a function is missing: no fault of an entry' },
  { sqlState: '08', reason: 'unavailable', why: 'the connection' },
  { sqlState: '25', reason: 'unavailable', why: 'the server became a standby, or ended an idle transaction' },
  { sqlState: '28', reason: 'unavailable', why: 'the credential, while it is rotated' },
  { sqlState: '3D', reason: 'unavailable', why: 'the database is missing, while it is restored' },
  { sqlState: '3F', reason: 'unavailable', why: 'the schema is missing, while it is restored' },
  { sqlState: '40', reason: 'unavailable', why: 'a deadlock or a conflict between transactions' },
  { sqlState: '53', reason: 'unavailable', why: 'connections, memory or another resource ran out' },
  { sqlState: '55', reason: 'unavailable', why: 'a lock was not to be had in time' },
  { sqlState: '57', reason: 'unavailable', why: 'cancelled, timed out, shut down or starting up' },
  { sqlState: '58', reason: 'unavailable', why: "the server's own input or output" },
  {
    sqlState: '22',
    reason: 'rejected',
    why: 'a value that the database cannot hold, such as a NUL in a text',
  },
  { sqlState: '23', reason: 'rejected', why: 'a constraint' },
  { sqlState: '54', reason: 'rejected', why: 'a limit of the server, such as the length of a key' },
  { sqlState: 'ZD001', reason: 'unexpected', why: 'two batches of one name: a defect' },
  { sqlState: 'ZD002', reason: 'rejected', why: 'a replay of an entry that was discarded' },
];

/** `invalid_password`; one that is rotated is read anew. */
export const WRONG_PASSWORD = '28P01';

const BY_STATE = new Map(POSTGRES_FAILURES.map(({ sqlState, reason }) => [sqlState, reason]));
const CLASS_LENGTH = 2;
const SQL_STATE = /^[0-9A-Z]{5}$/;

/** Why it failed; a SQLSTATE that is not in the table is `unexpected`, a failure without one is that of the connection. */
export function reasonOf(error: Error): StoreError['reason'] {
  const state = sqlStateOf(error);
  if (state === undefined) return 'unavailable';
  return BY_STATE.get(state) ?? BY_STATE.get(state.slice(0, CLASS_LENGTH)) ?? 'unexpected';
}

/** Undefined when the server did not say it: Node's own codes, such as `ECONNREFUSED`, have another form. */
export function sqlStateOf(error: Error): string | undefined {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && typeof severity === 'string' && SQL_STATE.test(code) ? code : undefined;
}

/**
 * @param server `host:port/database`, for the message; never the URL, which holds the password.
 * @param outcome whether a write may have happened all the same; of a read, `not-written`.
 */
export function toStoreError(error: Error, server: string, outcome: StoreError['outcome']): StoreError {
  const state = sqlStateOf(error);
  const message = `${server}: ${error.message}${state === undefined ? '' : ` (SQLSTATE ${state})`}`;
  return new StoreError(reasonOf(error), outcome, message, withoutData(error));
}

/** The server's `detail` and `where` may hold a failing row, and with it a payload, which must not reach a log. */
function withoutData(error: Error): Error {
  if (sqlStateOf(error) === undefined) return error;
  const { severity, code, routine, constraint } = error as unknown as Record<string, unknown>;
  const bare = new Error(error.message);
  if (error.stack !== undefined) bare.stack = error.stack;
  return Object.assign(bare, { severity, code, routine, constraint });
}
