/** What the command line says of itself, without any server; and the program file under an old Node.js. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';

import { BIN, runCli } from './run-cli.ts';

const VERBS = [
  'serve',
  'post',
  'list',
  'tail',
  'status',
  'registers',
  'dead-letters',
  'keys',
  'token',
  'renew-epoch',
  'archive',
  'proof',
];

test('--help names every verb', async () => {
  const { exitCode, stdout } = await runCli(['--help']);
  assert.equal(exitCode, 0);
  for (const verb of VERBS) assert.match(stdout, new RegExp(`^  ${verb}\\b`, 'm'));
  assert.match(stdout, /Exit codes: 0 done, 1 failed, 2 called wrongly/);
});

for (const verb of VERBS) {
  test(`${verb} --help has examples and the global options`, async () => {
    const { exitCode, stdout, stderr } = await runCli([verb, '--help']);
    assert.equal(exitCode, 0);
    assert.equal(stderr, '');
    assert.match(stdout, new RegExp(`\\nExamples:\\n  \\$ .*daybook ${verb}\\b`));
    for (const option of ['--url', '--api-key', '--data-dir', '--json']) assert.ok(stdout.includes(option));
  });
}

test('--version is the version of the package', async () => {
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  assert.deepEqual(await runCli(['--version']), {
    exitCode: 0,
    signal: null,
    stdout: `${manifest.version}\n`,
    stderr: '',
  });
});

const wrong: readonly (readonly [args: string[], message: RegExp])[] = [
  [['pots', 'app'], /^daybook: unknown command 'pots' \(Did you mean post\?\); see "daybook --help"\n$/],
  [
    ['list', 'app', '--ordr', 'asc'],
    /^daybook: unknown option '--ordr' \(Did you mean --order\?\); see "daybook list --help"\n$/,
  ],
  [['tail'], /^daybook: missing required argument 'register'; see "daybook tail --help"\n$/],
  [['tail', 'app', '--from-start', '--cursor', 'x'], /^daybook: --from-start: expected without --cursor\n$/],
  [['tail', 'app', '--keep-going'], /^daybook: --keep-going: expected with --exec\n$/],
  [
    ['proof', '--seconds', '0'],
    /^daybook: .*Expected a whole number from 3 to 600; see "daybook proof --help"\n$/,
  ],
  [['status', 'extra'], /^daybook: too many arguments for 'status'.*; see "daybook status --help"\n$/],
  [['\u001b[2Jx'], /^daybook: unknown command '\\u\{1b\}\[2Jx'; see "daybook --help"\n$/],
];
for (const [args, message] of wrong) {
  test(`"daybook ${args.join(' ').replaceAll('\u001b', '')}" is told in one line with exit code 2`, async () => {
    const { exitCode, stdout, stderr } = await runCli(args);
    assert.equal(exitCode, 2);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  });
}

test('without a verb the help goes to standard error, with exit code 2', async () => {
  const { exitCode, stdout, stderr } = await runCli([]);
  assert.equal(exitCode, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^Usage: daybook/);
});

test('a flag of serve is the variable of the configuration, and a bad value names its key and the flag', async () => {
  const { exitCode, stderr } = await runCli(['serve', '--port', 'http']);
  assert.equal(exitCode, 2);
  assert.match(stderr, /^daybook: port \(--port\): [^\n]*"http"\n$/);
});

test('where compiled code cannot be kept it starts all the same', async () => {
  for (const env of [{ XDG_CACHE_HOME: '/dev/null/nowhere' }, { HOME: '/dev/null' }, { HOME: '' }]) {
    const { exitCode, stderr } = await runCli(['--version'], { env: { XDG_CACHE_HOME: '', ...env } });
    assert.deepEqual([exitCode, stderr], [0, '']);
  }
});

test('an old Node.js can read the program file, says one line and ends with 2', async () => {
  const source = (await readFile(BIN, 'utf8')).replace(/^#!.*\n/, '');
  // As a script, without modules, and none of the syntax that came after Node.js 10 (2018).
  assert.doesNotMatch(
    source.replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, ''),
    /\?\?|\?\.|import\.meta|^import\s|^export\s/m,
  );
  const said: string[] = [];
  const process = {
    versions: { node: '12.22.12' },
    execPath: '/usr/bin/node',
    exitCode: 0,
    stderr: { write: (text: string) => said.push(text) },
  };
  runInNewContext(source, { process });
  assert.equal(process.exitCode, 2);
  assert.deepEqual(said, [
    'daybook: needs Node.js 24 or newer, this is 12.22.12 (/usr/bin/node); ' +
      'in a checkout use "npm start" or "npx daybook" after "npm ci", which bring their own\n',
  ]);
});
