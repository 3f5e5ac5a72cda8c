/**
 * A new epoch for a database that was restored. It has entries of the one that it was made of and goes on with positions of
 * its own: a cursor of before would skip what comes, so it must be refused.
 */
import { toError } from '../../errors.ts';
import { assertOurs } from './catalog.ts';
import type { Connection, ConnectionOptions } from './connection.ts';
import { connect } from './connection.ts';
import { parseConnectionUrl } from './connection-url.ts';
import { toOpenError } from './open-failure.ts';
import type { PostgresStoreOptions } from './postgres-store.ts';

export interface RenewOptions extends Pick<PostgresStoreOptions, 'url' | 'password'> {
  readonly epoch: string;
  /** Default 5 000. */
  readonly connectTimeoutMs?: number;
}

/**
 * Resolves when it is durable. Servers that use the database find it out with the next head that they ask for, which each
 * does at least once a second. Repeating is harmless; of two at once the later one holds.
 * @throws {StoreError} while the server cannot be reached. @throws {StartError} when it is there and cannot be used.
 */
export async function renewEpochOf({
  url,
  password,
  epoch,
  connectTimeoutMs = 5_000,
}: RenewOptions): Promise<void> {
  const options: ConnectionOptions = {
    target: parseConnectionUrl(url),
    password,
    connectTimeoutMs,
    statementTimeoutMs: 10_000,
    lockTimeoutMs: 5_000,
    applicationName: 'daybook renew-epoch',
  };
  let connection: Connection | undefined;
  try {
    connection = await connect(options);
    await assertOurs(connection);
    await connection.query(
      `INSERT INTO daybook.property (name, value) VALUES ('epoch', $1)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      [epoch],
    );
  } catch (thrown) {
    throw toOpenError(toError(thrown), options);
  } finally {
    await connection?.close();
  }
}
