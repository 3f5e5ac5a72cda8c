/** `daybook post` against a real server. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { createClient } from '../../src/client/index.ts';
import type { Client, Receipt } from '../../src/client/index.ts';
import { onRecord } from '../client/on-record.ts';
import { startDaybook } from '../support/start-daybook.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { cliOf } from './run-cli.ts';

let server: StartedDaybook;
let daybook: ReturnType<typeof cliOf>;
let client: Client;
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'daybook-cli-'));
  server = await startDaybook();
  daybook = cliOf(server.address);
  client = createClient({ baseUrl: server.address });
});
after(async () => {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Posts, and gives what is on record then. */
async function posted(args: string[], stdin?: string | Uint8Array) {
  const { exitCode, stdout, stderr } = await daybook(
    ['post', 'app', '--json', ...args],
    stdin === undefined ? {} : { stdin },
  );
  assert.equal(exitCode, 0, stderr);
  const receipt = JSON.parse(stdout) as Receipt;
  return {
    receipt,
    entry: onRecord(await client.entry('app', receipt.id)),
    payload: await client.payload('app', receipt.id),
  };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test('post without a body registers the moment alone and prints its id and stamp', async () => {
  const { exitCode, stdout } = await daybook(['post', 'app']);
  assert.equal(exitCode, 0);
  const [, id = '', stamp] = /^(\S{36}) {2}(\S{27})\n$/.exec(stdout) ?? [];
  const entry = onRecord(await client.entry('app', id));
  assert.equal(entry.receivedAt, stamp);
  assert.equal(entry.payload, undefined);
});

test('post --json prints the receipt', async () => {
  const { receipt } = await posted(['x']);
  assert.equal(receipt.status, 'stored');
  assert.equal(receipt.durability, 'fsync');
  assert.equal(receipt.duplicate, false);
});

test('a body that is a JSON object or array is JSON; anything else that is text is text', async () => {
  assert.equal((await posted(['{"a": 1}'])).payload.contentType, 'application/json');
  assert.equal((await posted([' [1, 2]'])).payload.contentType, 'application/json');
  assert.equal((await posted(['{broken'])).payload.contentType, 'text/plain; charset=utf-8');
  assert.equal((await posted(['12'])).payload.contentType, 'text/plain; charset=utf-8');
});

test('a file and standard input are kept byte for byte', async () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 256);
  const file = join(directory, 'bytes');
  await writeFile(file, bytes);
  for (const { payload } of [await posted([`@${file}`]), await posted(['-'], bytes)]) {
    assert.deepEqual(payload.bytes, bytes);
    assert.equal(payload.contentType, 'application/octet-stream');
  }
  assert.equal(text((await posted(['-'], '{"a" :  1.0}\n')).payload.bytes), '{"a" :  1.0}\n');
});

test('--type sets the content type', async () => {
  assert.equal((await posted(['<a/>', '--type', 'application/xml'])).payload.contentType, 'application/xml');
});

test('--key makes a repeat harmless and says that it was one', async () => {
  const key = 'order-4711-confirmed';
  const first = await daybook(['post', 'app', 'x', '--key', key]);
  const second = await daybook(['post', 'app', 'x', '--key', key]);
  assert.equal(second.stdout, `${first.stdout.trimEnd()}  (on record before)\n`);
  const other = await daybook(['post', 'app', 'y', '--key', key]);
  assert.equal(other.exitCode, 1);
  assert.match(other.stderr, /^daybook: Idempotency-Key: .*\(KEY_REUSED, request \S+\)\n$/);
});

test('--no-key sends no key', async () => {
  assert.equal((await posted(['x', '--no-key'])).entry.idempotencyKey, undefined);
  assert.notEqual((await posted(['x'])).entry.idempotencyKey, undefined);
});

test('--header sends headers', async () => {
  const { entry } = await posted(['x', '--header', 'X-Request-Id: from-cron-1', '--header', 'X-Other: a: b']);
  assert.equal(entry.requestId, 'from-cron-1');
});

