/** What a refusal of JSON says: where it fails and how, and nothing of what it holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseJson } from './payload.ts';

const reasons: Record<string, string> = {
  '{"a": 1': 'given 7 bytes: it ends too early',
  '{"a":': 'given 5 bytes: it ends too early',
  '["é': 'given 4 bytes: it ends too early',
  '\uFEFF{}': 'given 5 bytes: it begins with a byte order mark',
  '[1 2]': 'given 5 bytes: unexpected character at position 3 (line 1 column 4)',
  '{"secret":x}': 'given 12 bytes: unexpected character',
};

for (const [text, reason] of Object.entries(reasons)) {
  test(`${JSON.stringify(text)} is no JSON: ${reason}`, () => {
    assert.throws(() => parseJson(Buffer.from(text)), {
      code: 'BODY_NOT_JSON',
      message: `body: expected JSON (RFC 8259), ${reason}`,
    });
  });
}
