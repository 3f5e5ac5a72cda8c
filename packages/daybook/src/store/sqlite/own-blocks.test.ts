import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import fc from 'fast-check';

import { createOwnBlocks, createOwnPositions } from './own-blocks.ts';

const MIGRATIONS = new URL('../../../migrations/sqlite/', import.meta.url);
const files = readdirSync(MIGRATIONS).toSorted();
const REGISTER = 'notes';
const SUBJECT = 'alice';

function migrated(names: readonly string[] = files, db = new DatabaseSync(':memory:')): DatabaseSync {
  for (const name of names) db.exec(readFileSync(new URL(name, MIGRATIONS), 'utf8'));
  return db;
}

test('whatever was added and removed, the positions behind a place are those of the subject, in order', () => {
  const range = fc.record({
    first: fc.integer({ min: 1, max: 300 }),
    length: fc.integer({ min: 1, max: 90 }),
  });
  const step = fc.record({ range, removes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.integer({ min: 0, max: 400 }), (steps, after) => {
      const db = migrated();
      const blocks = createOwnBlocks(db);
      const own = new Set<number>();
      blocks.add(REGISTER, 'bob', 1, 400);
      for (const { range: given, removes } of steps) {
        const positions = Array.from({ length: given.length }, (_, n) => given.first + n);
        if (removes) blocks.remove(REGISTER, SUBJECT, positions);
        else blocks.add(REGISTER, SUBJECT, given.first, given.first + given.length - 1);
        for (const position of positions)
          if (removes) own.delete(position);
          else own.add(position);
      }
      const found = createOwnPositions(db)({ register: REGISTER, subject: SUBJECT, after }, 100);
      const expected = [...own].filter((position) => position > after).toSorted((a, b) => a - b);
      assert.deepEqual([...found], expected);
      const empty = db.prepare('SELECT count(*) AS rows FROM own_block WHERE members = 0').get();
      assert.equal(empty?.['rows'], 0);
      db.close();
    }),
    { numRuns: 50 },
  );
});

test('a database of the first schema is read as before: every own entry is found by its block, and no other', () => {
  const [first = '', ...later] = files;
  const db = migrated([first]);
  const insert = db.prepare(
    'INSERT INTO entry (position, id, register, subject, meta) VALUES (?, ?, ?, ?, ?)',
  );
  const expected: number[] = [];
  for (let position = 1; position <= 200; position += 1) {
    const subject = position % 3 === 0 ? SUBJECT : position % 3 === 1 ? 'bob' : '';
    if (subject === SUBJECT && position !== 96) expected.push(position);
    const register = position === 96 ? 'other' : REGISTER;
    insert.run(position, new Uint8Array(16).fill(position), register, subject, '{}');
  }
  migrated(later, db);
  const found = createOwnPositions(db);
  assert.deepEqual([...found({ register: REGISTER, subject: SUBJECT, after: 0 }, 100)], expected);
  assert.deepEqual([...found({ register: 'other', subject: SUBJECT, after: 0 }, 100)], [96]);
  assert.deepEqual([...found({ register: REGISTER, subject: '', after: 0 }, 100)], []);
  db.close();
});

test('no more blocks are read than were asked for', () => {
  const db = migrated();
  createOwnBlocks(db).add(REGISTER, SUBJECT, 30, 130);
  const found = createOwnPositions(db);
  assert.deepEqual([...found({ register: REGISTER, subject: SUBJECT, after: 0 }, 1)], [30, 31]);
  assert.deepEqual([...found({ register: REGISTER, subject: SUBJECT, after: 31 }, 1)], []);
  db.close();
});