test('--batch writes every line, tells the refused ones by their line, and fails then', async () => {
  const { exitCode, stdout, stderr } = await daybook(['post', 'app', '--batch'], {
    stdin: '{"n":1}\n\nbad\n{"n":4}',
  });
  assert.equal(exitCode, 1);
  assert.equal(stdout, 'stored 2 · refused 1\n');
  assert.match(
    stderr,
    /^daybook: line 3: body: expected JSON .* \(BODY_NOT_JSON\)\n$|^line 3: body: expected JSON .* \(BODY_NOT_JSON\)\n$/,
  );
});

test('--batch --json prints one result a line', async () => {
  const { exitCode, stdout } = await daybook(['post', 'app', '--batch', '--json', '-'], {
    stdin: '1\nx\n3\n',
  });
  assert.equal(exitCode, 1);
  const results = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { line: number; status: number });
  assert.deepEqual(
    results.map(({ line, status }) => [line, status]),
    [
      [1, 201],
      [2, 400],
      [3, 201],
    ],
  );
});

test('a batch of more than one request, written again under its key, writes nothing twice', async () => {
  const file = join(directory, 'many.ndjson');
  await writeFile(file, Array.from({ length: 10_500 }, (_, n) => `{"many":${n}}\n`).join(''));
  const first = await daybook(['post', 'epoch', '--batch', `@${file}`, '--key', 'many-lines-from-a-file']);
  assert.deepEqual([first.exitCode, first.stdout], [0, 'stored 10 500 · refused 0\n']);
  const second = await daybook(['post', 'epoch', '--batch', `@${file}`, '--key', 'many-lines-from-a-file']);
  assert.deepEqual([second.exitCode, second.stdout], [0, 'stored 0 · on record before 10 500 · refused 0\n']);
  const stats = await client.stats('epoch', { bucket: 'hour' });
  assert.equal(stats.total, 10_500);
});

const wrong: readonly (readonly [name: string, args: string[], code: number, message: RegExp])[] = [
  ['a register that is not there', ['post', 'nope', 'x'], 1, /NOT_FOUND/],
  [
    'a file that is not there',
    ['post', 'app', '@/nope'],
    1,
    /body: expected a file that can be read as "\/nope"/,
  ],
  ['a key that is too short', ['post', 'app', 'x', '--key', 'short'], 1, /expected at least 16 characters/],
  ['a body that is too large', ['post', 'app', '-'], 1, /ENTRY_TOO_LARGE/],
  ['no register', ['post'], 2, /missing required argument 'register'; see "daybook post --help"/],
  ['too many arguments', ['post', 'app', 'a', 'b'], 2, /too many arguments/],
  [
    'a header without a colon',
    ['post', 'app', 'x', '--header', 'nope'],
    2,
    /Expected one such as 'X-Source: cron'/,
  ],
  ['a type without a body', ['post', 'app', '--type', 'text/plain'], 2, /--type: expected a body/],
  ['a batch that is an argument', ['post', 'app', '--batch', '{"a":1}'], 2, /--batch: expected @file or -/],
  ['a batch with a type', ['post', 'app', '--batch', '--type', 'text/plain'], 2, /--type: a batch is NDJSON/],
];
for (const [name, args, code, message] of wrong) {
  test(`${name} is told in one line, with exit code ${code}`, async () => {
    const { exitCode, stdout, stderr } = await daybook(args, { stdin: new Uint8Array(300_000) });
    assert.equal(exitCode, code, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, message);
    assert.match(stderr, /^daybook: [^\n]+\n$/);
  });
}

test('with --json a failure is JSON on standard error', async () => {
  const { exitCode, stderr } = await daybook(['post', 'nope', 'x', '--json']);
  assert.equal(exitCode, 1);
  const { error } = JSON.parse(stderr) as { error: { code: string; status: number; retryable: boolean } };
  assert.deepEqual([error.code, error.status, error.retryable], ['NOT_FOUND', 404, false]);
});

test('a server that is not there is told with how to start one', async () => {
  const { exitCode, stderr } = await daybook(['post', 'app', '--url', 'http://127.0.0.1:9']);
  assert.equal(exitCode, 1);
  assert.match(stderr, /^daybook: no answer from http:\/\/127\.0\.0\.1:9: [^\n]+\n$/);
});
