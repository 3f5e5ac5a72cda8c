/**
 * What each environment has unless the file says otherwise: a proof of concept is cheap and leaves nothing behind, what
 * people rely on is watched and kept. A database is backed up wherever people work with it: a table can be restored to any
 * second in every environment, its bucket and the database's together only from backups.
 */
import type { CloudConfig, EnvironmentName } from './schema.ts';

type Defaults = NonNullable<NonNullable<CloudConfig['environments']>[EnvironmentName]>;

const ENVIRONMENT_DEFAULTS: Readonly<Record<EnvironmentName, Defaults>> = {
  poc: { logs: { retentionDays: 7 }, onDestroy: 'delete', store: { backups: false } },
  dev: {
    logs: { retentionDays: 7 },
    onDestroy: 'delete',
    store: { backups: false },
    observe: { tracing: true },
  },
  prd: {
    logs: { retentionDays: 30 },
    onDestroy: 'retain',
    customerManagedKey: true,
    functions: { canary: true },
    front: { accessLogs: 'json' },
    observe: { alarms: true, tracing: true, probe: true, anomalies: true },
  },
};

/** @param hasDatabase whether entries are stored in PostgreSQL. */
export function environmentDefaults(environment: EnvironmentName, hasDatabase: boolean): Defaults {
  const defaults = ENVIRONMENT_DEFAULTS[environment];
  return hasDatabase && environment === 'dev' ? { ...defaults, store: { backups: true } } : defaults;
}
