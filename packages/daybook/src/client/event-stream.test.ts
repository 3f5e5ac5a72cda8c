import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { createEventStreamParser } from './event-stream.ts';
import type { ServerSentEvent } from './event-stream.ts';

function parse(...pieces: string[]): ServerSentEvent[] {
  const parser = createEventStreamParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

const message = (id: string | undefined, data: string | undefined) => ({ id, event: 'message', data });

test('an event has its id and its data', () => {
  assert.deepEqual(parse('id: 7\ndata: {"a":1}\n\n'), [message('7', '{"a":1}')]);
});

test('lines may end with LF, CR or CR LF, also cut in the middle', () => {
  assert.deepEqual(parse('id: 7\r\ndata: x\r\n\r\n'), [message('7', 'x')]);
  assert.deepEqual(parse('id: 7\rdata: x\r\r', 'data: y\n\n'), [message('7', 'x'), message('7', 'y')]);
  assert.deepEqual(parse('data: x\r', '\n\r', '\ndata: y\r\n\r\n'), [
    message(undefined, 'x'),
    message(undefined, 'y'),
  ]);
});

test('what the connection cut off is no event', () => {
  assert.deepEqual(parse('data: x\n\nid: 8\ndata: {"half":'), [message(undefined, 'x')]);
  assert.deepEqual(parse('id: 8\ndata: whole but without its blank line\n'), []);
});

test('several data lines are one text; one space after the colon does not count', () => {
  assert.deepEqual(parse('data:a\ndata:  b\ndata\n\n'), [message(undefined, 'a\n b\n')]);
});

test('a block with an id and no data still tells the id', () => {
  assert.deepEqual(parse('retry: 2000\nid: 5\n\n'), [message('5', undefined)]);
});

test('comments and unknown fields are passed over', () => {
  assert.deepEqual(parse(': still here\n\nfoo: bar\ndata: x\n\n'), [message(undefined, 'x')]);
});

test('an id holds for the events after it; one with NUL is ignored', () => {
  assert.deepEqual(parse('id: 1\n\nid: 2\0\ndata: x\n\n'), [message('1', undefined), message('1', 'x')]);
});

test('a byte order mark at the start does not count', () => {
  assert.deepEqual(parse('\u{feff}data: x\n\n'), [message(undefined, 'x')]);
  assert.deepEqual(parse('', '\u{feff}', 'data: x\n\n'), [message(undefined, 'x')]);
});

test('named events keep their name', () => {
  assert.deepEqual(parse('event: end\ndata: x\n\n'), [{ id: undefined, event: 'end', data: 'x' }]);
});

test('how a stream is cut into pieces makes no difference', () => {
  const field = fc.constantFrom('id: 1', 'id: 2', 'data: x', 'data:y', ': c', 'retry: 9', '', '', 'event: e');
  const ending = fc.constantFrom('\n', '\r\n', '\r');
  const line = fc.tuple(field, ending).map((parts) => parts.join(''));
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 30 }),
      fc.array(fc.nat(200), { maxLength: 10 }),
      (lines, cuts) => {
        const text = lines.join('');
        const places = [
          0,
          ...cuts.filter((cut) => cut <= text.length).toSorted((a, b) => a - b),
          text.length,
        ];
        const pieces = places.slice(1).map((end, index) => text.slice(places[index], end));
        // A CR at the end waits for its LF: a comment after it settles what came before.
        assert.deepEqual(parse(...pieces, ':'), parse(`${text}:`));
      },
    ),
  );
});
