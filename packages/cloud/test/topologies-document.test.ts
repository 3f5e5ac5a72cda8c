/**
 * `docs/topologies.md` shows each topology as it is: the example's own values, its picture, its costs as they are
 * estimated.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { EVERY_TOPOLOGY, EXAMPLES } from './support/topologies.ts';

const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));
const document = readFileSync(`${DOCS}topologies.md`, 'utf8');
const costs = readFileSync(`${DOCS}aws-costs.md`, 'utf8');

/** The cells of the row of a table that begins so, without the first. */
function cellsOf(text: string, row: string): string[] {
  const line = text.split('\n').find((one) => one.startsWith(`| ${row} |`));
  assert.ok(line, row);
  return line
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.replaceAll('*', '').trim());
}

/** The row that sums a table up, below a heading. */
function sumsBelow(heading: string): string[] {
  const start = costs.indexOf(heading);
  assert.ok(start > 0, heading);
  return cellsOf(costs.slice(start), '**together**');
}

describe('docs/topologies.md', () => {
  for (const topology of EVERY_TOPOLOGY) {
    test(`${topology}: has the values of the example, and its picture`, () => {
      const [, section = ''] = document.split(`\n## ${topology}\n`);
      const [, shown = ''] = /```ts\n([^]*?)```/.exec(section) ?? [];
      const example = readFileSync(`${EXAMPLES}${topology}.ts`, 'utf8');
      assert.equal(shown, example.slice(example.indexOf('export default')));
      assert.match(section, new RegExp(`!\\[[^\\]]+\\]\\(images/topology-${topology}\\.svg\\)`));
    });
  }

  test('has the costs that are estimated', () => {
    assert.deepEqual(
      cellsOf(document, 'A million entries, one a request'),
      sumsBelow('### A million entries, each in a request of its own'),
    );
    assert.deepEqual(
      cellsOf(document, 'An idle month in `prd`'),
      sumsBelow('### A month in which nobody calls'),
    );
  });
});
