/**
 * A new epoch for a database that was put in place of another: cursors of before are refused from then on.
 */
import { StartError, toError } from '../../errors.ts';
import { assertOurs, configureWriter, openWriter, truncateWal } from '../../sqlite/connection.ts';
import { APPLICATION_ID } from './application-id.ts';
import { databaseFileIn } from './database-file.ts';

/**
 * For a directory that the caller owns and in which there is one. Durable when it returns; repeating is harmless.
 * @throws {StartError} when it is no database of Daybook, or cannot be written.
 */
export function renewEpochIn(directory: string, epoch: string): void {
  const path = databaseFileIn(directory);
  try {
    assertOurs(path, APPLICATION_ID);
    const db = openWriter(path);
    try {
      configureWriter(db);
      truncateWal(db);
      db.prepare(
        `INSERT INTO property (name, value) VALUES ('epoch', ?)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      ).run(epoch);
      truncateWal(db);
    } finally {
      db.close();
    }
  } catch (thrown) {
    throw new StartError(`store: cannot renew ${path}: ${toError(thrown).message}`, { cause: thrown });
  }
}
