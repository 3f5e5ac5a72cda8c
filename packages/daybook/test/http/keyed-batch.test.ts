/** A batch with an Idempotency-Key: line k has the key `<key>/<k>`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertFailedLine, assertProblem } from './assert-problem.ts';
import { startService } from './service.ts';

const service = await startService();

interface Line {
  readonly line: number;
  readonly status: number;
  readonly id?: string;
  readonly receivedAt?: string;
  readonly duplicate?: boolean;
}

function send(key: string, body: string): Promise<Response> {
  const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': key };
  return service.fetch('/app', { method: 'POST', headers, body });
}

async function results(key: string, body: string): Promise<Line[]> {
  const answer = await send(key, body);
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

const count = async () => (await service.list('/app?limit=1000')).entries.length;

test('a repeat after success gives the same ids, all of them duplicates', async () => {
  const body = '{"a":1}\n{"a":2}\n\n{"a":4}';
  const first = await results('repeated-after-success', body);
  assert.deepEqual(
    first.map(({ line, duplicate }) => [line, duplicate]),
    [
      [1, false],
      [2, false],
      [4, false],
    ],
  );
  const stored = await count();
  const again = await results('repeated-after-success', body);
  assert.deepEqual(
    again,
    first.map((line) => ({ ...line, duplicate: true })),
  );
  assert.equal(await count(), stored);
  assert.equal((await service.read('app', first[2]?.id ?? '')).idempotencyKey, 'repeated-after-success/4');
});

test('a line that failed before is stored by the repeat, beside duplicates', async () => {
  const first = await results('repaired-in-the-middle', '{"a":1}\n{"a":\n{"a":3}');
  assert.deepEqual(
    first.map(({ status }) => status),
    [201, 400, 201],
  );
  const again = await results('repaired-in-the-middle', '{"a":1}\n{"a":2}\n{"a":3}');
  assert.deepEqual(
    again.map(({ status, duplicate }) => [status, duplicate]),
    [
      [201, true],
      [201, false],
      [201, true],
    ],
  );
  assert.deepEqual([again[0]?.id, again[2]?.id], [first[0]?.id, first[2]?.id]);
});

test('a line with another payload under its key fails alone, without the id of the first', async () => {
  await results('changed-in-one-line', '{"a":1}\n{"a":2}');
  const again = await results('changed-in-one-line', '{"a":1}\n{"a":"other"}\n{"a":3}');
  assert.deepEqual(
    again.map(({ status }) => status),
    [201, 422, 201],
  );
  assertFailedLine(again[1], { line: 2, code: 'KEY_REUSED' });
});

test('a longer repeat stores only what is new', async () => {
  const first = await results('a-batch-that-grows', '1\n2');
  const again = await results('a-batch-that-grows', '1\n2\n3');
  assert.deepEqual(
    again.map(({ duplicate }) => duplicate),
    [true, true, false],
  );
  assert.deepEqual(
    again.slice(0, 2).map(({ id }) => id),
    first.map(({ id }) => id),
  );
});

test('the key of a line is the one that a single write may use', async () => {
  const [line] = await results('one-name-space-of-keys', '{"a":1}');
  const single = await service.write('app', '{"a":1}', {
    'content-type': 'application/json',
    'idempotency-key': 'one-name-space-of-keys/1',
  });
  assert.deepEqual([single.id, single.duplicate], [line?.id, true]);
});

test('of many batches with one key at once, each line is stored once', async () => {
  const body = Array.from({ length: 20 }, (_, n) => JSON.stringify({ n })).join('\n');
  const before = await count();
  const answers = await Promise.all(Array.from({ length: 10 }, () => send('many-batches-at-once', body)));
  const ids = new Set<string>();
  let succeeded = 0;
  for (const answer of answers) {
    if (answer.status === 409) {
      await assertProblem(answer, 'KEY_IN_FLIGHT', { kind: 'write' });
      continue;
    }
    assert.equal(answer.status, 200);
    succeeded += 1;
    for (const line of (await answer.text()).trimEnd().split('\n'))
      ids.add((JSON.parse(line) as Line).id ?? '');
  }
  assert.ok(succeeded >= 1);
  assert.equal(ids.size, 20);
  assert.equal(await count(), before + 20);
});

test('the key of a batch follows the rules of every key', async () => {
  for (const key of ['short', 'x'.repeat(256), 'has a space in the middle'])
    await assertProblem(await send(key, '1'), 'HEADER_INVALID', { kind: 'write' });
  assert.equal((await results('k'.repeat(255), '1'))[0]?.status, 201);
});
