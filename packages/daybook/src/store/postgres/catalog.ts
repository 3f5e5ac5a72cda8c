/**
 * What there is in the schema. Asked of the catalogs themselves: `to_regclass` and its like may answer from what the
 * session remembers, and that something was missing is remembered also after another process has made it.
 */
import { StartError } from '../../errors.ts';
import type { Connection } from './connection.ts';

export async function hasSchema(connection: Connection): Promise<boolean> {
  const rows = await connection.query(`SELECT FROM pg_namespace WHERE nspname = 'daybook'`);
  return rows.length > 0;
}

export async function hasTable(connection: Connection, table: string): Promise<boolean> {
  const rows = await connection.query(
    `SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = 'daybook' AND relname = $1`,
    [table],
  );
  return rows.length > 0;
}

/** For what works on a store that somebody made, and must not make another one. @throws {StartError} */
export async function assertOurs(connection: Connection): Promise<void> {
  if (!(await hasTable(connection, 'property')))
    throw new StartError('store: expected a database of Daybook, given one without its tables');
}
