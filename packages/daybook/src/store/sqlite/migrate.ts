/**
 * Brings a database to the newest schema by the numbered files of `migrations/sqlite`. Each file is a transaction that
 * ends by setting `user_version` to its number; files are immutable once released.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DatabaseSync } from 'node:sqlite';

import { StartError } from '../../errors.ts';
import { pragma } from './connection.ts';

const FOLDER = fileURLToPath(new URL('../../../migrations/sqlite/', import.meta.url));

/** @returns the schema version. @throws {StartError} when the database is newer than this program. */
export function migrate(db: DatabaseSync, folder = FOLDER): number {
  const files = readdirSync(folder)
    .filter((name) => /^\d{4}-.+\.sql$/.test(name))
    .toSorted();
  const newest = files.length;
  const current = Number(pragma(db, 'user_version'));
  if (current > newest) {
    throw new StartError(
      `store: expected a database of schema version ${newest} or older, given version ${current}: it was written by a newer Daybook`,
    );
  }
  for (const name of files.slice(current)) db.exec(readFileSync(`${folder}/${name}`, 'utf8'));
  return newest;
}
