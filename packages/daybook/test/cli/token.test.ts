/** `daybook token`: a development issuer in the data directory, and tokens that a verifier with its settings believes. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { Command } from 'commander';

import { developmentIssuerSettings } from '../../src/access/jwt/development-issuer.ts';
import type { Cli } from '../../src/cli/cli.ts';
import { addToken } from '../../src/cli/commands/token.ts';
import { createTerminal } from '../../src/cli/terminal.ts';
import { createTestVerifier, parseIssuers } from '../support/token-verifier.ts';

const root = await mkdtemp(join(tmpdir(), 'daybook-token-'));
after(() => rm(root, { recursive: true, force: true }));

/** The command by itself. @returns what it wrote to standard output. */
async function runToken(dataDir: string, ...args: string[]): Promise<string> {
  let output = '';
  const terminal = {
    ...createTerminal(),
    line: async (text: string) => void (output += `${text}\n`),
    note: () => undefined,
  };
  const cli: Cli = { terminal, exitCode: 0 };
  const program = new Command('daybook').option('--data-dir <path>').option('--json').exitOverride();
  addToken(program, cli);
  for (const command of program.commands)
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(['--data-dir', dataDir, 'token', ...args], { from: 'user' });
  return output;
}

function verifierOf(issuers: Parameters<typeof parseIssuers>[0]) {
  const options = { issuers: parseIssuers(issuers), nowMs: () => Date.now() };
  return createTestVerifier({ jwks: 'unused' }, options);
}

test('the first token makes the issuer; standard output is the token alone, and a server with its settings believes it', async () => {
  const dataDir = join(root, 'first', 'data');
  const output = await runToken(dataDir, '--subject', 'alice', '--role', 'data.write', '--role', 'data.read');
  assert.match(output, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const { verify } = verifierOf({ development: developmentIssuerSettings(dataDir) });
  const { expiresAtMs, ...identity } = await verify(output.trim());
  assert.ok(expiresAtMs !== undefined && expiresAtMs > Date.now());
  assert.deepEqual(identity, {
    subject: 'alice',
    roles: new Set(['data.write', 'data.read']),
    kind: 'jwt',
    issuer: 'development',
  });
});

test('the private key is for its owner only, and never among the published keys', async () => {
  const dataDir = join(root, 'private');
  await runToken(dataDir, '--subject', 'alice');
  const folder = join(dataDir, 'dev-issuer');
  assert.deepEqual((await readdir(folder)).toSorted(), ['jwks.json', 'private-key.json']);
  assert.equal((await stat(join(folder, 'private-key.json'))).mode & 0o777, 0o600);
  const { d } = JSON.parse(await readFile(join(folder, 'private-key.json'), 'utf8')) as { d: string };
  const published = await readFile(join(folder, 'jwks.json'), 'utf8');
  assert.ok(d.length > 40);
  assert.ok(!published.includes(d));
});

test('later tokens are of the same issuer, also when its published keys were lost', async () => {
  const dataDir = join(root, 'later');
  const first = await runToken(dataDir, '--subject', 'alice');
  const jwks = await readFile(join(dataDir, 'dev-issuer', 'jwks.json'), 'utf8');
  await rm(join(dataDir, 'dev-issuer', 'jwks.json'));
  const second = await runToken(dataDir, '--subject', 'bob');
  assert.equal(await readFile(join(dataDir, 'dev-issuer', 'jwks.json'), 'utf8'), jwks);
  const { verdict } = verifierOf({ development: developmentIssuerSettings(dataDir) });
  assert.deepEqual([await verdict(first.trim()), await verdict(second.trim())], ['alice', 'bob']);
});

test('tokens that are made at the same moment, the first ones, are of one issuer', async () => {
  const dataDir = join(root, 'together');
  const subjects = Array.from({ length: 8 }, (_, index) => `subject-${index}`);
  const outputs = await Promise.all(subjects.map((subject) => runToken(dataDir, '--subject', subject)));
  const { verdict } = verifierOf({ development: developmentIssuerSettings(dataDir) });
  assert.deepEqual(await Promise.all(outputs.map((output) => verdict(output.trim()))), subjects);
});

test('the issuer of one data directory is not believed by the server of another', async () => {
  const token = (await runToken(join(root, 'ours'), '--subject', 'alice', '--role', 'admin')).trim();
  await runToken(join(root, 'theirs'), '--subject', 'bob');
  const { verdict } = verifierOf({ development: developmentIssuerSettings(join(root, 'theirs')) });
  assert.equal(await verdict(token), 'bad-signature');
});

test('--init prints a configuration that believes it', async () => {
  const dataDir = join(root, 'init');
  const config = JSON.parse(await runToken(dataDir, '--init')) as {
    issuers: Parameters<typeof parseIssuers>[0];
  };
  const token = (await runToken(dataDir, '--subject', 'alice')).trim();
  assert.equal(await verifierOf(config.issuers).verdict(token), 'alice');
});

test('--issuer and --audience make tokens for another configuration, --expires ones for another time', async () => {
  const dataDir = join(root, 'other');
  const args = ['--issuer', 'https://login.example.com/', '--audience', 'api', '--expires', '2d', '--json'];
  const answer = JSON.parse(await runToken(dataDir, '--subject', 'alice', '--role', 'metrics', ...args)) as {
    token: string;
    expiresAt: string;
  };
  const { token, expiresAt, ...rest } = answer;
  assert.deepEqual(rest, {
    subject: 'alice',
    roles: ['metrics'],
    issuer: 'https://login.example.com/',
    audience: 'api',
  });
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    iat: number;
    exp: number;
  };
  assert.equal(claims.exp - claims.iat, 2 * 86_400);
  assert.equal(Date.parse(expiresAt), claims.exp * 1_000);
  const { jwks } = developmentIssuerSettings(dataDir);
  const configured = { issuer: 'https://login.example.com/', audience: 'api', jwks };
  assert.equal(await verifierOf({ example: configured }).verdict(token), 'alice');
});

