/**
 * Brings a database to the newest schema by the numbered files of a folder of `migrations/`. Each file is a transaction that
 * ends by setting `user_version` to its number; files are immutable once released.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DatabaseSync } from 'node:sqlite';

import { StartError } from '../errors.ts';
import { pragma } from './connection.ts';

const MIGRATIONS = new URL('../../migrations/', import.meta.url);

/** @param kind the folder's name. @returns the schema version. @throws {StartError} when the database is newer than this program. */
export function migrate(db: DatabaseSync, kind: 'sqlite' | 'sqlite-queue'): number {
  const folder = fileURLToPath(new URL(`${kind}/`, MIGRATIONS));
  const files = readdirSync(folder)
    .filter((name) => /^\d{4}-.+\.sql$/.test(name))
    .toSorted();
  const newest = files.length;
  const current = Number(pragma(db, 'user_version'));
  if (current > newest) {
    throw new StartError(
      `expected a database of schema version ${newest} or older, given version ${current}: it was written by a newer Daybook`,
    );
  }
  for (const name of files.slice(current)) db.exec(readFileSync(`${folder}${name}`, 'utf8'));
  return newest;
}
