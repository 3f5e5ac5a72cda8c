/** A batch: one entry a line, one result a line, in order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { batchLineSchema } from '../../src/contract/schemas.ts';
import { assertFailedLine, assertProblem } from './assert-problem.ts';
import { assertNothingInFlight, startService } from './service.ts';

const MAX_BATCH_BYTES = 256 * 1024;

const service = await startService({
  limits: { maxBatchLines: 100, maxBatchBytes: MAX_BATCH_BYTES },
  registers: { app: { access: 'open', maxEntryBytes: 1024 } },
});

const NDJSON = 'application/x-ndjson';
const send = (body: string | Buffer, headers: Record<string, string> = {}, path = '/app') =>
  service.fetch(path, { method: 'POST', headers: { 'content-type': NDJSON, ...headers }, body });

async function results(answer: Response) {
  assert.equal(answer.status, 200, await answer.clone().text());
  assert.equal(answer.headers.get('content-type'), 'application/x-ndjson; charset=utf-8');
  const text = await answer.text();
  if (text === '') return [];
  assert.equal(text.at(-1), '\n');
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => batchLineSchema.parse(JSON.parse(line)));
}

async function payloadOf(id: string | undefined): Promise<string> {
  return (await service.fetch(`/app/${id}/payload`)).text();
}

async function newestId(): Promise<string | undefined> {
  return (await service.list('/app?limit=1')).entries[0]?.id;
}

test('each line is an entry, with a result in its place', async () => {
  const lines = Array.from({ length: 100 }, (_, index) => `{"n":${index}}`);
  const answer = await send(lines.map((line) => `${line}\n`).join(''));
  assert.match(answer.headers.get('daybook-durability') ?? '', /^[a-z-]+$/);
  const given = await results(answer);
  assert.deepEqual(
    given.map(({ line, status }) => [line, status]),
    lines.map((_, index) => [index + 1, 201]),
  );
  assert.ok(
    given.every((result) => !('duplicate' in result)),
    'without a key nothing can be a duplicate',
  );
  const ids = given.map(({ id }) => id ?? '');
  assert.deepEqual(ids, ids.toSorted(), 'in the order of the lines');
  for (const [index, { id, receivedAt }] of given.entries()) {
    const entry = await service.read('app', id ?? '');
    assert.deepEqual([entry.payload, entry.receivedAt], [{ n: index }, receivedAt]);
  }
});

test('a bad line in the middle fails alone, and the last line needs no newline', async () => {
  const given = await results(await send('{"a":1}\n{"a":\n{"a":3}\nnot json\n{"a":5}'));
  assert.deepEqual(
    given.map(({ line, status }) => [line, status]),
    [
      [1, 201],
      [2, 400],
      [3, 201],
      [4, 400],
      [5, 201],
    ],
  );
  assertFailedLine(given[1], { line: 2, code: 'BODY_NOT_JSON' });
  assertFailedLine(given[3], { line: 4, code: 'BODY_NOT_JSON' });
  assert.equal(await payloadOf(given[4]?.id), '{"a":5}');
  const stored = (await service.list('/app?limit=3&order=desc')).entries.map(({ payload }) => payload);
  assert.deepEqual(stored, [{ a: 5 }, { a: 3 }, { a: 1 }]);
});

test('lines may end with CR LF, and blank lines count but have no result', async () => {
  const given = await results(await send('\n{"a":1}\r\n\r\n \t \n{"a":2}\r\n\n\n'));
  assert.deepEqual(
    given.map(({ line, status }) => [line, status]),
    [
      [2, 201],
      [5, 201],
    ],
  );
  assert.deepEqual((await service.read('app', given[0]?.id ?? '')).payload, { a: 1 });
});

test('every JSON value may be a line', async () => {
  const given = await results(await send('1\n"two"\nnull\n[]\ntrue'));
  assert.deepEqual(
    given.map(({ status }) => status),
    [201, 201, 201, 201, 201],
  );
  assert.equal(await payloadOf(given[1]?.id), '"two"');
});

test('a line that is not UTF-8 fails alone', async () => {
  const body = Buffer.concat([Buffer.from('1\n'), Buffer.from([0x22, 0xff, 0x22, 0x0a]), Buffer.from('3\n')]);
  const given = await results(await send(body));
  assert.deepEqual(
    given.map(({ status }) => status),
    [201, 400, 201],
  );
  assertFailedLine(given[1], { line: 2, code: 'BODY_NOT_JSON' });
});

test('a line larger than an entry may be fails alone', async () => {
  const fitting = `"${'x'.repeat(1022)}"`;
  const given = await results(await send(`${fitting}\n"x${fitting.slice(1)}\n3`));
  assert.deepEqual(
    given.map(({ status }) => status),
    [201, 413, 201],
  );
  assertFailedLine(given[1], { line: 2, code: 'ENTRY_TOO_LARGE' });
});

for (const body of ['', '\n', '\r\n \n\t\n']) {
  test(`a batch of ${JSON.stringify(body)} has no lines and no results`, async () => {
    const before = await newestId();
    assert.deepEqual(await results(await send(body)), []);
    assert.equal(await newestId(), before);
  });
}

test('a batch without a single good line still has a result for each', async () => {
  const before = await newestId();
  const given = await results(await send('a\nb\nc'));
  for (const [index, result] of given.entries())
    assertFailedLine(result, { line: index + 1, code: 'BODY_NOT_JSON' });
  assert.equal(given.length, 3);
  assert.equal(await newestId(), before);
});

test('too many lines are refused as a whole, naming the key', async () => {
  const before = await newestId();
  const { detail } = await assertProblem(await send('1\n'.repeat(101)), 'BATCH_TOO_LARGE', { kind: 'write' });
  assert.equal(detail, 'body: expected at most 100 lines (limits.maxBatchLines), given more');
  assert.equal(await newestId(), before);
  assert.equal((await results(await send('1\n\n'.repeat(100)))).length, 100, 'blank lines are none');
});

test('too many bytes are refused as a whole, naming the key', async () => {
  const before = await newestId();
  const line = `"${'x'.repeat(1000)}"\n`;
  const body = line.repeat(Math.ceil(MAX_BATCH_BYTES / line.length));
  const { detail } = await assertProblem(await send(body), 'BATCH_TOO_LARGE', { kind: 'write' });
  assert.match(detail, /limits\.maxBatchBytes/);
  assert.equal(await newestId(), before);
});

test('a batch is answered as NDJSON or not at all', async () => {
  for (const accept of ['*/*', 'application/x-ndjson', 'application/ndjson', 'application/json'])
    assert.equal((await results(await send('1', { accept }))).length, 1);
  const before = await newestId();
  for (const accept of ['text/plain', 'image/png', 'text/csv'])
    await assertProblem(await send('1', { accept }), 'NOT_ACCEPTABLE', { kind: 'write' });
  assert.equal(await newestId(), before);
});

test('a batch by an alias goes to the register of the alias', async () => {
  const given = await results(await send('1\n2', {}, '/EpochRegisterTime'));
  const entry = await service.read('epoch', given[1]?.id ?? '');
  assert.deepEqual([entry.register, entry.payload], ['epoch', 2]);
});

test('concurrent batches keep the order of their own lines', async () => {
  const batches = await Promise.all(
    Array.from({ length: 20 }, async (_, batch) => {
      const lines = Array.from({ length: 50 }, (_, line) => JSON.stringify({ batch, line }));
      return results(await send(lines.join('\n')));
    }),
  );
  for (const [batch, given] of batches.entries()) {
    const ids = given.map(({ id }) => id ?? '');
    assert.deepEqual(ids, ids.toSorted());
    assert.equal(await payloadOf(ids[49]), JSON.stringify({ batch, line: 49 }));
  }
});

test('after all that, no byte stays reserved', () => assertNothingInFlight(service));
