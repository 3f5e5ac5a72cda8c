/**
 * Stores that cannot take certain payloads, by triggers and constraints in the database itself, until the cause is mended.
 *
 *   poison   the store names the reason: a constraint
 *   riddle   the store fails for a reason that nobody has in a table
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { TestPostgres } from '../support/postgres.ts';

export const POISON = Buffer.from('poison');
export const RIDDLE = Buffer.from('riddle');

/** Beside a store that is open: its next statement sees it. */
export function poisonSqlite(directory: string): void {
  // Malformed JSON is SQLITE_ERROR, which is no constraint.
  run(
    directory,
    `CREATE TRIGGER poison BEFORE INSERT ON entry WHEN NEW.payload = CAST('poison' AS BLOB)
       BEGIN SELECT RAISE(ABORT, 'no poison'); END;
     CREATE TRIGGER riddle BEFORE INSERT ON entry WHEN NEW.payload = CAST('riddle' AS BLOB)
       BEGIN SELECT json('{'); END;`,
  );
}

export function mendSqlite(
  directory: string,
  causes: readonly ('poison' | 'riddle')[] = ['poison', 'riddle'],
): void {
  for (const cause of causes) run(directory, `DROP TRIGGER ${cause}`);
}

export async function poisonPostgres(server: TestPostgres, database: string): Promise<void> {
  await server.query(
    `ALTER TABLE daybook.entries ADD CONSTRAINT poison CHECK (payload <> 'poison'::bytea);
     CREATE FUNCTION riddle() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN IF NEW.payload = 'riddle'::bytea THEN RAISE EXCEPTION 'a riddle'; END IF; RETURN NEW; END $$;
     CREATE TRIGGER riddle BEFORE INSERT ON daybook.entries FOR EACH ROW EXECUTE FUNCTION riddle();`,
    database,
  );
}

export async function mendPostgres(server: TestPostgres, database: string): Promise<void> {
  await server.query(
    'ALTER TABLE daybook.entries DROP CONSTRAINT poison; DROP TRIGGER riddle ON daybook.entries;',
    database,
  );
}

function run(directory: string, sql: string): void {
  const db = new DatabaseSync(join(directory, 'daybook.db'), { timeout: 10_000 });
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}
