/**
 * Connections to PostgreSQL: a pool for the statements of the store, and single connections for what needs a transaction
 * of several statements. The only module that knows the client `pg`, which is an optional peer.
 *
 * Every connection is given the same settings before its first use, whatever the server's defaults are. What a failure
 * leaves of a connection is never used again, so the next call after any fault works on a new one.
 */
import pg from 'pg';

import { toError } from '../../errors.ts';
import { StoreError } from '../store.ts';
import type { ConnectionTarget } from './connection-url.ts';
import { sqlStateOf, toStoreError, WRONG_PASSWORD } from './failure.ts';
import type { RotatingPassword } from './password.ts';

/** A statement that is prepared once a connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export interface ConnectionOptions {
  readonly target: ConnectionTarget;
  /** In place of the one in the URL; asked for every new connection. */
  readonly password: RotatingPassword | undefined;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  /** Shown by `pg_stat_activity`. */
  readonly applicationName: string;
}

export interface PoolOptions extends ConnectionOptions {
  readonly maxConnections: number;
  readonly poolIdleMs: number;
}

export interface Pool {
  /** @throws {StoreError} whose outcome is `not-written`. */
  read<Row extends pg.QueryResultRow>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>;
  /**
   * Runs a statement that is a transaction of its own and durable when this resolves.
   * @throws {StoreError} `unknown` when the server may have committed: the connection was lost, it did not answer in
   *   time, or the commit ended with a warning.
   */
  write<Row extends pg.QueryResultRow>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>;
  /** Lets what is under way finish. Idempotent. */
  close(): Promise<void>;
}

