/** The client's part for keys, and `daybook keys` on top of it, against the real routes and a real store. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Command, CommanderError } from 'commander';

import type { Cli } from '../../src/cli/cli.ts';
import { addKeys } from '../../src/cli/commands/keys.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { createKeysClient } from '../../src/client/keys.ts';
import { DEFAULT_RETRY } from '../../src/client/retry.ts';
import { createTransport } from '../../src/client/transport.ts';
import type { KeyView } from '../../src/contract/key-messages.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { eventually } from '../support/eventually.ts';
import { ADMIN_KEY, startKeysServer } from './keys-server.ts';

const directory = await mkdtemp(join(tmpdir(), 'daybook-keys-client-'));
const store = await createSqliteStore({ directory });
const server = startKeysServer(store);
after(async () => {
  await server.close();
  await store.close();
  await rm(directory, { recursive: true, force: true });
});
await eventually('the keys are loaded', async () => server.keys.status().state === 'ok', { everyMs: 5 });

type Fetch = typeof fetch;
const baseUrl = 'http://127.0.0.1:3000';
const fetchInProcess: Fetch = async (url, init) => server.fetch((url as string).slice(baseUrl.length), init);

function clientOf(given: Fetch = fetchInProcess, apiKey: string | undefined = ADMIN_KEY) {
  const transport = createTransport({ baseUrl, apiKey, fetch: given });
  return createKeysClient(transport, { ...DEFAULT_RETRY, firstDelayMs: 1 });
}

const keys = clientOf();

async function listAll(): Promise<KeyView[]> {
  const all: KeyView[] = [];
  for await (const page of keys.pages({ limit: 2 })) all.push(...page.keys);
  return all;
}

test('a key is made, listed and revoked', async () => {
  const { key, ...made } = await keys.create({ name: 'ci', scopes: ['app.write'] });
  assert.ok(server.keys.verify(key));
  assert.deepEqual({ ...(await keys.list()).keys[0], lastUsedAt: null }, made);
  assert.equal((await keys.revoke(made.keyId)).status, 'revoked');
  assert.equal((await keys.revoke(made.keyId)).status, 'revoked');
  assert.equal(server.keys.verify(key), undefined);
  await assert.rejects(keys.revoke('nope'), { name: 'ClientError', status: 404 });
  await assert.rejects(clientOf(fetchInProcess, 'wrong').list(), { code: 'UNAUTHENTICATED' });
});

test('a key is not made a second time when it is not known whether the first one was; the others are repeated', async () => {
  let asked = 0;
  const answerLost: Fetch = async (...given) => {
    asked += 1;
    const answer = await fetchInProcess(...given);
    if (asked > 1) return answer;
    throw new TypeError('fetch failed');
  };
  const before = (await listAll()).length;
  await assert.rejects(clientOf(answerLost).create({ name: 'lost', scopes: ['app.write'] }), {
    name: 'ClientError',
    outcome: 'unknown',
  });
  assert.equal(asked, 1);
  const [lost] = await listAll();
  assert.equal((await listAll()).length, before + 1);
  asked = 0;
  assert.equal((await clientOf(answerLost).revoke(lost?.keyId ?? '')).status, 'revoked');
  assert.equal(asked, 2);

  const notYet = {
    type: 'urn:daybook:error:store-unavailable',
    title: 'The store is not available',
    detail: 'gone fishing',
    requestId: 'r',
    code: 'STORE_UNAVAILABLE',
    status: 503,
    retryable: true,
    outcome: 'not-written',
  };
  asked = 0;
  const refusedOnce: Fetch = async (...given) => {
    asked += 1;
    const headers = { 'content-type': 'application/problem+json' };
    return asked > 1
      ? fetchInProcess(...given)
      : new Response(JSON.stringify(notYet), { status: 503, headers });
  };
  assert.equal((await clientOf(refusedOnce).create({ name: 'later', scopes: ['app.write'] })).name, 'later');
});

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** As `cli/main.ts` runs a command, but for how a failure is told. */
async function run(...args: string[]): Promise<Ran> {
  const said = { stdout: '', stderr: '' };
  const terminal: Terminal = {
    isInteractive: false,
    width: undefined,
    async write(text) {
      said.stdout += String(text);
    },
    async line(text) {
      said.stdout += `${text}\n`;
    },
    note: (text) => void (said.stderr += `${text}\n`),
    paint: (_style, text) => text,
    progress() {},
    endProgress() {},
  };
  const cli: Cli = { terminal, exitCode: 0 };
  const program = new Command('daybook').option('--json').exitOverride();
  addKeys(program, cli, () => keys);
  for (const command of [program, ...program.commands.flatMap((one) => [one, ...one.commands])])
    command.configureOutput({ writeOut: (text) => void (said.stdout += text), writeErr: () => undefined });
  try {
    await program.parseAsync(['keys', ...args], { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError && thrown.exitCode === 0)) throw thrown;
  }
  return { ...said, exitCode: cli.exitCode };
}

