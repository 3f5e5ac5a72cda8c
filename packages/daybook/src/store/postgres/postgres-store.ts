/**
 * The PostgreSQL driver of the store port, for many processes that share one database. Writers take turns by locking the
 * row of the lane, so positions appear in the order of the commits. Nothing is kept in memory but connections: every
 * fault of the server or of the way to it ends with the next call that gets a connection.
 */
import { StartError, toError } from '../../errors.ts';
import type { Store } from '../store.ts';
import { assertOurs } from './catalog.ts';
import type { Connection, ConnectionOptions } from './connection.ts';
import { connect, createPool } from './connection.ts';
import { parseConnectionUrl } from './connection-url.ts';
import { createExpiry } from './expiry.ts';
import { migrate } from './migrate.ts';
import { toOpenError } from './open-failure.ts';
import { makePartitions } from './partitions.ts';
import type { RotatingPassword } from './password.ts';
import { createQueries } from './queries.ts';
import { LANE } from './rows.ts';
import type { DurabilitySettings, ServerFacts } from './server-durability.ts';
import { createServerDurability } from './server-durability.ts';
import { createUpkeep } from './upkeep.ts';
import { createVouchers } from './vouchers.ts';
import { createWrites } from './writes.ts';

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database?sslmode=…`, see `connection-url.ts`. */
  readonly url: string;
  /**
   * Of a replica, which may lag: for lists, tails, counts, and single entries that it has already. One server, not an
   * address that several share: a page must not be older than the settled stamp that is told with it.
   */
  readonly readUrl?: string;
  /** In place of those in the URLs; asked for every new connection, so that it may be rotated. */
  readonly password?: RotatingPassword;
  /** Where this process is, for `pg_stat_activity`. */
  readonly region: string;
  /** For a database that has none yet. */
  readonly newEpoch: string;
  /** A database without the tables of Daybook is refused, and not given them. Default false. */
  readonly existing?: boolean;
  /** Per URL; at least 2. Default 10. */
  readonly maxConnections?: number;
  /** Until a connection is made, or one of the pool is free. Default 5 000. */
  readonly connectTimeoutMs?: number;
  /** Default 10 000. */
  readonly statementTimeoutMs?: number;
  /** Default 5 000. */
  readonly lockTimeoutMs?: number;
  /** Default 30 000. */
  readonly poolIdleMs?: number;
  /** Called when a look at the partitions or at what retention freed fails; it is repeated, the daily one within the hour. */
  readonly onUpkeepFailure?: (error: Error) => void;
}

/** What the store is until it can be asked. */
export const POSTGRES_CAPABILITIES = {
  driver: 'postgres',
  // A payload is sent in one statement and read back as text, at 2 characters a byte; PostgreSQL's own limit is 1 GB.
  maxEntryBytes: 16 * 1024 * 1024,
  maxAtomicEntries: Number.MAX_SAFE_INTEGER,
  live: 'polled',
} as const;

/** The oldest version that still gets fixes at the time of writing; the tests run on 18. */
const OLDEST_VERSION = 15;
/**
 * Brings the schema up to date and opens the store.
 * @throws {StoreError} while the server cannot be reached.
 * @throws {StartError} when it is there and cannot be used.
 */
export async function createPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const target = parseConnectionUrl(options.url);
  const readTarget = options.readUrl === undefined ? undefined : parseConnectionUrl(options.readUrl);
  const { connectTimeoutMs = 5_000, statementTimeoutMs = 10_000, lockTimeoutMs = 5_000 } = options;
  const connection: ConnectionOptions = {
    target,
    connectTimeoutMs,
    statementTimeoutMs,
    lockTimeoutMs,
    password: options.password,
    applicationName: `daybook ${options.region}`,
  };
  const found = await prepare(connection, options);
  let { epoch } = found;

  const { maxConnections = 10, poolIdleMs = 30_000 } = options;
  const primary = createPool({ ...connection, maxConnections, poolIdleMs });
  const replica = readTarget && createPool({ ...connection, target: readTarget, maxConnections, poolIdleMs });
  const durability = createServerDurability(found.facts, found.durability);
  const upkeep = createUpkeep(() => connect(connection), options.onUpkeepFailure ?? (() => {}));
  let closing: Promise<void> | undefined;

  async function close(): Promise<void> {
    await upkeep.close();
    await Promise.all([primary.close(), replica?.close()]);
  }

  return {
    capabilities: {
      ...POSTGRES_CAPABILITIES,
      get durability() {
        return durability.level;
      },
      get durabilityProof() {
        return durability.proof;
      },
    },
    lanes: [
      {
        name: LANE,
        get epoch() {
          return epoch;
        },
      },
    ],
    newestIdAtOpen: found.newestId,
    ...createWrites(primary, durability),
    ...createExpiry(primary, { durability, onSwept: upkeep.spaceWasFreed }),
    ...createVouchers(primary),
    ...createQueries(primary, { replica, onEpoch: (now) => (epoch = now) }),
    close: () => (closing ??= close()),
  };
}

interface Prepared {
  readonly facts: ServerFacts;
  readonly epoch: string;
  readonly newestId: string | undefined;
  readonly durability: DurabilitySettings;
}

async function prepare(
  options: ConnectionOptions,
  { newEpoch, existing = false }: PostgresStoreOptions,
): Promise<Prepared> {
  let connection: Connection | undefined;
  try {
    connection = await connect(options);
    const version = await readVersion(connection);
    const facts = { version, aurora: await readAuroraVersion(connection) };
    if (existing) await assertOurs(connection);
    await migrate(connection);
    await makePartitions(connection);
    await connection.query(
      `INSERT INTO daybook.property (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO NOTHING`,
      [newEpoch],
    );
    const [row] = await connection.query<Omit<Prepared, 'facts' | 'newestId'> & { newest: string | null }>(`
      SELECT daybook.durability() AS durability,
        (SELECT value FROM daybook.property WHERE name = 'epoch') AS epoch,
        greatest((SELECT id FROM daybook.entries ORDER BY id DESC LIMIT 1),
          (SELECT id FROM daybook.mark ORDER BY id DESC LIMIT 1)) AS newest`);
    if (row === undefined) throw new Error('expected a row');
    return { facts, durability: row.durability, epoch: row.epoch, newestId: row.newest ?? undefined };
  } catch (thrown) {
    throw toOpenError(toError(thrown), options);
  } finally {
    await connection?.close();
  }
}

/**
 * `aurora_version()` ("Aurora PostgreSQL functions reference", Amazon Aurora User Guide) is a function of the engine. One
 * of that name anywhere else than among the server's own was made by somebody, and proves nothing.
 */
async function readAuroraVersion(connection: Connection): Promise<string | undefined> {
  const found = await connection.query(
    `SELECT FROM pg_catalog.pg_proc WHERE proname = 'aurora_version' AND pronargs = 0
       AND pronamespace = 'pg_catalog'::pg_catalog.regnamespace`,
  );
  if (found.length === 0) return undefined;
  const [row] = await connection.query<{ version: string }>(
    'SELECT pg_catalog.aurora_version()::text AS version',
  );
  return row?.version;
}

async function readVersion(connection: Connection): Promise<string> {
  const [row] = await connection.query<{ version: string; number: string; encoding: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number,
       current_setting('server_encoding') AS encoding`,
  );
  if (row === undefined || Number(row.number) < OLDEST_VERSION * 10_000) {
    throw new StartError(`store: expected PostgreSQL ${OLDEST_VERSION} or newer, given ${row?.version}`);
  }
  if (row.encoding !== 'UTF8') {
    throw new StartError(`store: expected a database of encoding UTF8, given ${row.encoding}`);
  }
  return row.version;
}
