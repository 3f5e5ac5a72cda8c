/** `daybook dead-letters` as an operator runs it, against a service with a real store and a real object storage. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { test } from 'node:test';

import type { DeadLetterView } from '../../src/client/index.ts';
import type { Entry } from '../../src/entry.ts';
import { ObjectsError } from '../../src/objects/objects.ts';
import { rawIdOf } from '../../src/persister/dead-letter.ts';
import { BASE_MICROS, createSource, keyed, makeEntry } from '../../src/testing/made-batches.ts';
import { startDeadLetterService } from '../support/dead-letter-service.ts';
import type { CliOptions, CliResult } from './run-cli.ts';
import { BIN, runCli } from './run-cli.ts';

const service = await startDeadLetterService();
const { store, letters, bury } = service;
const env = { DAYBOOK_URL: service.address, DAYBOOK_API_KEY: service.adminKey };

function run(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return runCli(['dead-letters', ...args], { env, ...options });
}

async function buryMany(register: string, entries: number, code = 'rejected'): Promise<Entry[]> {
  const made = Array.from({ length: entries }, (_, index) =>
    makeEntry({ register, payload: Buffer.from(`payload ${index}`), contentType: 'text/plain' }),
  );
  for (const entry of made) await bury(entry, { code });
  return made;
}

async function statusesOf(entries: readonly Entry[]): Promise<(string | undefined)[]> {
  return Promise.all(entries.map(async ({ register, id }) => (await store.find(register, id))?.status));
}

/** An entry that can never be stored: another one holds its key. */
async function buryConflict(register: string): Promise<Entry> {
  const entry = keyed('key-of-twenty-characters', 2, { register });
  await store.append(createSource(`first-${register}`)([keyed('key-of-twenty-characters', 1, { register })]));
  await bury(entry, { code: 'idempotency-conflict' });
  return entry;
}

test('list shows what was given up on and why, and nothing that steers a terminal', async () => {
  const entries = await buryMany('listed', 3);
  await bury(makeEntry({ register: 'listed' }), {
    message: 'clear\u001b[2J the \u202escreen\nplease',
    attempts: 20,
  });
  const { exitCode, stdout, stderr } = await run(['list', '--register', 'listed']);
  assert.deepEqual([exitCode, stderr], [0, '']);
  const [heading = '', ...rows] = stdout.trimEnd().split('\n');
  assert.match(heading, /^RECEIVED AT \(UTC\) +ID +REGISTER +REASON +ATTEMPTS +MESSAGE$/);
  assert.equal(rows.length, 4);
  for (const [index, { id }] of entries.entries()) {
    assert.ok(rows[index]?.includes(`  ${id}  listed`));
    assert.match(rows[index] ?? '', /^\d{4}-.*Z {2}.* rejected +1 +as a test wants it$/);
  }
  assert.match(rows[3] ?? '', / rejected +20 +clear\\u\{1b\}\[2J the \\u\{202e\}screen\\nplease$/);
});

async function countedIds(args: readonly string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await run(['list', '--register', 'counted', '--json', ...args]);
  assert.deepEqual([exitCode, stderr], [0, '']);
  const lines = stdout.split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { id: string }).id);
}

test('list --json is one document a line, and --limit and --all say how many', async () => {
  const entries = await buryMany('counted', 120);
  const ids = entries.map(({ id }) => id);
  assert.deepEqual(await countedIds([]), ids.slice(0, 100));
  assert.deepEqual(await countedIds(['--limit', '7']), ids.slice(0, 7));
  assert.deepEqual(await countedIds(['--all']), ids);
  assert.deepEqual(await countedIds(['--all', '--reason', 'nope']), []);
});

