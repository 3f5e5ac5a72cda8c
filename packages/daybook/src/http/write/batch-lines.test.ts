/** The lines of a batch, whatever is between them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { splitLines } from './batch-lines.ts';

const found = (body: string, most = 100) =>
  splitLines(Buffer.from(body), most).map(({ number, bytes }) => [number, bytes.toString()]);

test('lines are found as they came, with their numbers; blank ones count and are left out', () => {
  assert.deepEqual(found('\n{"a":1}\r\n\r\n \t \n {"a":2} \n\n3'), [
    [2, '{"a":1}\r'],
    [5, ' {"a":2} '],
    [7, '3'],
  ]);
});

test('it finds what splitting the whole text finds', () => {
  const part = fc.constantFrom('\n', '\r', ' ', '\t', '1', '{}', 'é');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const body = parts.join('');
      const expected = body
        .split('\n')
        .map((text, index) => [index + 1, text] as const)
        .filter(([, text]) => /[^ \t\r]/.test(text));
      assert.deepEqual(found(body), expected);
    }),
  );
});

test('it ends after one line too many, and does not look at the rest', () => {
  assert.deepEqual(found('1\n2\n3\n4\n5\n', 2), [
    [1, '1'],
    [2, '2'],
    [3, '3'],
  ]);
  assert.equal(found('1\n2', 2).length, 2);
});