test('create gives the key alone on standard output, and everything else beside it', async () => {
  const { stdout, stderr, exitCode } = await run('create', 'deploy', '--scope', 'app.write', 'app.read');
  assert.equal(exitCode, 0);
  assert.match(stdout, /^dbk_[0-9a-zA-Z_]{66}\n$/);
  assert.deepEqual(server.keys.verify(stdout.trim())?.roles, new Set(['app.write', 'app.read']));
  assert.match(
    stderr,
    /^key [0-9a-f]{16} \(deploy\): app\.write, app\.read; until .*Z\nIt is not shown again: .*\n$/,
  );
  assert.ok(!stderr.includes(stdout.trim()));
});

test('create takes an end in days or as a time, and --json gives the document', async () => {
  for (const [expires, days] of [
    ['30d', 30],
    [new Date(Date.now() + 10 * 86_400_000).toISOString(), 10],
  ] as const) {
    const { stdout, stderr } = await run('create', 'x', '--scope', 'admin', '--expires', expires, '--json');
    const { expiresAt, createdAt, key } = JSON.parse(stdout) as Record<string, string>;
    const given = (Date.parse(expiresAt ?? '') - Date.parse(createdAt ?? '')) / 86_400_000;
    assert.ok(Math.abs(given - days) < 0.001);
    assert.ok(server.keys.verify(key ?? ''));
    assert.equal(stderr, '');
  }
});

test('list shows those in force, --all every one, and neither a secret', async () => {
  const made = await keys.create({ name: 'listed', scopes: ['app.write'] });
  const gone = await keys.create({ name: 'revoked', scopes: ['app.write'] });
  await keys.revoke(gone.keyId);
  const { stdout } = await run('list');
  const [heading, first] = stdout.split('\n');
  assert.match(heading ?? '', /^KEY ID +NAME +STATUS +SCOPES +CREATED AT \(UTC\) +EXPIRES AT +LAST USED AT$/);
  assert.match(first ?? '', new RegExp(`^${made.keyId}  listed +active +app\\.write .* never$`));
  assert.ok(!stdout.includes(gone.keyId));
  const all = await run('list', '--all', '--json');
  const listed = all.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as KeyView);
  assert.deepEqual(listed, await listAll());
  assert.ok(!all.stdout.includes(made.key.slice(-49)));
});

test('revoke asks first; without a terminal it wants --yes', async () => {
  const [one, two] = [
    await keys.create({ name: 'one', scopes: ['app.write'] }),
    await keys.create({ name: 'two', scopes: ['app.write'] }),
  ];
  await assert.rejects(run('revoke', one.keyId), { name: 'UsageError', message: /^--yes: expected/ });
  assert.ok(server.keys.verify(one.key));
  const { stdout, exitCode } = await run('revoke', one.keyId, two.keyId, '--yes');
  assert.deepEqual([stdout, exitCode], [`${one.keyId}  revoked\n${two.keyId}  revoked\n`, 0]);
  assert.equal(server.keys.verify(one.key), undefined);
  assert.equal(server.keys.verify(two.key), undefined);
  const json = await run('revoke', one.keyId, '--yes', '--json');
  assert.equal((JSON.parse(json.stdout) as KeyView).status, 'revoked');
});

for (const [what, args, error] of [
  ['no scope', ['create', 'x'], { name: 'UsageError', message: /^--scope: expected at least one/ }],
  [
    'an unknown scope',
    ['create', 'x', '--scope', 'apple.read'],
    { name: 'ClientError', message: /given "apple\.read"/ },
  ],
  [
    'an end that is none',
    ['create', 'x', '--scope', 'admin', '--expires', 'soon'],
    { message: /^expiresAt: expected a time/ },
  ],
  [
    'an unknown key',
    ['revoke', 'nope', '--yes'],
    { name: 'ClientError', message: /keyId of an API key, given "nope"/ },
  ],
] as const) {
  test(`${what} is told`, async () => {
    await assert.rejects(run(...args), error);
  });
}

test('every verb has help with examples', async () => {
  for (const verb of ['create', 'list', 'revoke']) {
    const { stdout } = await run(verb, '--help');
    assert.match(stdout, new RegExp(`\\nExamples:\\n  \\$ daybook keys ${verb}\\b`));
  }
});
