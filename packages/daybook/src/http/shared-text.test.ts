import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sharedText } from './shared-text.ts';

test('a text stays what it is, however many there are and however long it is', () => {
  const texts = [
    ...Array.from({ length: 3_000 }, (_, n) => `type-${n}/json`),
    'x'.repeat(10_000),
    '',
    'é'.repeat(50),
    '\u{1F600}',
    '\uD800',
  ];
  for (const text of [...texts, ...texts]) assert.equal(sharedText(`.${text}.`.slice(1, -1)), text);
});
