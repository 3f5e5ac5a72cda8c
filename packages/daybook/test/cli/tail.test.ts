/** `daybook tail` against a real server that is killed and started again under it. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { createClient } from '../../src/client/index.ts';
import type { Client, EntryView } from '../../src/client/index.ts';
import { eventually } from '../support/eventually.ts';
import { startDaybook } from '../support/start-daybook.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startCli } from './run-cli.ts';
import type { RunningCli } from './run-cli.ts';

let root: string;
let directory: string;
let server: StartedDaybook;
let client: Client;
const tails = new Set<RunningCli>();

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'daybook-tail-'));
});
beforeEach(async () => {
  directory = await mkdtemp(join(root, 'case-'));
  server = await startDaybook({ dataDir: join(directory, 'data') });
  client = createClient({ baseUrl: server.address });
});
afterEach(async () => {
  for (const { child } of tails) child.kill('SIGKILL');
  tails.clear();
  await server.stop();
});
after(() => rm(root, { recursive: true, force: true }));

function tail(...args: string[]): RunningCli {
  const started = startCli(['tail', 'app', '--url', server.address, ...args], { cwd: directory });
  tails.add(started);
  return started;
}

/** Payloads of a tail with --json, in order. */
function payloads(text: string): unknown[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as EntryView).payload);
}

async function write(from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1) await client.post('app', { n });
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ n: from + index }));

/** SIGKILL, and the same data directory on the same port again. */
async function crashAndRestart(): Promise<void> {
  const { address, dataDir } = server;
  await server.kill();
  server = await startDaybook({ dataDir, env: { DAYBOOK_PORT: new URL(address).port } });
}

async function interrupt(running: RunningCli) {
  running.child.kill('SIGINT');
  return running.ended;
}

test('from the start: everything there is, then what comes; Ctrl-C ends it with 0', async () => {
  await write(1, 3);
  const running = tail('--from-start', '--json');
  await eventually('three entries', async () => payloads(running.stdout()).length === 3);
  await write(4, 5);
  await eventually('five entries', async () => payloads(running.stdout()).length === 5);
  const { exitCode, signal, stderr } = await interrupt(running);
  assert.deepEqual([exitCode, signal, stderr], [0, null, '']);
  assert.deepEqual(payloads(running.stdout()), numbers(1, 5));
});

test('for people a line is stamp, id and payload', async () => {
  const receipt = await client.post('app', '{"big": 12345678901234567890}', {
    contentType: 'application/json',
  });
  const running = tail('--from-start');
  await eventually('the entry', async () => running.stdout() !== '');
  assert.equal(running.stdout(), `${receipt.receivedAt}  ${receipt.id}  {"big":12345678901234567890}\n`);
});

test('over kills and restarts of the server nothing is skipped and nothing comes twice', async () => {
  await write(1, 5);
  const running = tail('--from-start', '--json');
  for (let round = 1; round <= 3; round += 1) {
    await eventually(
      `the entries of round ${round}`,
      async () => payloads(running.stdout()).length >= round * 5,
    );
    await crashAndRestart();
    await write(round * 5 + 1, round * 5 + 5);
  }
  await eventually('all entries', async () => payloads(running.stdout()).length >= 20);
  const { exitCode } = await interrupt(running);
  assert.equal(exitCode, 0);
  assert.deepEqual(payloads(running.stdout()), numbers(1, 20));
  assert.match(running.stderr(), /^(?:daybook: [^\n]+; trying again in [\d.]+ s\n)+$/);
});

test('with a cursor file a tail that is started again misses nothing, also from before its first entry', async () => {
  const first = tail('--cursor-file', 'cursor', '--json');
  await eventually('the cursor of now', () => readFile(join(directory, 'cursor'), 'utf8'));
  await interrupt(first);
  await write(1, 4);
  await crashAndRestart();
  const second = tail('--cursor-file', 'cursor', '--json');
  await eventually('four entries', async () => payloads(second.stdout()).length === 4);
  await interrupt(second);
  await write(5, 6);
  const third = tail('--cursor-file', 'cursor', '--json');
  await eventually('two entries', async () => payloads(third.stdout()).length === 2);
  await interrupt(third);
  assert.deepEqual([...payloads(second.stdout()), ...payloads(third.stdout())], numbers(1, 6));
});

test('a tail that is killed repeats at most the entry it was at', async () => {
  await write(1, 30);
  const first = tail('--from-start', '--cursor-file', 'cursor', '--json');
  await eventually('some entries', async () => payloads(first.stdout()).length > 3);
  first.child.kill('SIGKILL');
  await first.ended;
  const second = tail('--from-start', '--cursor-file', 'cursor', '--json');
  const all = () => [...payloads(first.stdout()), ...payloads(second.stdout())] as { n: number }[];
  await eventually('the last entry', async () => all().some(({ n }) => n === 30));
  const seen = all().map(({ n }) => n);
  assert.deepEqual(
    [...new Set(seen)],
    Array.from({ length: 30 }, (_, index) => index + 1),
  );
  assert.ok(seen.length <= 31, `${seen.length - 30} entries were repeated`);
});

