import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { createQueries } from './queries.ts';

const MIGRATIONS = new URL('../../../migrations/sqlite/', import.meta.url);

/** Every statement that the queries prepare, and how SQLite means to run it. */
function plans(): { readonly sql: string; readonly plan: string }[] {
  const db = new DatabaseSync(':memory:');
  for (const file of readdirSync(MIGRATIONS).toSorted())
    db.exec(readFileSync(new URL(file, MIGRATIONS), 'utf8'));
  const statements: string[] = [];
  const watched = new Proxy(db, {
    get(_, name) {
      if (name !== 'prepare') return Reflect.get(db, name) as unknown;
      return (sql: string) => {
        statements.push(sql);
        return db.prepare(sql);
      };
    },
  });
  createQueries(watched);
  return statements.map((sql) => {
    const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    return { sql, plan: steps.map(({ detail }) => String(detail)).join('; ') };
  });
}

test('what a subject may not see is passed over in an index: its rows are not touched, so it costs no time', () => {
  const own = plans().filter(({ sql }) => sql.includes('subject = :subject'));
  assert.equal(own.length, 5);
  for (const { sql, plan } of own) {
    const byId =
      /^SEARCH entry USING (?:COVERING )?INDEX entry_by_subject_id \(register=\? AND subject=\? AND id[=>]/;
    const byBlock = /^SEARCH own_block USING PRIMARY KEY \(register=\? AND subject=\? AND block>\?\)$/;
    assert.ok(byId.test(plan) || byBlock.test(plan), `${sql}\n${plan}`);
    assert.doesNotMatch(plan, /TEMP B-TREE/, sql);
  }
});

test('no query of entries reads a whole table', () => {
  for (const { sql, plan } of plans())
    if (sql.includes(' entry')) assert.doesNotMatch(plan, /\bSCAN entry\b/, sql);
});
