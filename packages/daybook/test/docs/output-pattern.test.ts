import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { consoleExamples } from './document.ts';
import { createBindings } from './output-pattern.ts';

const SHOWN = '01a1fd95-87ec-7b78-8649-ed95fd2c7ec8';
const REAL = '01b00000-0000-7000-8000-000000000001';
const OTHER = '01b00000-0000-7000-8000-000000000002';

function match(expected: string, given: string): void {
  createBindings().match('a.md:1', expected, given);
}

describe('an output that a document shows', () => {
  test('is met by other ids, stamps, dates and durations, and by nothing else', () => {
    const shown = `{"id":"${SHOWN}","receivedAt":"2026-11-21T10:09:57.740717Z","status":"stored"}`;
    match(shown, `{"id":"${REAL}","receivedAt":"2027-01-01T00:00:00.000000Z","status":"stored"}\n`);
    match(
      'took 12 ms, Date: Sat, 21 Nov 2026 10:04:00 GMT',
      'took 9 ms, Date: Mon, 01 Feb 2027 10:04:00 GMT',
    );
    assert.throws(() =>
      match(shown, `{"id":"${REAL}","receivedAt":"2027-01-01T00:00:00.000000Z","status":"queued"}`),
    );
    assert.throws(() =>
      match(shown, `{"id":"${REAL}","receivedAt":"2027-01-01T00:00:00Z","status":"stored"}`),
    );
    assert.throws(() => match('HTTP/1.1 201 Created', 'HTTP/1.1 200 OK'));
    assert.throws(() => match('one line', 'one line\nand another'));
    assert.throws(() => match('one line', ''));
    assert.throws(() => match('', 'something'));
  });

  test('may leave something out, within a line and by lines, where it says so', () => {
    match('first\n…\nlast', 'first\n1\n2\nlast');
    match('{"rows": […]}', '{"rows":[{"a":1}]}');
    assert.throws(() => match('first\n…\nlast', 'first\n1\n2\nmiddle'));
  });

  test('may break the lines of JSON as it likes, but not change the space within strings', () => {
    match('x: 1\n\n{\n  "a": "b c"\n}', 'x: 1\r\n\r\n{"a":"b c"}\n');
    assert.throws(() => match('{"a": "b c"}', '{"a":"bc"}'));
    assert.throws(() => match('x: 1\n{}', 'x:1\n{}'));
  });

  test('has one id where the document has one, and two where it has two', () => {
    const bindings = createBindings();
    bindings.match('a.md:1', SHOWN, REAL);
    bindings.match('a.md:2', `again ${SHOWN}`, `again ${REAL}`);
    assert.equal(bindings.apply(`curl /app/${SHOWN}`), `curl /app/${REAL}`);
    assert.throws(() => bindings.match('a.md:3', SHOWN, OTHER));
    assert.throws(() => bindings.match('a.md:4', SHOWN.replace('87ec', '87ed'), REAL));
  });
});

describe('the console blocks of a document', () => {
  test('are commands with their outputs, without those that are not to be run', () => {
    const text = ['```console', '$ one |', '  two', 'out', '', 'more', '$ three \\', '  four', '```'];
    const skipped = ['```console no-run', '$ never', '```', '```sh', '$ never', '```'];
    assert.deepEqual(consoleExamples('a.md', [...text, ...skipped].join('\n')), [
      { place: 'a.md:2', command: 'one |\n  two', output: 'out\n\nmore\n' },
      { place: 'a.md:7', command: 'three \\\n  four', output: '' },
    ]);
  });

  test('must begin with a command and end', () => {
    assert.throws(() => consoleExamples('a.md', '```console\nout\n```'), SyntaxError);
    assert.throws(() => consoleExamples('a.md', '```console\n$ one'), SyntaxError);
  });
});
