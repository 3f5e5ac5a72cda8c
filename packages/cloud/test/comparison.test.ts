/**
 * `docs/comparison.md` names for every endpoint, number, resource, wish and fault of these systems what stands in its
 * place here, and tests that prove it. Nothing is left out, and every test is there.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { faultsOf, readRows } from './support/comparison.ts';

const PACKAGES = fileURLToPath(new URL('../../', import.meta.url));
const DOCUMENT = fileURLToPath(new URL('../../../docs/comparison.md', import.meta.url));

/** How many of each kind were found when the systems were read: endpoints, numbers, resources, wishes, faults. */
const FOUND: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  S1: { e: 16, n: 18, r: 35, w: 7, f: 11 },
  S2: { e: 10, n: 15, r: 40, w: 33, f: 10 },
  S3: { e: 22, n: 15, r: 34, w: 15, f: 12 },
  S4: { e: 15, n: 23, r: 38, w: 21, f: 12 },
  S5: { e: 4, n: 5, r: 8, f: 11 },
};

const read = new Map<string, string | undefined>();

function readTest(path: string): string | undefined {
  if (!read.has(path)) {
    const file = `${PACKAGES}${path}`;
    read.set(path, existsSync(file) ? readFileSync(file, 'utf8') : undefined);
  }
  return read.get(path);
}

const rows = readRows(readFileSync(DOCUMENT, 'utf8'));

describe('the comparison', () => {
  test('names a test for every line, and each of them is there', () => {
    assert.deepEqual(faultsOf(rows, readTest), []);
  });

  test('has at least as many lines as were found of each system and kind', () => {
    assert.deepEqual([...new Set(rows.map(({ system }) => system))].toSorted(), Object.keys(FOUND));
    for (const [system, kinds] of Object.entries(FOUND)) {
      for (const [kind, found] of Object.entries(kinds)) {
        const lines = rows.filter((row) => row.system === system && row.kind === kind && !row.notYet);
        assert.ok(lines.length >= found, `${system}-${kind}: ${lines.length} of ${found}`);
      }
    }
  });

  test('has no fault among what is not yet there, and says how much that is', (t) => {
    const open = rows.filter(({ notYet }) => notYet);
    for (const { id, kind, proofs } of open) {
      assert.equal(kind, 'x', id);
      assert.deepEqual(proofs, [], id);
    }
    t.diagnostic(`not yet: ${open.length} of ${rows.length}: ${open.map(({ id }) => id).join(', ')}`);
  });
});

describe('what is wrong with a line is found', () => {
  const file = [
    "test('one and only', () => {});",
    "it('one of two', () => {});",
    'test(`${name} is a case`, () => {});',
    "const cases = ['a case of a table'];",
    "describe('a group', () => {});",
    "test.skip('left out', () => {});",
  ].join('\n');
  const faults = (...lines: string[]): string[] =>
    faultsOf(readRows(lines.join('\n')), (path) => (path === 'one.test.ts' ? file : undefined));

  test('a line that is right has no fault, whatever kind of name it means', () => {
    for (const name of ['one and only', 'only', 'is a case', 'a case of a table'])
      assert.deepEqual(faults(`| S1-e1 | a | b | \`one.test.ts › ${name}\` |`), [], name);
  });

  for (const [what, cell, expected] of [
    ['no test', '', 'S1-e1: names no test'],
    ['a file that is not there', '`two.test.ts › one`', 'S1-e1: two.test.ts is not there'],
    ['a name that is none', '`one.test.ts › three`', 'S1-e1: one.test.ts has no test "three"'],
    ['a part of a table', '`one.test.ts › a case of`', 'S1-e1: one.test.ts has no test "a case of"'],
    ['a group of tests', '`one.test.ts › a group`', 'S1-e1: one.test.ts has no test "a group"'],
    [
      'a name that could be two',
      '`one.test.ts › one`',
      'S1-e1: one.test.ts has 2 tests of which "one" could be the name',
    ],
    ['a test that is skipped', '`one.test.ts › left out`', 'S1-e1: one.test.ts has no test "left out"'],
    ['a file alone', '`one.test.ts`', 'S1-e1: expected "file.test.ts › name", given "one.test.ts"'],
  ] as const) {
    test(what, () => {
      assert.deepEqual(faults(`| S1-e1 | a | b | ${cell} |`), [expected]);
    });
  }

  test('an id that is there twice, and an empty cell', () => {
    const right = '| S1-e1 | a | b | `one.test.ts › only` |';
    assert.deepEqual(faults(right, right), ['S1-e1: is there twice']);
    assert.deepEqual(faults('| S1-e1 |  | b | `one.test.ts › only` |'), ['S1-e1: a cell is empty']);
    assert.throws(() => faults('| S1-e | a | b | `one.test.ts › only` |'), /expected a row such as/);
  });

  test('what is not yet there needs no test', () => {
    assert.deepEqual(faults('## Not yet', '', '| S1-x1 | a | b |'), []);
  });
});
