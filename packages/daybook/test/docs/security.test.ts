/** The threat model names, for every threat, tests that exist. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { codes, readDocument, ROOT } from './document.ts';

const document = readDocument('docs/security.md');

/** The last column of every row of every table that has a column `Test`. */
function provingCells(): { row: string; cell: string }[] {
  const found: { row: string; cell: string }[] = [];
  let proving = false;
  for (const line of document.split('\n')) {
    if (!line.startsWith('|')) proving = false;
    else if (line.endsWith('| Test |')) proving = true;
    else if (proving && !/^[|-]+$/.test(line)) {
      const cells = line.split('|');
      found.push({ row: (cells[1] ?? '').trim(), cell: cells.at(-2) ?? '' });
    }
  }
  return found;
}

test('every threat names at least one test, and each of them is there and tests something', () => {
  const cells = provingCells();
  assert.ok(cells.length > 40, String(cells.length));
  for (const { row, cell } of cells) {
    const files = codes(cell);
    assert.ok(files.length > 0, `${row}: no test`);
    for (const file of files) {
      assert.match(file, /^(?:src|test)\/[\w/.-]+\.test\.ts$/, row);
      const path = `${ROOT}packages/daybook/${file}`;
      assert.ok(existsSync(path), `${row}: ${file} is not there`);
      assert.match(readFileSync(path, 'utf8'), /\btest\(/, file);
    }
  }
});

test('every test of access is named by the threat model, so that none is left out of it', () => {
  const named = new Set(provingCells().flatMap(({ cell }) => codes(cell)));
  for (const file of [
    'tokens-over-http',
    'ownership',
    'forged-requests',
    'cross-site',
    'let-in',
    'ended-credentials',
  ])
    assert.ok(named.has(`test/access/${file}.test.ts`), file);
});
