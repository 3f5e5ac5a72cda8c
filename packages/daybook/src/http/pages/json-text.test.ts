/** JSON for reading, compared with what the language itself makes of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { compactJson, indentJson } from './json-text.ts';

const json = fc.jsonValue({ maxDepth: 8 });

test('indenting equals JSON.stringify with two spaces', () => {
  fc.assert(
    fc.property(json, (value) => {
      assert.equal(indentJson(JSON.stringify(value)), JSON.stringify(value, null, 2));
    }),
  );
});

test('compacting undoes indenting', () => {
  fc.assert(
    fc.property(json, (value) => {
      assert.equal(compactJson(JSON.stringify(value, null, '\t')), JSON.stringify(value));
    }),
  );
});

test('big integers, repeated names and escapes stay as they were sent', () => {
  const text = '{"n":12345678901234567890,"a":1,"a":2,"e":"\\u00e9\\"{"}';
  assert.equal(compactJson(indentJson(text)), text);
});

test('deep nesting makes neither a deep stack nor a large page', () => {
  const text = '['.repeat(100_000) + ']'.repeat(100_000);
  assert.ok(indentJson(text).length < text.length * 2);
});

test('text that was cut off keeps all of its tokens', () => {
  fc.assert(
    fc.property(json, fc.nat(200), (value, end) => {
      const cut = JSON.stringify(value).slice(0, end);
      assert.equal(compactJson(indentJson(cut)), compactJson(cut));
    }),
  );
});

test('text that is no JSON takes time in proportion to its length', () => {
  const hostile = '"\\'.repeat(100_000);
  assert.ok(indentJson(hostile).length >= hostile.length);
});
