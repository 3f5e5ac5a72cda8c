/**
 * What is wrong is told in one line, with an exit code that is not 0, before anything is changed.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { AwsError } from '../../src/aws/aws-calls.ts';
import { ACCOUNT } from './small-assembly.ts';
import type { TestRunOptions } from './test-host.ts';
import { runCloud, temporaryDirectory } from './test-host.ts';

const nothingDeployed = (): never => {
  throw new AwsError('ValidationError', 'Stack with id x does not exist');
};
const NOTHING_DEPLOYED = {
  'cloudformation:DescribeStacks': nothingDeployed,
  'cloudformation:GetTemplate': nothingDeployed,
  'cloudformation:ListStackResources': nothingDeployed,
} as const;

const refused: readonly (readonly [
  name: string,
  argv: string[],
  code: number,
  message: RegExp,
  options?: TestRunOptions,
])[] = [
  ['no terminal and no --yes', ['apply'], 2, /^daybook cloud: --yes: expected, because there is no terminal/],
  ['destroy without a terminal', ['destroy'], 2, /--yes-destroy daybook-dev: expected, because there is no/],
  [
    'destroy with another name',
    ['destroy', '--yes-destroy', 'daybook-prd'],
    2,
    /--yes-destroy: expected daybook-dev, given daybook-prd/,
  ],
  [
    'a region that is not bootstrapped',
    ['apply', '--yes'],
    1,
    /bootstrap: expected the CDK's stack CDKToolkit of version 6 or newer in eu-west-1 \(found none\); add --bootstrap, or run: npx cdk bootstrap aws:\/\/123456789012\/eu-west-1/,
    { answers: NOTHING_DEPLOYED },
  ],
  ['an unknown command', ['aply'], 2, /unknown command 'aply' \(Did you mean apply\?\)/],
  ['an unknown option', ['plan', '--profil', 'x'], 2, /unknown option '--profil'/],
  [
    'neither a time nor a backup',
    ['restore', '--table', 'new-table'],
    2,
    /expected either --to or --backup; given none/,
  ],
  [
    'a time that is none',
    ['restore', '--to', 'noon', '--table', 'new'],
    2,
    /--to: expected a second such as/,
  ],
  ['no name for the new table', ['restore', '--to', 'latest'], 2, /--table: expected 3 to 255 letters/],
  [
    'a table that exists',
    ['restore', '--to', 'latest', '--table', 'there'],
    2,
    /--table: expected the name of a table that does not exist, given there/,
  ],
  [
    'another region',
    ['backup', '--region', 'us-east-1'],
    2,
    /--region: expected one of eu-west-1; given us-east-1/,
  ],
  ['a function that is none', ['logs', '--function', 'apo'], 2, /expected one of api, persister; given apo/],
  ['an age that is none', ['logs', '--since', 'yesterday'], 2, /--since: expected 30s, 15m, 2h, 7d/],
  [
    'dead letters without a key',
    ['dead-letters', 'list'],
    1,
    /--api-key: expected a key with the role admin/,
  ],
  [
    'nothing deployed to back up',
    ['backup'],
    1,
    /daybook-dev in eu-west-1: expected a deployed table, found none/,
    { answers: NOTHING_DEPLOYED },
  ],
  ['days that are none', ['admin-key', '--expires', 'soon'], 2, /--expires: expected days such as 90d/],
  [
    'a plan that is none',
    ['apply', '--yes', '--planned', '/nowhere'],
    2,
    /--planned: expected a directory that/,
  ],
];
for (const [name, argv, code, message, options] of refused) {
  test(`${name}: one line, exit code ${code}, nothing changed`, async () => {
    const result = await runCloud(argv, options);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, message);
    assert.match(result.stderr, /^daybook cloud: [^\n]+$/);
    assert.deepEqual(result.programs, []);
  });
}

test('credentials of another account are refused by every command that asks AWS', async () => {
  const answers = {
    'sts:GetCallerIdentity': () => ({ Account: '999999999999', Arn: 'arn:aws:iam::999999999999:user/x' }),
  };
  for (const argv of [
    ['plan'],
    ['apply', '--yes'],
    ['plan-destroy'],
    ['destroy', '--yes-destroy', 'daybook-dev'],
    ['outputs'],
    ['status'],
    ['logs'],
    ['dead-letters', 'list', '--api-key', 'dbk_x'],
    ['backup'],
    ['restore', '--to', 'latest', '--table', 'new'],
    ['admin-key'],
  ]) {
    const result = await runCloud(argv, { answers });
    assert.equal(result.code, 1);
    assert.match(
      result.stderr,
      new RegExp(`account: expected credentials of ${ACCOUNT}.*given those of 999999999999`),
    );
    assert.deepEqual(result.calls, ['sts:GetCallerIdentity'], argv[0]);
  }
});

test('with --json the failure is JSON', async () => {
  const { stderr } = await runCloud(['destroy', '--json']);
  const { error } = JSON.parse(stderr) as { error: { message: string } };
  assert.match(error.message, /^--yes-destroy daybook-dev: expected/);
});

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The process itself, with nothing of the caller's AWS settings. */
async function runMain(
  argv: readonly string[],
  cwd: string,
  nodeOptions: readonly string[] = [],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:AWS_|DAYBOOK_|NODE_TEST_CONTEXT)/.test(name),
  );
  const child = spawn(process.execPath, ['--conditions=daybook-source', ...nodeOptions, MAIN, ...argv], {
    cwd,
    env: { ...Object.fromEntries(inherited), HOME: cwd, AWS_EC2_METADATA_DISABLED: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number>((resolve) => child.once('close', (exit) => resolve(exit ?? -1))),
  ]);
  return { code, stdout, stderr };
}