test('show tells everything about one, --payload gives its bytes, --json the document', async () => {
  const payload = Buffer.from([0, 255, 27, 10, 0xc3, 0x28]);
  const bytes = makeEntry({ payload, contentType: 'image/png' });
  const words = makeEntry({ payload: Buffer.from('line 1\nli\u001bne 2'), contentType: 'text/plain' });
  await bury(bytes, { attempts: 20 });
  await bury(words);
  const shown = await run(['show', bytes.id]);
  assert.equal(shown.exitCode, 0, shown.stderr);
  assert.match(
    shown.stdout,
    new RegExp(`^id +${bytes.id}\nregister +app\nreceived at +\\S+Z\nreason +rejected: `),
  );
  assert.match(shown.stdout, /\nattempts +20, the first at \S+Z, the last at \S+Z\n/);
  assert.match(shown.stdout, /\npayload +6 bytes of image\/png\n$/);
  assert.match((await run(['show', words.id])).stdout, /\n\nline 1\nli\\u\{1b\}ne 2\n$/);
  const document = JSON.parse((await run(['show', bytes.id, '--json'])).stdout) as DeadLetterView;
  assert.equal(document.entry?.['payload'], payload.toString('base64'));

  const child = spawn(process.execPath, [BIN, 'dead-letters', 'show', bytes.id, '--payload'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const given: Buffer[] = [];
  for await (const chunk of child.stdout) given.push(chunk as Buffer);
  assert.ok(Buffer.concat(given).equals(payload));
});

test('one is replayed without a question, and is on record with its id', async () => {
  const [entry] = (await buryMany('one', 1)) as [Entry];
  const dry = await run(['replay', entry.id, '--dry-run']);
  assert.deepEqual([dry.exitCode, dry.stdout, dry.stderr], [0, `${entry.id}  possible\n`, '']);
  assert.deepEqual(await statusesOf([entry]), ['dead']);
  const { exitCode, stdout, stderr } = await run(['replay', entry.id]);
  assert.deepEqual([exitCode, stdout, stderr], [0, `${entry.id}  stored\n`, '']);
  assert.deepEqual(await statusesOf([entry]), ['stored']);
});

test('filters choose: a dry run names them, --yes does them, the others stay', async () => {
  const [chosen, others] = [await buryMany('chosen', 5), await buryMany('chosen', 3, 'unexpected')];
  const filter = ['--register', 'chosen', '--reason', 'rejected'];
  const dry = await run(['replay', ...filter, '--dry-run']);
  assert.equal(dry.exitCode, 0, dry.stderr);
  assert.equal(dry.stdout, `${chosen.map(({ id }) => `${id}  possible\n`).join('')}possible 5\n`);
  const { exitCode, stdout, stderr } = await run(['replay', ...filter, '--yes', '--rate', '1000']);
  assert.deepEqual([exitCode, stdout, stderr], [0, 'stored 5\n', '']);
  assert.deepEqual(await statusesOf(chosen), Array(5).fill('stored'));
  assert.deepEqual(await statusesOf(others), Array(3).fill('dead'));
  const again = await run(['replay', ...filter, '--yes']);
  assert.deepEqual([again.exitCode, again.stdout], [0, 'no dead letters\n']);
  const json = await run(['discard', '--register', 'chosen', '--yes', '--json']);
  const lines = json.stdout.split('\n').slice(0, -1);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    others.map(({ id }) => ({ id, outcome: 'discarded', dryRun: false })),
  );
  assert.deepEqual(await statusesOf(others), Array(3).fill('discarded'));
});

test('one that cannot be done is told, the others go on, and the exit code is 1', async () => {
  const [first] = await buryMany('mixed', 1);
  const conflict = await buryConflict('mixed');
  const [last] = await buryMany('mixed', 1);
  const { exitCode, stdout, stderr } = await run(['replay', '--register', 'mixed', '--yes']);
  assert.deepEqual([exitCode, stdout], [1, 'stored 2 · failed 1\n']);
  assert.match(stderr, new RegExp(`^${conflict.id}: .*held with another payload \\(DEAD_LETTER_KEPT\\)\n$`));
  assert.deepEqual(await statusesOf([first, conflict, last] as Entry[]), ['stored', 'dead', 'stored']);
  const json = await run(['replay', conflict.id, 'nope', '--yes', '--json']);
  assert.equal(json.exitCode, 1);
  assert.deepEqual(
    json.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { code: string }).code),
    ['DEAD_LETTER_KEPT', 'DEAD_LETTER_UNKNOWN'],
  );
});

test('a message that does not decode can be shown and discarded', async () => {
  const bytes = Buffer.from('no envelope');
  const id = rawIdOf(bytes);
  const times = { firstFailedAt: BASE_MICROS, lastFailedAt: BASE_MICROS };
  await letters.writeRaw(bytes, {
    code: 'envelope-broken',
    message: 'broken',
    attempts: 1,
    ...times,
    source: '',
    n: 0,
  });
  assert.match(
    (await run(['list', '--reason', 'envelope-broken'])).stdout,
    new RegExp(`${id} +envelope-broken`),
  );
  assert.match((await run(['show', id])).stdout, /\nmessage +11 bytes\n$/);
  assert.equal((await run(['show', id, '--payload'])).stdout, 'no envelope');
  const replayed = await run(['replay', id]);
  assert.equal(replayed.exitCode, 1);
  assert.match(replayed.stderr, /does not decode/);
  assert.deepEqual((await run(['discard', id, '--yes'])).stdout, `${id}  discarded\n`);
});

test('without a terminal nothing is destroyed that was not confirmed', async () => {
  const entries = await buryMany('careful', 2);
  for (const args of [
    ['discard', entries[0]?.id ?? ''],
    ['discard', '--register', 'careful'],
    ['replay', '--register', 'careful'],
    ['replay', ...entries.map(({ id }) => id)],
  ]) {
    const { exitCode, stdout, stderr } = await run(args);
    assert.deepEqual([exitCode, stdout], [2, ''], stderr);
    assert.match(stderr, /^daybook: --yes: expected, because there is no terminal to ask on\n$/);
  }
  assert.deepEqual(await statusesOf(entries), ['dead', 'dead']);
});

/** Of util-linux: gives a command a terminal of its own. */
const SCRIPT = 'script';
const hasScript = process.platform === 'linux' && spawnSync(SCRIPT, ['--version']).status === 0;