const WRONG: readonly (readonly [args: string[], message: RegExp])[] = [
  [[], /^--subject: expected 1 to 255 characters without controls, given nothing$/],
  [['--subject', ''], /given ""$/],
  [['--subject', 'a\nb'], /given "a\\nb"$/],
  [['--subject', 'alice', '--role', 'data'], /Expected admin, metrics, or a register with \.read or \.write/],
  [['--subject', 'alice', '--expires', '1y'], /Expected a time such as 30s, 15m, 12h or 7d, at most 365d/],
  [['--subject', 'alice', '--expires', '0s'], /Expected a time/],
  [['--subject', 'alice', '--expires', '366d'], /Expected a time/],
];
for (const [args, message] of WRONG) {
  test(`"daybook token ${args.join(' ').replace('\n', ' ')}" is refused, and makes nothing`, async () => {
    const dataDir = join(root, 'wrong');
    await assert.rejects(runToken(dataDir, ...args), { message });
    await assert.rejects(stat(dataDir));
  });
}

test('a private key that is none is named, and not replaced', async () => {
  const dataDir = join(root, 'damaged');
  await runToken(dataDir, '--subject', 'alice');
  const file = join(dataDir, 'dev-issuer', 'private-key.json');
  for (const text of ['', '{}', '{"kty":"EC"}']) {
    await writeFile(file, text);
    await assert.rejects(runToken(dataDir, '--subject', 'alice'), (error: Error) => {
      assert.ok(error.message.startsWith(`${file}: expected the private key of the development issuer`));
      return true;
    });
    assert.equal(await readFile(file, 'utf8'), text);
  }
});

test('a data directory where nothing can be made is named, and not waited for', async (t) => {
  if (process.platform !== 'linux')
    return t.skip('/proc says of what would be made in it that it is not there');
  await assert.rejects(runToken('/proc/daybook', '--subject', 'alice'), {
    message: /^\/proc\/daybook\/dev-issuer\/private-key\.json: expected .*ENOENT/,
  });
});