test('the process without credentials, file or environment ends with one clear line', async () => {
  const directory = temporaryDirectory();
  mkdirSync(directory, { recursive: true });
  const noFile = await runMain(['plan', '-e', 'dev'], directory);
  assert.equal(noFile.code, 1);
  assert.match(
    noFile.stderr,
    /^daybook cloud: configuration \(-c\): expected a file, given [^\n]*daybook\.cloud\.ts, where there is none\n$/,
  );

  const config = { name: 'daybook', account: ACCOUNT, front: { kind: 'rest-api' } };
  writeFileSync(join(directory, 'daybook.cloud.json'), JSON.stringify(config));
  const file = ['-c', 'daybook.cloud.json'];
  const noEnvironment = await runMain(['plan', ...file], directory);
  assert.equal(noEnvironment.code, 2);
  assert.match(
    noEnvironment.stderr,
    /^daybook cloud: -e, --environment: expected one of poc, dev, prd; given none\n$/,
  );

  const unknown = await runMain(['plan', ...file, '-e', 'test'], directory);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /^daybook cloud: [^\n]*expected one of poc, dev, prd, given "test"\n$/);

  for (const verb of ['plan', 'backup']) {
    const noCredentials = await runMain([verb, ...file, '-e', 'dev'], directory);
    assert.deepEqual([noCredentials.code, noCredentials.stdout], [1, ''], verb);
    assert.match(
      noCredentials.stderr,
      /^daybook cloud: no AWS credentials: [^\n]*--profile or AWS_PROFILE[^\n]*\n$/,
    );
  }

  const noProfile = await runMain(['outputs', ...file, '-e', 'dev', '--profile', 'nobody'], directory);
  assert.equal(noProfile.code, 1);
  assert.match(noProfile.stderr, /^daybook cloud: no AWS credentials in the profile nobody: [^\n]*\n$/);
});

/** Resolves it from where no package is, as Node.js does where it is not installed. */
const WITHOUT_CDK = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const resolve = (name, context, next) =>
    next(name, name.startsWith('aws-cdk-lib') ? { ...context, parentURL: 'file:///nowhere/x.js' } : context);
  registerHooks({ resolve });
`)}`;

test('without the development packages the process says in one line to install them', async () => {
  const directory = temporaryDirectory();
  mkdirSync(directory, { recursive: true });
  const config = { name: 'daybook', account: ACCOUNT, front: { kind: 'rest-api' } };
  writeFileSync(join(directory, 'daybook.cloud.json'), JSON.stringify(config));
  const argv = ['synth', '-c', 'daybook.cloud.json', '-e', 'dev', '--out', 'assembly'];
  const run = await runMain(argv, directory, ['--import', WITHOUT_CDK]);
  assert.deepEqual(run, {
    code: 1,
    stdout: '',
    stderr: 'daybook cloud: needs the development packages, aws-cdk-lib among them: run npm ci\n',
  });
});
