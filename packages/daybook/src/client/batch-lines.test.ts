import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { BLOCK_LINES, MAX_REQUEST_BYTES, toBody, toChunks } from './batch-lines.ts';
import type { BatchChunk, BatchItem } from './batch-lines.ts';

async function chunksOf(
  items: Iterable<BatchItem> | AsyncIterable<BatchItem>,
  lingerMs = 1000,
): Promise<BatchChunk[]> {
  return Array.fromAsync(toChunks(items, { lingerMs }));
}

const indexes = (chunks: BatchChunk[]) => chunks.map((chunk) => chunk.map(({ index }) => index));
const text = (lines: BatchChunk) => new TextDecoder().decode(toBody(lines));

test('text is taken as JSON, bytes as they are, anything else becomes JSON', async () => {
  const [chunk = []] = await chunksOf([
    '{"a":1}',
    new TextEncoder().encode('[2]'),
    { b: [3] },
    4,
    null,
    true,
  ]);
  assert.equal(text(chunk), '{"a":1}\n[2]\n{"b":[3]}\n4\nnull\ntrue\n');
});

test('lines without content are left out and keep their number', async () => {
  const [chunk = []] = await chunksOf(['1', '', ' \t\r', '4']);
  assert.deepEqual(indexes([chunk]), [[0, 3]]);
  assert.equal(text(chunk), '1\n\n\n4\n');
});

test('nothing gives no request', async () => {
  assert.deepEqual(await chunksOf([]), []);
  assert.deepEqual(await chunksOf(['', ' ']), []);
});

test('a line feed inside an item is refused, because it would be two lines', async () => {
  await assert.rejects(chunksOf(['1', '{\n}']), /lines\[1\]: expected JSON text in one line/);
});

test('a request ends at its block of 10 000 lines', async () => {
  const chunks = await chunksOf(Array.from({ length: BLOCK_LINES + 2 }, () => '1'));
  assert.deepEqual(
    chunks.map((chunk) => [chunk.length, chunk[0]?.index]),
    [
      [BLOCK_LINES, 0],
      [2, BLOCK_LINES],
    ],
  );
});

test('a request ends before it is too large, and the next one keeps the numbers', async () => {
  const large = new Uint8Array(MAX_REQUEST_BYTES / 2).fill(0x31);
  const chunks = await chunksOf([large, large, '3']);
  assert.deepEqual(indexes(chunks), [[0], [1, 2]]);
  const body = toBody(chunks[1] ?? []);
  assert.equal(body[0], 0x0a);
  assert.equal(body.length, 1 + large.length + 1 + 2);
});

test('a slow source is written as it comes', async () => {
  const gate = Promise.withResolvers<void>();
  async function* slow() {
    yield '1';
    yield '2';
    await gate.promise;
    yield '3';
  }
  const chunks = toChunks(slow(), { lingerMs: 1 });
  assert.deepEqual(indexes([(await chunks.next()).value ?? []]), [[0, 1]]);
  gate.resolve();
  assert.deepEqual(indexes([(await chunks.next()).value ?? []]), [[2]]);
  assert.equal((await chunks.next()).done, true);
});

test('the source is closed when the reader stops', async () => {
  let closed = false;
  function* endless() {
    try {
      for (;;) yield '1';
    } finally {
      closed = true;
    }
  }
  for await (const _ of toChunks(endless(), { lingerMs: 1 })) break;
  assert.equal(closed, true);
});

test('the server counts every line of a body as the caller did', () => {
  const line = fc.constantFrom('', '{}', '12', ' ');
  return fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 40 }), async (lines) => {
      for (const chunk of await chunksOf(lines)) {
        const received = text(chunk).split('\n');
        for (const { index } of chunk) assert.equal(received[index % BLOCK_LINES], lines[index]);
      }
    }),
  );
});
