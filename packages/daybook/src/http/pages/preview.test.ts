/** The line about a payload, and that the browser makes the same one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { previewOf } from './preview.ts';

interface BrowserModule {
  parseEntry(json: string): object;
  previewOf(entry: object): ReturnType<typeof previewOf>;
}

const inBrowser: BrowserModule = await import(new URL('../../../assets/preview.js', import.meta.url).href);

/** As a page gets it: JSON is its text. As the browser gets it: the text is part of the event. */
function assertSame(contentType: string, text: string, isJson: boolean): void {
  const event = `{"contentType":${JSON.stringify(contentType)},"payload":${isJson ? text : JSON.stringify(text)}}`;
  assert.deepEqual(
    inBrowser.previewOf(inBrowser.parseEntry(event)),
    previewOf({ contentType, payload: text }),
  );
}

test('an entry without payload is the moment alone', () => {
  assert.deepEqual(previewOf({}), { kind: 'none', text: 'the moment alone' });
  assert.deepEqual(inBrowser.previewOf({}), previewOf({}));
});

test('bytes are told by number and type', () => {
  for (const bytes of [1, 2, 3, 4]) {
    const payload = Buffer.alloc(bytes).toString('base64');
    const entry = { payload, payloadEncoding: 'base64', contentType: 'image/png' } as const;
    assert.deepEqual(previewOf(entry), { kind: 'bytes', text: `${bytes} bytes of image/png` });
    assert.deepEqual(inBrowser.previewOf(entry), previewOf(entry));
  }
});

test('the server and the browser show any JSON alike', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => assertSame('application/json', JSON.stringify(value), true)),
  );
});

test('the server and the browser show any text alike', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) =>
      assertSame('text/plain', text, false),
    ),
  );
});

test('a number larger than a double holds is shown as it was sent', () => {
  assertSame('application/json', '{"n":12345678901234567890}', true);
  assert.equal(
    previewOf({ contentType: 'application/json', payload: '{"n": 12345678901234567890}' }).text,
    '{"n":12345678901234567890}',
  );
});

test('a long payload is cut, and no character is cut in halves', () => {
  const { text } = previewOf({ contentType: 'text/plain', payload: `${'a'.repeat(159)}😀😀` });
  assert.equal(text, `${'a'.repeat(159)}…`);
  assertSame('text/plain', `${'a'.repeat(159)}😀😀`, false);
  assertSame('text/plain', ' '.repeat(100_000), false);
});

test('JSON that is nested too deep for a stack is still an entry in the browser', () => {
  const event = `{"payload":${'['.repeat(100_000)}${']'.repeat(100_000)},"contentType":"application/json"}`;
  assert.equal(inBrowser.previewOf(inBrowser.parseEntry(event)).kind, 'content');
});
