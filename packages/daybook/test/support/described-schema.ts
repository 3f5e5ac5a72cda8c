/**
 * A database schema in words, from the catalogs of PostgreSQL
 * (https://www.postgresql.org/docs/18/catalogs.html): one paragraph a table or function, in the order of their names.
 */

export interface Described {
  readonly name: string;
  readonly text: string;
}

type Query = (sql: string) => Promise<{ name: string; text: string }[]>;

const TABLES = `
  SELECT relname AS name, concat_ws(' ', 'TABLE', relname,
    'PARTITION OF ' || (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = pg_class.oid),
    pg_get_expr(relpartbound, pg_class.oid), 'PARTITION BY ' || pg_get_partkeydef(pg_class.oid),
    'WITH ' || array_to_string(reloptions, ', ')) AS text
  FROM pg_class WHERE relnamespace = 'daybook'::regnamespace AND relkind IN ('r', 'p')`;

const COLUMNS = `
  SELECT relname AS name, concat_ws(' ', '  ' || attname, format_type(atttypid, atttypmod),
    CASE WHEN attcollation <> typcollation THEN 'COLLATE ' || collname END,
    CASE WHEN attnotnull THEN 'NOT NULL' END, 'DEFAULT ' || pg_get_expr(adbin, adrelid)) AS text
  FROM pg_attribute
  JOIN pg_class ON pg_class.oid = attrelid AND relnamespace = 'daybook'::regnamespace AND relkind IN ('r', 'p')
  JOIN pg_type ON pg_type.oid = atttypid
  LEFT JOIN pg_collation ON pg_collation.oid = attcollation
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attnum > 0 AND NOT attisdropped ORDER BY relname, attnum`;

/** Since PostgreSQL 18 a column that may not be null has a constraint, which says nothing new. */
const CONSTRAINTS = `
  SELECT relname AS name, concat('  CONSTRAINT ', conname, ' ', pg_get_constraintdef(pg_constraint.oid)) AS text
  FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
  WHERE relnamespace = 'daybook'::regnamespace AND contype <> 'n' ORDER BY relname, conname`;

const INDEXES = `
  SELECT tablename AS name, '  ' || indexdef AS text FROM pg_indexes WHERE schemaname = 'daybook' ORDER BY tablename, indexname`;

const FUNCTIONS = `
  SELECT proname AS name, concat('FUNCTION ', proname, '(', pg_get_function_arguments(pg_proc.oid), ') RETURNS ',
    pg_get_function_result(pg_proc.oid), ' LANGUAGE ', lanname,
    CASE provolatile WHEN 'i' THEN ' IMMUTABLE' WHEN 's' THEN ' STABLE' ELSE ' VOLATILE' END,
    ' SET ' || array_to_string(proconfig, ', '), E'\\n  MD5 ', md5(prosrc)) AS text
  FROM pg_proc JOIN pg_language ON pg_language.oid = prolang WHERE pronamespace = 'daybook'::regnamespace`;

/** Of the same kind as a partition that is described: months, which depend on the day, and all hashes but the first. */
export function modelOf(name: string): string | undefined {
  if (/^entries_\d{4}_\d{2}$/.test(name)) return 'entries_default';
  return /^idempotency_key_(?:0[1-9]|1\d)$/.test(name) ? 'idempotency_key_00' : undefined;
}

export async function describeSchema(query: Query): Promise<Described[]> {
  const heads = [...(await query(TABLES)), ...(await query(FUNCTIONS))];
  const lines = [...(await query(COLUMNS)), ...(await query(CONSTRAINTS)), ...(await query(INDEXES))];
  return heads
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, text }) => ({
      name,
      text: [text, ...lines.filter((line) => line.name === name).map((line) => line.text)].join('\n'),
    }));
}
