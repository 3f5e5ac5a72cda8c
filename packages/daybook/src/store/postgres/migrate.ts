/**
 * Brings a database to the newest schema by the numbered files of `migrations/postgres`, each once, whoever starts at
 * the same time. Files are immutable once released; the database remembers the SHA-256 of each.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { StartError } from '../../errors.ts';
import { hasSchema, hasTable } from './catalog.ts';
import type { Connection } from './connection.ts';

const FOLDER = fileURLToPath(new URL('../../../migrations/postgres/', import.meta.url));

/** "DAYB" and a number of ours (https://www.postgresql.org/docs/18/explicit-locking.html#ADVISORY-LOCKS). */
const LOCK = '1145133378, 1';

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly text: string;
  readonly sha256: string;
}

type Applied = Pick<Migration, 'version' | 'name' | 'sha256'>;

/**
 * All that is missing is applied in one transaction: on failure the database is as it was.
 * @throws {StartError} when the schema is newer than this program, or one of its files was changed later.
 */
export async function migrate(connection: Connection, folder = FOLDER): Promise<void> {
  const migrations = readMigrations(folder);
  if (missing(migrations, await readApplied(connection)).length === 0) return;
  await connection.transaction(async () => {
    await connection.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
    await createRecord(connection);
    for (const { version, name, text, sha256 } of missing(migrations, await readApplied(connection))) {
      await connection.query(text);
      await connection.query('INSERT INTO daybook.migration (version, name, sha256) VALUES ($1, $2, $3)', [
        version,
        name,
        sha256,
      ]);
    }
  });
}

function readMigrations(folder: string): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => /^\d{4}-.+\.sql$/.test(name))
    .toSorted();
  return names.map((name, index) => {
    const text = readFileSync(`${folder}/${name}`, 'utf8');
    return { version: index + 1, name, text, sha256: createHash('sha256').update(text).digest('hex') };
  });
}

/** Asked for by name first: creating what exists needs a right that the program may not have. */
async function createRecord(connection: Connection): Promise<void> {
  if (!(await hasSchema(connection))) await connection.query('CREATE SCHEMA daybook');
  if (await hasTable(connection, 'migration')) return;
  await connection.query(`
    CREATE TABLE daybook.migration (
      version    integer PRIMARY KEY,
      name       text NOT NULL,
      sha256     text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
}

async function readApplied(connection: Connection): Promise<Applied[]> {
  if (!(await hasTable(connection, 'migration'))) return [];
  return connection.query<Applied>('SELECT version, name, sha256 FROM daybook.migration ORDER BY version');
}

function missing(migrations: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  for (const { version, name, sha256 } of applied) {
    const ours = migrations[version - 1];
    if (ours === undefined) {
      throw new StartError(
        `store: expected a schema of version ${migrations.length} or older, given version ${applied.length}: it was made by a newer Daybook`,
      );
    }
    if (ours.sha256 !== sha256) {
      throw new StartError(
        `store: expected migration ${name} as it was applied (SHA-256 ${sha256}), given another one (${ours.sha256})`,
      );
    }
  }
  return migrations.slice(applied.length);
}
