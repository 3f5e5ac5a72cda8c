/**
 * Where the store is in a data directory, and whether it is there: for what works on a store that somebody made, and must
 * not make another one in a directory that was mistyped.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { StartError } from '../../errors.ts';

export function databaseFileIn(directory: string): string {
  return join(resolve(directory), 'daybook.db');
}

/** Changes nothing. @throws {StartError} when there is no database. */
export function assertDatabaseIn(directory: string): void {
  const path = databaseFileIn(directory);
  if (!existsSync(path)) throw new StartError(`store: expected a database, found no ${path}`);
}
