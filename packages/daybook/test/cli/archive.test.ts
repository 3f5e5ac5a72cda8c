/**
 * `daybook archive` as a schedule starts it: a process of its own beside the servers, on a real PostgreSQL and a real
 * bucket. What a query of the archive reads is what the servers have.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { openS3 } from '../../src/aws-drivers.ts';
import { parseObjectsUrl } from '../../src/config/driver-urls.ts';
import type { Objects } from '../../src/objects/objects.ts';
import { archivedLines } from '../support/archived-lines.ts';
import { startFauxqs } from '../support/fauxqs.ts';
import { startPostgres } from '../support/postgres.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';
import { startStrictS3 } from '../support/strict-s3.ts';
import type { CliResult } from './run-cli.ts';
import { runCli } from './run-cli.ts';

const BUCKET = 'archive';

const folder = await mkdtemp(join(tmpdir(), 'daybook-archive-'));
const postgres = await startPostgres();
const fauxqs = await startFauxqs({ persistent: false });
const s3 = await startStrictS3(fauxqs.endpoint);
assert.equal((await fetch(`${fauxqs.endpoint}/${BUCKET}`, { method: 'PUT' })).status, 200);
const credentials = {
  AWS_ACCESS_KEY_ID: fauxqs.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: fauxqs.credentials.secretAccessKey,
};
Object.assign(process.env, credentials);
after(async () => {
  await s3.close();
  await fauxqs.dispose();
  await postgres.dispose();
  await rm(folder, { recursive: true, force: true });
});

interface Place {
  readonly server: StartedDaybook;
  readonly objects: Objects;
  archive(...args: readonly string[]): Promise<CliResult>;
}

async function enter(name: string): Promise<Place> {
  const database = await postgres.createDatabase();
  const DAYBOOK_STORE = postgres.url(database);
  const url = `s3://${BUCKET}/${name}?region=${fauxqs.region}&endpoint=${s3.endpoint}`;
  const dataDir = await mkdtemp(join(folder, 'data-'));
  const server = await startDaybook({ dataDir, env: { DAYBOOK_STORE, DAYBOOK_QUEUE: 'none' } });
  after(() => server.stop());
  const choice = parseObjectsUrl(url);
  assert.ok(choice?.driver === 's3');
  const objects = await openS3(choice);
  after(() => objects.close());
  const env = { ...credentials, DAYBOOK_STORE, DAYBOOK_OBJECTS: url };
  return { server, objects, archive: (...args) => runCli(['archive', ...args], { env }) };
}

/** @returns the ids, in the order in which they were stored. */
async function post({ address }: StartedDaybook, register: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const response = await fetch(`${address}/${register}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: `{"at":${at}}`,
    });
    assert.equal(response.status, 201);
    ids.push(((await response.json()) as { readonly id: string }).id);
  }
  return ids;
}

const idsOf = (lines: readonly unknown[] = []): string[] => lines.map((line) => (line as { id: string }).id);

function logOf({ stdout }: CliResult): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('each run goes on where the last one ended, and each entry is there once, as reads show it', async () => {
  const { server, objects, archive } = await enter('once');
  const first = await post(server, 'app', 12);
  assert.deepEqual(await archive().then(({ exitCode }) => exitCode), 0);
  const second = await post(server, 'app', 5);
  const third = await post(server, 'epoch', 3);
  const done = await archive('--minutes', '55');
  assert.equal(done.exitCode, 0, done.stdout);
  const { segments, entries, complete, failed } = logOf(done).at(-1) ?? {};
  assert.deepEqual([segments, entries, complete, failed], [2, 8, true, 0]);
  const idle = await archive();
  assert.deepEqual(logOf(idle).at(-1)?.['segments'], 0);

  const { app, epoch, ...rest } = await archivedLines(objects);
  assert.deepEqual(rest, {});
  assert.deepEqual(idsOf(app), [...first, ...second]);
  assert.deepEqual(idsOf(epoch), third);
  const shown = await fetch(`${server.address}/app/${first[0]}`, { headers: { accept: 'application/json' } });
  assert.deepEqual(app?.[0], await shown.json());
});

test('of two at the same time none misses anything', async () => {
  const { server, objects, archive } = await enter('twice');
  const ids = await post(server, 'app', 9);
  const both = await Promise.all([archive(), archive()]);
  assert.deepEqual(
    both.map(({ exitCode }) => exitCode),
    [0, 0],
  );
  const { app } = await archivedLines(objects);
  assert.deepEqual([...new Set(idsOf(app))], ids);
});

test('a register whose segment cannot be written is told, fails the run, and is taken up by the next', async () => {
  const { server, objects, archive } = await enter('refused');
  await post(server, 'app', 2);
  const others = await post(server, 'epoch', 2);
  s3.meet('PUT', 'deny');
  const failed = await archive();
  assert.equal(failed.exitCode, 1, failed.stdout);
  const told = logOf(failed).find(({ event }) => event === 'archive-failed');
  assert.deepEqual([told?.['register'], told?.['level']], ['app', 50]);
  assert.deepEqual(Object.keys(await archivedLines(objects)), ['epoch']);
  assert.equal((await archive()).exitCode, 0);
  const { app, epoch } = await archivedLines(objects);
  assert.equal(app?.length, 2);
  assert.deepEqual(idsOf(epoch), others);
});

test('a database of something else is refused and left as it is', async () => {
  const database = await postgres.createDatabase();
  const objects = `file:${join(folder, 'objects')}`;
  const args = ['archive', '--store', postgres.url(database), '--objects', objects];
  const { exitCode, stderr } = await runCli(args);
  assert.deepEqual(
    [exitCode, stderr],
    [1, 'daybook: store: expected a database of Daybook, given one without its tables\n'],
  );
  const schemas = await postgres.query(`SELECT FROM pg_namespace WHERE nspname = 'daybook'`, database);
  assert.equal(schemas.length, 0);
});

test('what cannot be archived is refused in one line', async () => {
  const sqlite = await runCli(['archive', '--data-dir', folder]);
  assert.equal(sqlite.exitCode, 1);
  assert.match(
    sqlite.stderr,
    /^daybook: store\.url \(DAYBOOK_STORE\): expected postgres:\/\/ or dynamodb:\/\//,
  );
  // So many would not fit into a timer, and end the run at once.
  for (const minutes of ['soon', '0', '10081', '35792']) {
    const { exitCode, stderr } = await runCli(['archive', '--minutes', minutes]);
    assert.deepEqual(
      [exitCode, stderr],
      [2, `daybook: --minutes: expected a whole number from 1 to 10080; given ${minutes}\n`],
    );
  }
});