test('--exec runs one command at a time, in order, with the entry on standard input and its place in the environment', async () => {
  await write(1, 3);
  const script =
    'echo "begin $DAYBOOK_ID $DAYBOOK_REGISTER $DAYBOOK_RECEIVED_AT"; cat; echo "end $DAYBOOK_CURSOR"';
  const running = tail('--from-start', '--exec', script);
  await eventually('three runs', async () => running.stdout().split('\nend ').length === 4);
  await interrupt(running);
  const lines = running.stdout().trimEnd().split('\n');
  for (const [index, { n }] of numbers(1, 3).entries()) {
    const [begin = '', json = '', end = ''] = lines.slice(index * 3, index * 3 + 3);
    const entry = JSON.parse(json) as EntryView;
    assert.equal(begin, `begin ${entry.id} app ${entry.receivedAt}`);
    assert.deepEqual(entry.payload, { n });
    assert.match(end, /^end \S+$/);
  }
});

test('a command need not read its input', async () => {
  await client.post('app', 'x'.repeat(200_000));
  await write(1, 1);
  const running = tail('--from-start', '--exec', 'echo done');
  await eventually('two runs', async () => running.stdout() === 'done\ndone\n');
});

test('a command that fails stops the tail; started again it begins with the same entry', async () => {
  await write(1, 3);
  const exec = ['--from-start', '--cursor-file', 'cursor', '--exec'];
  const failing = await tail(...exec, 'cat; grep -q 2 trigger').ended.catch(() => undefined);
  assert.equal(failing?.exitCode, 1);
  assert.match(
    failing?.stderr ?? '',
    /daybook: --exec: the command ended with code 2 for entry \S+; a tail with --cursor \S+ goes on behind it\n$/,
  );
  assert.deepEqual(payloads(failing?.stdout ?? ''), [{ n: 1 }]);
  await writeFile(join(directory, 'trigger'), '2');
  const running = tail(...exec, 'cat; grep -q 2 trigger');
  await eventually('three runs', async () => payloads(running.stdout()).length === 3);
  await interrupt(running);
  assert.deepEqual(payloads(running.stdout()), numbers(1, 3));
});

test('--keep-going goes on behind a failed command, and still ends with 1', async () => {
  await write(1, 3);
  const running = tail('--from-start', '--exec', 'cat; kill -9 $$', '--keep-going');
  // What the command printed arrives before its end is told: an interrupt in between would leave the last one untold.
  const told = () => running.stderr().match(/the command was ended by SIGKILL for entry/g)?.length;
  await eventually('three failed runs', async () => told() === 3);
  const { exitCode, stdout } = await interrupt(running);
  assert.equal(exitCode, 1);
  assert.equal(payloads(stdout).length, 3);
});

test('the credential does not go to the command', async () => {
  await write(1, 1);
  const running = startCli(['tail', 'app', '--from-start', '--exec', 'echo "[$DAYBOOK_API_KEY]"'], {
    env: { DAYBOOK_URL: server.address, DAYBOOK_API_KEY: 'secret' },
  });
  tails.add(running);
  await eventually('a run', async () => running.stdout() === '[]\n');
});

test('without a server it fails at once, with --wait it waits', async () => {
  const { address, dataDir } = server;
  await write(1, 1);
  await server.stop();
  const { exitCode, stderr } = await tail('--from-start').ended;
  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /^daybook: no answer from \S+: connect ECONNREFUSED \S+; start a server with "daybook serve"[^\n]*\n$/,
  );
  const waiting = tail('--from-start', '--wait', '--json');
  await eventually('a first attempt', async () => waiting.stderr().includes('trying again'));
  server = await startDaybook({ dataDir, env: { DAYBOOK_PORT: new URL(address).port } });
  await eventually('the entry', async () => payloads(waiting.stdout()).length === 1);
});

test('the cursor of another store is told with what to do', async () => {
  await write(1, 1);
  const other = tail('--from-start', '--cursor-file', 'cursor');
  await eventually('the entry', async () => other.stdout() !== '');
  await interrupt(other);
  const { address } = server;
  await server.stop();
  server = await startDaybook({
    dataDir: join(directory, 'new'),
    env: { DAYBOOK_PORT: new URL(address).port },
  });
  const { exitCode, stderr } = await tail('--cursor-file', 'cursor').ended;
  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /^daybook: cursor: expected [^\n]+; everything that is on record now follows after --cursor \S+\n$/,
  );
});

const files: readonly (readonly [name: string, content: string, message: RegExp])[] = [
  ['empty', '', /expected one that "daybook tail" wrote, given cursor; delete it to begin anew/],
  ['of another program', 'hello', /expected one that "daybook tail" wrote/],
  [
    'of another register',
    '{"register":"epoch","cursor":"x"}',
    /expected one of register "app", given cursor of register "epoch"/,
  ],
];
for (const [name, content, message] of files) {
  test(`a cursor file that is ${name} is refused rather than passed over`, async () => {
    await writeFile(join(directory, 'cursor'), content);
    const { exitCode, stdout, stderr } = await tail('--cursor-file', 'cursor', '--from-start').ended;
    assert.deepEqual([exitCode, stdout], [1, '']);
    assert.match(stderr, message);
  });
}

test('a cursor that is none is refused', async () => {
  const { exitCode, stderr } = await tail('--cursor', 'nonsense').ended;
  assert.equal(exitCode, 1);
  assert.match(stderr, /CURSOR_INVALID/);
});