async function runOnTerminal(
  args: readonly string[],
  typed: string,
): Promise<{ exitCode: number | null; said: string }> {
  const command = [process.execPath, BIN, 'dead-letters', ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn(SCRIPT, ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...process.env, ...env, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    let said = '';
    let hasTyped = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (hasTyped || !said.includes('[y/N]')) return;
      hasTyped = true;
      child.stdin.write(typed);
    });
    const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { exitCode, said };
  } finally {
    child.kill('SIGKILL');
  }
}

test(
  'on a terminal it asks, with the number of them, and a no does nothing',
  { skip: hasScript ? false : `needs the program ${SCRIPT} of util-linux` },
  async () => {
    const entries = await buryMany('asked', 3);
    for (const [typed, word] of [
      ['n\n', 'nothing was done'],
      ['\n', 'nothing was done'],
      ['\u0003', ''],
      ['\u0004', 'nothing was done'],
    ] as const) {
      const { exitCode, said } = await runOnTerminal(['discard', '--register', 'asked'], typed);
      assert.notEqual(exitCode, 0, said);
      assert.match(said, /Discard 3 dead letters for good\? Their payloads will be gone\. \[y\/N\]/);
      assert.ok(said.includes(word), said);
      assert.deepEqual(await statusesOf(entries), ['dead', 'dead', 'dead']);
    }
    const { exitCode, said } = await runOnTerminal(['discard', '--register', 'asked'], 'y\n');
    assert.equal(exitCode, 0, said);
    assert.match(said, /discarded 3/);
    assert.deepEqual(await statusesOf(entries), ['discarded', 'discarded', 'discarded']);
  },
);

test('a server that cannot do any ends the run, and what was done is told', async () => {
  const entries = await buryMany('interrupted', 4);
  const well = service.objects;
  let removals = 0;
  service.objects = {
    ...well,
    remove(name) {
      removals += 1;
      return removals > 2
        ? Promise.reject(new ObjectsError('unavailable', 'gone fishing'))
        : well.remove(name);
    },
  };
  try {
    const { exitCode, stdout, stderr } = await run(['replay', '--register', 'interrupted', '--yes']);
    assert.deepEqual([exitCode, stdout], [1, 'stored 2\n']);
    assert.match(stderr, /^daybook: .*gone fishing \(OBJECTS_UNAVAILABLE.*\n$/);
  } finally {
    service.objects = well;
  }
  const { exitCode, stdout } = await run(['replay', '--register', 'interrupted', '--yes']);
  assert.deepEqual([exitCode, stdout], [0, 'stored 2\n']);
  assert.deepEqual(await statusesOf(entries), Array(4).fill('stored'));
});

const wrong: readonly (readonly [name: string, args: string[], code: number, message: RegExp])[] = [
  [
    'no choice',
    ['replay'],
    2,
    /expected ids, or filters such as --register and --reason, or --all; given none/,
  ],
  ['ids and filters', ['discard', 'x', '--register', 'app', '--yes'], 2, /given more than one of these/],
  ['filters and --all', ['replay', '--all', '--register', 'app', '--yes'], 2, /given more than one of these/],
  [
    'a rate of nothing',
    ['replay', '--all', '--rate', '0'],
    2,
    /whole number of 1 or more.*dead-letters replay --help/,
  ],
  ['a limit with --all', ['list', '--all', '--limit', '1'], 2, /--all: expected without --limit/],
  ['a time that is none', ['list', '--from', 'yesterday'], 1, /from: expected a time/],
  ['an id that is none', ['show', 'nope'], 1, /DEAD_LETTER_UNKNOWN/],
  ['a verb that is none', ['reply', 'x'], 2, /unknown command 'reply' \(Did you mean replay\?\)/],
  ['an option that is none', ['list', '--regster', 'app'], 2, /see "daybook dead-letters list --help"/],
];
for (const [name, args, code, message] of wrong) {
  test(`${name} is told in one line, with exit code ${code}`, async () => {
    const { exitCode, stdout, stderr } = await run(args);
    assert.deepEqual([exitCode, stdout], [code, ''], stderr);
    assert.match(stderr, message);
    assert.match(stderr, /^daybook: [^\n]+\n$/);
  });
}

test('without the admin key it is told how to give it', async () => {
  const { exitCode, stderr } = await run(['list'], { env: { DAYBOOK_URL: service.address } });
  assert.equal(exitCode, 1);
  assert.match(stderr, /^daybook: [^\n]*--api-key[^\n]*\n$/);
});

test('every verb has help with examples', async () => {
  for (const verb of ['list', 'show', 'replay', 'discard']) {
    const { exitCode, stdout } = await run([verb, '--help']);
    assert.equal(exitCode, 0);
    assert.match(stdout, new RegExp(`\\nExamples:\\n  \\$ daybook dead-letters ${verb}\\b`));
    assert.ok(stdout.includes('--json'));
  }
});