export interface Connection {
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Commits what the work did, or rolls back and throws its error. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The server ends a statement at its timeout; where nothing is heard of it for so much longer, the connection is dead. */
const SILENCE_MS = 2_000;
/** A transaction of ours has no pauses: one that idles belongs to a process that stands still, and holds the lane. */
const IDLE_IN_TRANSACTION_MS = 5_000;
/** Code of a notice that is no warning (https://www.postgresql.org/docs/18/errcodes-appendix.html). */
const SUCCESSFUL_COMPLETION = '00000';

/**
 * `read committed`: a writer must see what was committed while it waited for the lane. `synchronous_commit`: at least on
 * the disks that the server knows; where it asks for more, it stays. `client_min_messages`: a commit that was not
 * replicated is told in a warning. `jit`: these statements are short, compiling them would take longer than they do.
 * `enable_…`: there is an index in the order of every read, and none needs more than its own part of it. What the planner
 * believes of a month that filled up since the last ANALYZE must not talk it into reading all of it instead.
 */
const SETTINGS = `
  SELECT set_config('application_name', $1, false), set_config('statement_timeout', $2, false),
    set_config('lock_timeout', $3, false), set_config('idle_in_transaction_session_timeout', $4, false),
    set_config('default_transaction_isolation', 'read committed', false),
    set_config('client_min_messages', 'warning', false), set_config('jit', 'off', false),
    set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false),
    set_config('enable_sort', 'off', false), set_config('enable_incremental_sort', 'off', false),
    set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)`;

export function createPool(options: PoolOptions): Pool {
  const { server } = options.target;
  const pool = new pg.Pool({
    ...clientConfig(options),
    max: options.maxConnections,
    idleTimeoutMillis: options.poolIdleMs,
  });
  const ready = new WeakSet<pg.ClientBase>();
  let closed: Promise<void> | undefined;
  // An idle connection that broke is taken out by the pool, and the next call makes a new one.
  pool.on('error', () => {});

  async function acquire(): Promise<pg.PoolClient> {
    const client = await withPassword(options, () => pool.connect()).catch((thrown: unknown) => {
      throw notConnected(toError(thrown));
    });
    if (ready.has(client)) return client;
    client.on('error', ignoreLoss);
    try {
      await configure(client, options);
      ready.add(client);
      return client;
    } catch (thrown) {
      client.release(true);
      throw toStoreError(toError(thrown), server, 'not-written');
    }
  }

  function notConnected(error: Error): StoreError {
    const used = pool.totalCount - pool.idleCount;
    if (closed === undefined && sqlStateOf(error) === undefined && used >= options.maxConnections) {
      const message = `${server}: none of the ${used} connections (maxConnections) was free within ${options.connectTimeoutMs} ms`;
      return new StoreError('unavailable', 'not-written', message, error);
    }
    return toStoreError(error, server, 'not-written');
  }

  async function run<Row extends pg.QueryResultRow>(
    { name, text }: Statement,
    values: readonly unknown[],
    isWrite: boolean,
  ): Promise<Row[]> {
    const client = await acquire();
    const warnings: string[] = [];
    const onNotice = ({ code, message }: { code: string | undefined; message?: string | undefined }) => {
      if (code !== SUCCESSFUL_COMPLETION) warnings.push(String(message));
    };
    client.on('notice', onNotice);
    let usable = false;
    try {
      const { rows } = await client.query<Row>({ name, text, values: [...values] });
      usable = true;
      if (isWrite && warnings.length > 0) {
        const message = `${server}: the commit ended with a warning: ${warnings.join('; ')}`;
        throw new StoreError('unavailable', 'unknown', message);
      }
      return rows;
    } catch (thrown) {
      if (thrown instanceof StoreError) throw thrown;
      const error = toError(thrown);
      // A server that goes on serving the connection has rolled back; one that gave it up may have committed before.
      usable = sqlStateOf(error) !== undefined && (await answers(client));
      throw toStoreError(error, server, isWrite && !usable ? 'unknown' : 'not-written');
    } finally {
      client.removeListener('notice', onNotice);
      client.release(!usable);
    }
  }

  return {
    read: (statement, values = []) => run(statement, values, false),
    write: (statement, values = []) => run(statement, values, true),
    close: () => (closed ??= pool.end()),
  };
}

/**
 * A connection for administration: statements may take as long as they need, locks are waited for no longer than
 * `lockTimeoutMs`. @throws the client's own error when there is none to be had.
 */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const client = await withPassword(options, async () => {
    const made = new pg.Client({ ...clientConfig(options), query_timeout: 0 });
    made.on('error', ignoreLoss);
    await made.connect();
    return made;
  });
  const query = async <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) => {
    const { rows } = await client.query<Row>(sql, [...values]);
    return rows;
  };
  const close = () => client.end();
  try {
    await configure(client, { ...options, statementTimeoutMs: 0 });
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    query,
    close,
    async transaction(work) {
      await query('BEGIN');
      try {
        const result = await work();
        await query('COMMIT');
        return result;
      } catch (thrown) {
        // On a connection that is gone there is nothing to roll back.
        await query('ROLLBACK').catch(() => undefined);
        throw thrown;
      }
    },
  };
}

function clientConfig(options: ConnectionOptions): pg.ClientConfig {
  const { target, password, connectTimeoutMs, statementTimeoutMs } = options;
  return {
    host: target.host,
    port: target.port,
    database: target.database,
    user: target.user,
    password: password === undefined ? target.password : () => password.current(),
    ssl: target.tls,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: statementTimeoutMs + SILENCE_MS,
    keepAlive: true,
  };
}

/** A password that was rotated a moment ago is read anew when the server refuses it, and tried once more. */
async function withPassword<T>({ password }: ConnectionOptions, connecting: () => Promise<T>): Promise<T> {
  try {
    return await connecting();
  } catch (thrown) {
    if (password === undefined || sqlStateOf(toError(thrown)) !== WRONG_PASSWORD) throw thrown;
    password.refused();
    return connecting();
  }
}

async function configure(client: pg.ClientBase, options: ConnectionOptions): Promise<void> {
  const { applicationName, statementTimeoutMs, lockTimeoutMs } = options;
  const times = [statementTimeoutMs, lockTimeoutMs, IDLE_IN_TRANSACTION_MS].map(String);
  await client.query(SETTINGS, [applicationName, ...times]);
}

async function answers(client: pg.ClientBase): Promise<boolean> {
  try {
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  }
}

/** Whoever waits for the connection is told by the promise of its query; without a listener the process would end. */
function ignoreLoss(): void {}
