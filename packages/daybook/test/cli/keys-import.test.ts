/**
 * A key that was made elsewhere is put into the store by its record, which has no secret: on real PostgreSQL while a server
 * runs, and on SQLite while none does.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { makeRecordedKey } from '../../src/access/keys/key-record.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { eventually } from '../support/eventually.ts';
import { startPostgres } from '../support/postgres.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';
import { runCli } from './run-cli.ts';

const DAY_MICROS = 86_400_000_000;

const folder = await mkdtemp(join(tmpdir(), 'daybook-import-'));
after(() => rm(folder, { recursive: true, force: true }));

function makeKey(name = 'ana') {
  const nowMicros = Date.now() * 1_000;
  return makeRecordedKey({ name, by: 'operator:ana', expiresAt: nowMicros + DAY_MICROS }, nowMicros);
}

function asAdmin({ address }: StartedDaybook, key: string, path: string): Promise<Response> {
  return fetch(address + path, {
    headers: { authorization: `Bearer ${key}`, accept: 'application/json' },
  });
}

test('on PostgreSQL a server that runs takes it, and the audit says who made it', async () => {
  const server = await startPostgres();
  after(() => server.dispose());
  const env = { DAYBOOK_STORE: server.url(await server.createDatabase()), DAYBOOK_QUEUE: 'none' };
  const daybook = await startDaybook({ dataDir: await mkdtemp(join(folder, 'data-')), env });
  after(() => daybook.stop());
  const { keyId, text, record } = makeKey();
  const secret = text.slice('dbk_'.length + keyId.length + 1);
  assert.ok(!record.includes(secret.slice(0, 20)), 'no secret travels');

  for (const _ of ['once', 'again']) {
    const imported = await runCli(['keys', 'import', record], { env });
    assert.deepEqual([imported.exitCode, imported.stdout], [0, `${keyId}  imported\n`], imported.stderr);
  }
  await eventually('the server takes the key', async () => {
    return (await asAdmin(daybook, text, '/api/keys')).status === 200;
  });
  const { entries } = (await (await asAdmin(daybook, text, '/audit')).json()) as {
    readonly entries: readonly { readonly subject: string; readonly payload: Record<string, unknown> }[];
  };
  const made = entries.filter(({ payload }) => payload['target'] === keyId);
  assert.deepEqual(
    made.map(({ subject, payload }) => [subject, payload['action']]),
    [['operator:ana', 'keys create']],
  );

  const other = { ...JSON.parse(makeKey().record), keyId } as object;
  const taken = await runCli(['keys', 'import', JSON.stringify(other)], { env });
  assert.deepEqual(
    [taken.exitCode, taken.stderr],
    [1, `daybook: keyId: expected one that is free, given ${keyId}\n`],
  );

  const asOwner = { DAYBOOK_URL: daybook.address, DAYBOOK_API_KEY: text };
  const revoked = await runCli(['keys', 'revoke', keyId, '--yes'], { env: asOwner });
  assert.equal(revoked.exitCode, 0, revoked.stderr);
  const ended = await runCli(['keys', 'import', record], { env });
  assert.deepEqual(
    [ended.exitCode, ended.stdout, ended.stderr],
    [1, '', `daybook: record: expected a key that is in force; given ${keyId}, which is revoked\n`],
  );
});

test('on SQLite it is refused while a server runs, and taken while none does', async () => {
  const dataDir = await mkdtemp(join(folder, 'data-'));
  const { text, record } = makeKey();
  const importing = () => runCli(['keys', 'import', record, '--data-dir', dataDir]);
  const first = await startDaybook({ dataDir });
  const refused = await importing();
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, new RegExp(`is in use by process ${first.pid}\n$`));
  await first.stop();
  assert.equal((await importing()).exitCode, 0);
  const second = await startDaybook({ dataDir });
  after(() => second.stop());
  assert.equal((await asAdmin(second, text, '/api/keys')).status, 200);
});

test('a directory without a database gets none', async () => {
  const dataDir = join(folder, 'mistyped');
  const { exitCode, stderr } = await runCli(['keys', 'import', makeKey().record, '--data-dir', dataDir]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /^daybook: store: expected a database, found no .*mistyped.daybook\.db\n$/);
  assert.ok(!(await readdir(folder)).includes('mistyped'));
});

const whole = JSON.parse(makeKey().record) as Readonly<Record<string, unknown>>;
for (const [what, record, message] of [
  ['that is no JSON', 'x', /^daybook: record: expected JSON, given something else\n$/],
  ['without a hash', { ...whole, hash: undefined }, /^daybook: record\.hash: /],
  ['with a short hash', { ...whole, hash: 'YWJj' }, /^daybook: record\.hash: expected the 32 bytes/],
  ['with a whole key', { ...whole, key: 'dbk_…' }, /^daybook: record: Unrecognized key/],
  ['of another id', { ...whole, keyId: 'ABC' }, /^daybook: record\.keyId: expected 16 hexadecimal digits\n$/],
  [
    'that has ended',
    { ...whole, expiresAt: '2020-01-01T00:00:00Z' },
    /^daybook: expiresAt: expected a time from/,
  ],
  ['for nothing here', { ...whole, scopes: ['nowhere.read'] }, /^daybook: scopes: expected scopes of /],
] as const) {
  test(`a record ${what} is refused, naming what is wrong`, async () => {
    const dataDir = await mkdtemp(join(folder, 'data-'));
    await (await createSqliteStore({ directory: dataDir })).close();
    const text = typeof record === 'string' ? record : JSON.stringify(record);
    const { exitCode, stderr, stdout } = await runCli(['keys', 'import', text, '--data-dir', dataDir]);
    assert.deepEqual([exitCode, stdout], [1, '']);
    assert.match(stderr, message);
  });
}
