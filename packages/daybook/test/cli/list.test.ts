/** `daybook list`, `status` and `registers` against a real server. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { createClient } from '../../src/client/index.ts';
import type { EntryView, Registers, Status } from '../../src/client/index.ts';
import { startDaybook } from '../support/start-daybook.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { BIN, cliOf } from './run-cli.ts';

let server: StartedDaybook;
let daybook: ReturnType<typeof cliOf>;
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'daybook-cli-'));
  server = await startDaybook();
  daybook = cliOf(server.address);
  const client = createClient({ baseUrl: server.address });
  await client.post('app', '{"big": 12345678901234567890, "price": 1.50}', {
    contentType: 'application/json',
  });
  await client.post('app', 'clear\u001b[2J the \u202escreen\nplease');
  await client.post('app', new Uint8Array(1234));
  await client.post('app');
  const lines = Array.from({ length: 2500 }, (_, n) => ({ n }));
  for await (const { status } of client.postBatch('epoch', lines)) assert.equal(status, 201);
});
after(async () => {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function lines(args: string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await daybook(args);
  assert.equal(exitCode, 0, stderr);
  assert.equal(stderr, '');
  return stdout.split('\n').slice(0, -1);
}

test('the table shows the newest first, with numbers as they came and nothing that steers a terminal', async () => {
  const [heading, ...rows] = await lines(['list', 'app']);
  assert.match(heading ?? '', /^RECEIVED AT \(UTC\) +ID +PAYLOAD$/);
  const payloads = rows.map((row) => row.slice(27 + 2 + 36 + 2));
  assert.deepEqual(payloads, [
    '',
    '(1 234 bytes of application/octet-stream)',
    String.raw`clear\u{1b}[2J the \u{202e}screen\nplease`,
    '{"big":12345678901234567890,"price":1.50}',
  ]);
  assert.ok(rows.every((row) => /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z {2}[0-9a-f-]{36}(?: |$)/.test(row)));
});

test('--json is one entry a line, exactly as the server writes it', async () => {
  const [oldest = ''] = await lines(['list', 'app', '--json', '--order', 'asc', '--limit', '1']);
  assert.match(oldest, /"payload":\{"big": 12345678901234567890, "price": 1\.50\}/);
});

test('100 are shown unless said otherwise, all of them with --all', async () => {
  assert.equal((await lines(['list', 'epoch', '--json'])).length, 100);
  assert.equal((await lines(['list', 'epoch', '--json', '--limit', '1500'])).length, 1500);
  assert.equal((await lines(['list', 'epoch', '--all'])).length, 1 + 2500);
  assert.equal((await lines(['list', 'epoch', '--all', '--format', 'csv'])).length, 1 + 2500);
  assert.equal((await lines(['list', 'epoch', '--all', '--format', 'text'])).length, 2500);
});

test('--from, --to and --after cut out a part', async () => {
  const all = (await lines(['list', 'epoch', '--json', '--all', '--order', 'asc'])).map(
    (line) => JSON.parse(line) as EntryView,
  );
  const [first, , third] = all;
  const ids = async (args: string[]) =>
    (await lines(['list', 'epoch', '--json', '--all', '--order', 'asc', ...args])).map(
      (line) => (JSON.parse(line) as EntryView).id,
    );
  const range = await ids(['--from', first?.receivedAt ?? '', '--to', third?.receivedAt ?? '']);
  assert.deepEqual(
    range,
    all.filter(({ receivedAt }) => receivedAt < (third?.receivedAt ?? '')).map(({ id }) => id),
  );
  assert.deepEqual(
    await ids(['--after', first?.id ?? '']),
    all.slice(1).map(({ id }) => id),
  );
  assert.deepEqual(await lines(['list', 'app', '--from', '2200-01-01']), []);
});

test('a reader that has seen enough ends it quietly', async () => {
  const env = { ...process.env, DAYBOOK_URL: server.address };
  const shell = spawn(
    `"${process.execPath}" "${BIN}" list epoch --all --json | head -n 1; exit "\${PIPESTATUS[0]}"`,
    {
      shell: '/bin/bash',
      env,
    },
  );
  let stdout = '';
  let stderr = '';
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  shell.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exitCode = await new Promise((resolve) => shell.once('close', resolve));
  assert.equal(stderr, '');
  assert.equal(stdout.split('\n').length, 2);
  assert.equal(exitCode, 0);
});

test('without a terminal there are no colours, and with NO_COLOR neither', async () => {
  for (const env of [{}, { NO_COLOR: '1' }]) {
    const { stdout } = await daybook(['list', 'app'], { env });
    assert.ok(!stdout.includes('\u001b'));
  }
});

test('status shows the parts with the admin key of the data directory, and only with it', async () => {
  const withKey = await daybook(['status', '--data-dir', server.dataDir]);
  assert.equal(withKey.exitCode, 0);
  assert.match(
    withKey.stdout,
    /^status +ok\nversion +\S+\nregion +local\ntime +\S+Z\ndatabase time +\S+Z\n\n[\s\S]*^store +ok +since \S+Z/m,
  );
  const without = await daybook(['status'], { cwd: directory });
  assert.equal(without.exitCode, 0);
  assert.match(without.stdout, /The parts are shown to an admin only/);
  const status = JSON.parse((await daybook(['status', '--json'], { cwd: directory })).stdout) as Status;
  assert.deepEqual([status.status, status.components], ['ok', undefined]);
});

test('registers needs the key: of ./data, of --data-dir, of --api-key or of the environment', async () => {
  const without = await daybook(['registers'], { cwd: directory });
  assert.equal(without.exitCode, 1);
  assert.match(without.stderr, /^daybook: [^\n]*--api-key[^\n]*--data-dir\n$/);
  const key = await server.adminKey();
  const calls = [
    daybook(['registers', '--data-dir', server.dataDir], { cwd: directory }),
    daybook(['registers', '--api-key', key], { cwd: directory }),
    daybook(['registers'], { cwd: directory, env: { DAYBOOK_API_KEY: key } }),
    daybook(['registers'], { cwd: directory, env: { DAYBOOK_DATA_DIR: server.dataDir } }),
  ];
  for (const { exitCode, stdout } of await Promise.all(calls)) {
    assert.equal(exitCode, 0);
    assert.match(
      stdout,
      /^NAME +PATHS.*\napp +POST \/app, GET \/app +open +open +256 KiB +readers +for ever/,
    );
    assert.match(stdout, /\ndata +POST \/data, GET \/data +jwt +jwt +256 KiB +its owner +for ever/);
    assert.match(stdout, /\naudit +GET \/audit +internal +key, jwt +256 KiB +readers/);
  }
  const { stdout } = await daybook(['registers', '--json', '--api-key', key]);
  assert.deepEqual(
    (JSON.parse(stdout) as Registers).registers.map(({ name }) => name),
    ['app', 'data', 'epoch', 'audit'],
  );
});

const wrong: readonly (readonly [name: string, args: string[], code: number, message: RegExp])[] = [
  ['a register that is not there', ['list', 'nope'], 1, /NOT_FOUND/],
  ['a time that is none', ['list', 'app', '--from', 'yesterday'], 1, /from: expected a time/],
  [
    'an end before the beginning',
    ['list', 'app', '--from', '2026-02-02', '--to', '2026-02-01'],
    1,
    /to: expected/,
  ],
  ['a place that is none', ['list', 'app', '--after', 'xyz'], 1, /CURSOR_INVALID/],
  ['an order that is none', ['list', 'app', '--order', 'up'], 2, /Allowed choices are asc, desc/],
  [
    'a format that is none',
    ['list', 'app', '--format', 'xml'],
    2,
    /Allowed choices are table, ndjson, csv, text/,
  ],
  ['a limit of nothing', ['list', 'app', '--limit', '0'], 2, /Expected a whole number of 1 or more/],
  ['a limit that is none', ['list', 'app', '--limit', '1e9'], 2, /Expected a whole number of 1 or more/],
  ['a limit with --all', ['list', 'app', '--limit', '1', '--all'], 2, /--all: expected without --limit/],
  ['two formats', ['list', 'app', '--json', '--format', 'csv'], 2, /--json: the same as --format ndjson/],
  ['an address that is none', ['list', 'app', '--url', 'localhost:3000'], 2, /--url: expected one such as/],
  ['a wrong key', ['registers', '--api-key', 'wrong'], 1, /--api-key/],
];
for (const [name, args, code, message] of wrong) {
  test(`${name} is told in one line, with exit code ${code}`, async () => {
    const { exitCode, stdout, stderr } = await daybook(args);
    assert.equal(exitCode, code, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, message);
    assert.match(stderr, /^(?:daybook: [^\n]+|\{"error":[^\n]+\})\n$/);
  });
}
