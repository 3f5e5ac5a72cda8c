/** Batches of the client, against scripted answers: results by the caller's own lines, and what is written again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createClient } from '../../src/client/index.ts';
import type { BatchOptions, BatchResult } from '../../src/client/index.ts';
import { brokenConnection, problemResponse, scriptedFetch, streamResponse } from './scripted-fetch.ts';
import type { SeenRequest, Step } from './scripted-fetch.ts';

const NDJSON = 'application/x-ndjson';

/** Lines of a request that have content, with their number. */
function linesOf({ body }: SeenRequest): [line: number, text: string][] {
  return body
    .split('\n')
    .flatMap((text, index): [number, string][] => (text === '' ? [] : [[index + 1, text]]));
}

/** Stores every line, but those of which `refuse` says otherwise. */
function answering(
  refuse: (text: string) => object | undefined = () => undefined,
  cutAfter = Infinity,
): Step {
  return (request) => {
    const results = linesOf(request).map(([line, text]) => ({
      line,
      status: 201,
      id: text,
      ...refuse(text),
    }));
    const pieces = results.slice(0, cutAfter).map((result) => `${JSON.stringify(result)}\n`);
    return streamResponse(NDJSON, pieces, cutAfter === Infinity ? 'ends' : 'breaks');
  };
}

async function write(steps: Step[], lines: Iterable<string>, options: BatchOptions = {}) {
  const { fetch, requests } = scriptedFetch(...steps);
  const client = createClient({
    baseUrl: 'http://daybook.test',
    fetch,
    retry: { attempts: 3, firstDelayMs: 1 },
  });
  const results: BatchResult[] = [];
  let error: unknown;
  try {
    for await (const result of client.postBatch('app', lines, options)) results.push(result);
  } catch (thrown) {
    error = thrown;
  }
  return { results, requests, error, keys: requests.map(({ headers }) => headers.get('Idempotency-Key')) };
}

const busy = { status: 503, code: 'OVERLOADED', retryable: true, outcome: 'not-written' } as const;
const busyWith2 = () => answering((text) => (text === '2' ? busy : undefined));
const badRefused = () =>
  answering((text) => (text === 'bad' ? { status: 400, code: 'BODY_NOT_JSON' } : undefined));
const onlyFirst = () => streamResponse(NDJSON, ['{"line":1,"status":201,"id":"1"}\n']);
const tooLarge = () => problemResponse({ status: 413, code: 'BATCH_TOO_LARGE' });
const stored = (index: number, id: string) => ({ index, status: 201, id });

test('every line with content has a result under its own index, in order', async () => {
  const { results, requests } = await write([answering()], ['1', '', '3']);
  assert.deepEqual(results, [stored(0, '1'), stored(2, '3')]);
  assert.equal(requests[0]?.headers.get('Content-Type'), NDJSON);
});

test('a refused line is a result and not an error; the others are stored', async () => {
  const { results, requests } = await write([badRefused()], ['1', 'bad', '3']);
  assert.deepEqual(
    results.map(({ status, code }) => [status, code]),
    [
      [201, undefined],
      [400, 'BODY_NOT_JSON'],
      [201, undefined],
    ],
  );
  assert.equal(requests.length, 1);
});

test('a line that may succeed later is written again, alone, at its place, under the same key', async () => {
  const { results, requests, keys } = await write([busyWith2(), answering()], ['1', '2', '3']);
  assert.deepEqual(results, [stored(0, '1'), stored(1, '2'), stored(2, '3')]);
  assert.deepEqual(linesOf(requests[1] as SeenRequest), [[2, '2']]);
  assert.equal(keys[0], keys[1]);
});

test('a line that never succeeds has its last result', async () => {
  const { results, requests } = await write([busyWith2(), busyWith2(), busyWith2()], ['1', '2']);
  assert.equal(requests.length, 3);
  assert.equal(results[1]?.code, 'OVERLOADED');
});

test('an answer that breaks off is asked for again for the lines that had no result', async () => {
  const { results, requests } = await write([answering(undefined, 1), answering()], ['1', '2', '3']);
  assert.deepEqual(results, [stored(0, '1'), stored(1, '2'), stored(2, '3')]);
  assert.deepEqual(linesOf(requests[1] as SeenRequest), [
    [2, '2'],
    [3, '3'],
  ]);
});

test('an answer that ends too early does not pass for a whole one', async () => {
  const { results, requests } = await write([onlyFirst(), answering()], ['1', '2']);
  assert.deepEqual(results, [stored(0, '1'), stored(1, '2')]);
  assert.equal(requests.length, 2);
});

test('without a key a break is not tried again: known results come first, then the error', async () => {
  const { results, requests, error } = await write([answering(undefined, 1)], ['1', '2'], {
    idempotencyKey: false,
  });
  assert.deepEqual(results, [stored(0, '1')]);
  assert.equal((error as { code?: string }).code, 'NETWORK');
  assert.equal((error as { outcome?: string }).outcome, 'unknown');
  assert.equal(requests.length, 1);
});

test('a request that fails as a whole is tried again', async () => {
  const { results } = await write([brokenConnection(), problemResponse(busy), answering()], ['1']);
  assert.deepEqual(results, [stored(0, '1')]);
});

test('a refusal of the whole request is thrown', async () => {
  const { results, error } = await write([problemResponse({ status: 404, code: 'NOT_FOUND' })], ['1']);
  assert.deepEqual(results, []);
  assert.equal((error as { code?: string }).code, 'NOT_FOUND');
});

test('more than 10 000 lines are several requests; each line has the name that its index gives it', async () => {
  const lines = Array.from({ length: 25_000 }, (_, index) => String(index));
  const { results, requests, keys } = await write([answering(), answering(), answering()], lines, {
    idempotencyKey: 'import-2026-11-21',
  });
  assert.deepEqual(keys, ['import-2026-11-21.0', 'import-2026-11-21.1', 'import-2026-11-21.2']);
  assert.deepEqual(
    requests.map((request) => linesOf(request).length),
    [10_000, 10_000, 5_000],
  );
  assert.equal(results.length, lines.length);
  assert.ok(results.every(({ index, id }) => id === lines[index]));
});

test('a server that takes less in a request gets less; lines keep their names', async () => {
  const { results, requests, keys } = await write(
    [tooLarge(), answering(), tooLarge(), answering(), tooLarge()],
    ['1', '2', '3', '4'],
  );
  assert.deepEqual(
    requests.map((request) => linesOf(request).map(([line]) => line)),
    [[1, 2, 3, 4], [1, 2], [3, 4], [3], [4]],
  );
  assert.equal(new Set(keys).size, 1);
  assert.deepEqual(
    results.map(({ index, status }) => [index, status]),
    [
      [0, 201],
      [1, 201],
      [2, 201],
      [3, 413],
    ],
  );
});

test('a line that fits into no request is refused without sending it', async () => {
  const { results, requests } = await write([answering()], ['1'.repeat(16 * 1024 * 1024), '2']);
  assert.deepEqual(
    results.map(({ index, code }) => [index, code]),
    [
      [0, 'ENTRY_TOO_LARGE'],
      [1, undefined],
    ],
  );
  assert.deepEqual(linesOf(requests[0] as SeenRequest), [[2, '2']]);
});
