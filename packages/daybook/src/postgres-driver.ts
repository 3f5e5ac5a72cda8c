/**
 * Opens the PostgreSQL store as the configuration says, with a password from where it is kept. Client and source are
 * loaded when they are chosen.
 */
import type { Logger } from 'pino';

import type { RemoteDriver } from './aws-drivers.ts';
import { loadDriver } from './aws-drivers.ts';
import type { StoreChoice } from './config/driver-urls.ts';
import type { Config } from './config/load.ts';
import type { PasswordChoice } from './config/password-from.ts';
import { parsePasswordFrom } from './config/password-from.ts';
import { randomId } from './id.ts';
import { parseConnectionUrl } from './store/postgres/connection-url.ts';
import type { RotatingPassword } from './store/postgres/password.ts';
import type { PostgresStoreOptions } from './store/postgres/postgres-store.ts';

export async function postgresDriver(
  { url }: Extract<StoreChoice, { driver: 'postgres' }>,
  config: Config,
  log: Logger,
  { existing = false }: Pick<PostgresStoreOptions, 'existing'> = {},
): Promise<RemoteDriver> {
  const { createPostgresStore, POSTGRES_CAPABILITIES } = await loadDriver(
    'pg',
    () => import('./store/postgres/postgres-store.ts'),
  );
  const { replicaUrl, maxConnections, connectTimeoutMs, statementTimeoutMs } = config.store;
  const newEpoch = randomId();
  const password = await passwordOf(url, config, log);
  return {
    open: () =>
      createPostgresStore({
        url,
        ...(replicaUrl !== undefined && { readUrl: replicaUrl }),
        ...(password && { password }),
        region: config.region,
        newEpoch,
        existing,
        maxConnections,
        connectTimeoutMs,
        statementTimeoutMs,
        onUpkeepFailure: (error) => log.error({ event: 'store-upkeep-failed', reason: error.message }),
      }),
    capabilities: { ...POSTGRES_CAPABILITIES, durability: 'memory', durabilityProof: 'not reached yet' },
  };
}

/** Resolves when the database has a new epoch. @throws {StoreError} {StartError} */
export async function renewPostgresEpoch(
  { url }: Extract<StoreChoice, { driver: 'postgres' }>,
  config: Config,
  log: Logger,
): Promise<void> {
  const { renewEpochOf } = await loadDriver('pg', () => import('./store/postgres/renew-epoch.ts'));
  const password = await passwordOf(url, config, log);
  const { connectTimeoutMs } = config.store;
  await renewEpochOf({ url, ...(password && { password }), epoch: randomId(), connectTimeoutMs });
}

async function passwordOf(
  url: string,
  { store: { passwordFrom, replicaUrl } }: Config,
  log: Logger,
): Promise<RotatingPassword | undefined> {
  if (passwordFrom === undefined) return undefined;
  const choice = parsePasswordFrom(passwordFrom) as PasswordChoice;
  return openPassword(choice, usersOf(url, replicaUrl), log);
}

async function openPassword(
  choice: PasswordChoice,
  users: readonly string[],
  log: Logger,
): Promise<RotatingPassword> {
  if (choice.from === 'file') {
    const { createPasswordFile } = await import('./store/postgres/password-file.ts');
    return createPasswordFile(choice.path);
  }
  const { createPasswordSecret } = await loadDriver(
    '@aws-sdk/client-secrets-manager',
    () => import('./store/postgres/password-secret.ts'),
  );
  const { arn, awsRegion, endpoint } = choice;
  return createPasswordSecret({
    arn,
    awsRegion,
    ...(endpoint !== undefined && { endpoint }),
    users,
    onRenewed: () => log.info({ event: 'store-password-renewed' }),
    onNotRead: ({ message }) => log.warn({ event: 'store-password-not-read', reason: message }),
  });
}

/** @throws {StartError} for a URL that no connection can be made of. */
function usersOf(...urls: readonly (string | undefined)[]): string[] {
  return urls.flatMap((url) => (url === undefined ? [] : parseConnectionUrl(url).user));
}
