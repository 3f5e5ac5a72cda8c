/**
 * A store that was restored gets a new epoch by the command, on real SQLite and PostgreSQL: cursors of before are refused
 * with a fresh one, by servers that start then and by those that run, and nothing that is on record is missed.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { renewEpochOf } from '../../src/store/postgres/renew-epoch.ts';
import type { Store } from '../../src/store/store.ts';
import type { Tail } from '../../src/tail/follow.ts';
import { createTail } from '../../src/tail/follow.ts';
import { createSignal } from '../../src/tail/signal.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { startPostgres } from '../support/postgres.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';
import { runCli } from './run-cli.ts';

interface Followed {
  readonly entries: readonly { readonly payload: string }[];
  readonly nextCursor: string;
}

const folder = await mkdtemp(join(tmpdir(), 'daybook-renew-'));
after(() => rm(folder, { recursive: true, force: true }));

async function post({ address }: StartedDaybook, text: string): Promise<void> {
  const response = await fetch(`${address}/app`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: text,
  });
  assert.equal(response.status, 201, await response.text());
}

function follow({ address }: StartedDaybook, query: string): Promise<Response> {
  return fetch(`${address}/app?live=long-poll&${query}`, { headers: { accept: 'application/json' } });
}

async function followed(at: StartedDaybook, query: string): Promise<Followed> {
  const response = await follow(at, query);
  assert.equal(response.status, 200);
  return (await response.json()) as Followed;
}

/** @returns the payloads that follow the fresh cursor of the refusal. */
async function afterRefusal(at: StartedDaybook, refused: Response): Promise<readonly string[]> {
  const problem = (await refused.json()) as { readonly code: string; readonly cursor: string };
  assert.deepEqual([refused.status, problem.code], [410, 'CURSOR_EXPIRED']);
  const { entries } = await followed(at, `cursor=${problem.cursor}&wait=0`);
  return entries.map(({ payload }) => payload);
}

describe('SQLite', () => {
  test('cursors of before are refused, and everything follows the fresh one', async () => {
    const dataDir = await mkdtemp(join(folder, 'data-'));
    const renew = (...args: readonly string[]) => runCli(['renew-epoch', '--data-dir', dataDir, ...args]);
    const first = await startDaybook({ dataDir });
    await post(first, 'one');
    const { nextCursor } = await followed(first, 'from=start&wait=0');
    const inUse = await renew('--yes');
    assert.equal(inUse.exitCode, 1);
    assert.match(inUse.stderr, new RegExp(`is in use by process ${first.pid}\n$`));
    await first.stop();

    const unasked = await renew();
    assert.deepEqual(
      [unasked.exitCode, unasked.stderr],
      [2, 'daybook: --yes: expected, because there is no terminal to ask on\n'],
    );
    const second = await startDaybook({ dataDir });
    assert.deepEqual((await followed(second, `cursor=${nextCursor}&wait=0`)).entries, []);
    await second.stop();

    for (const _ of ['once', 'again']) {
      const done = await renew('--yes');
      assert.deepEqual([done.exitCode, done.stdout], [0, `the store in ${dataDir}: a new epoch\n`]);
    }
    const third = await startDaybook({ dataDir });
    after(() => third.stop());
    assert.deepEqual(await afterRefusal(third, await follow(third, `cursor=${nextCursor}&wait=0`)), ['one']);
  });

  test('a directory without a database is left as it is', async () => {
    const dataDir = await mkdtemp(join(folder, 'data-'));
    const { exitCode, stderr } = await runCli(['renew-epoch', '--yes', '--data-dir', dataDir]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^daybook: store: expected a database, found no .*daybook\.db\n$/);
    assert.deepEqual(await readdir(dataDir), []);
  });

  test('a directory that is not there is not made', async () => {
    const dataDir = join(folder, 'mistyped');
    const { exitCode, stderr } = await runCli(['renew-epoch', '--yes', '--data-dir', dataDir]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^daybook: store: expected a database, found no .*mistyped.daybook\.db\n$/);
    assert.ok(!(await readdir(folder)).includes('mistyped'));
  });

  test('a store that is none is refused', async () => {
    const { exitCode, stderr } = await runCli(['renew-epoch', '--yes', '--store', 'mysql://host/db']);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^daybook: store\.url \(--store\): expected /);
  });
});

describe('PostgreSQL', async () => {
  const server = await startPostgres();
  after(() => server.dispose());

  async function serveOn(database: string): Promise<StartedDaybook> {
    const dataDir = await mkdtemp(join(folder, 'data-'));
    const env = { DAYBOOK_STORE: server.url(database), DAYBOOK_QUEUE: 'none' };
    const started = await startDaybook({ dataDir, env });
    after(() => started.stop());
    return started;
  }

  test('servers that run find out, and those that follow are told', async () => {
    const original = await server.createDatabase();
    const before = await serveOn(original);
    await post(before, 'one');
    const { nextCursor: older } = await followed(before, 'from=start&wait=0');
    await before.stop();
    await server.query(`CREATE DATABASE restored TEMPLATE ${original}`);
    const again = await serveOn(original);
    for (const text of ['lost 2', 'lost 3']) await post(again, text);
    const { nextCursor } = await followed(again, 'from=start&wait=0');
    await again.stop();

    const servers = [await serveOn('restored'), await serveOn('restored')] as const;
    const [one, two] = servers;
    const waiting = follow(one, `cursor=${older}&wait=30`);
    const done = await runCli(['renew-epoch', '--yes', '--json', '--store', server.url('restored')]);
    assert.equal(done.exitCode, 0, done.stderr);
    assert.doesNotMatch(done.stdout, /p@ss|p%40ss/, 'no password is shown');
    for (const text of ['new 2', 'new 3', 'new 4']) await post(two, text);
    const present = ['one', 'new 2', 'new 3', 'new 4'];
    // Behind its position there is one entry of another life, which alone it would have been given.
    assert.deepEqual(await afterRefusal(one, await follow(one, `cursor=${nextCursor}&wait=0`)), present);
    assert.deepEqual(await afterRefusal(two, await follow(two, `cursor=${older}&wait=0`)), present);
    assert.deepEqual(await afterRefusal(one, await waiting), present);
    const late = await serveOn('restored');
    assert.deepEqual(await afterRefusal(late, await follow(late, `cursor=${older}&wait=0`)), present);
    // One of the present life goes on.
    const { nextCursor: present4 } = await followed(one, 'from=start&wait=0');
    assert.deepEqual((await followed(late, `cursor=${present4}&wait=0`)).entries, []);
  });

  test('a server that has not looked since believes the cursors of one that has, and gives none of before', async () => {
    const url = server.url(await server.createDatabase());
    const open = async (): Promise<[Store, Tail]> => {
      const store = await createPostgresStore({ url, region: 'local', newEpoch: 'first' });
      after(() => store.close());
      const times = { nowMicros: () => 0, nowMs: () => 0 };
      return [store, createTail({ store, stored: createSignal(), ...times })];
    };
    // Nothing but what is asked of them reads these stores.
    const [late, early, fresh] = [await open(), await open(), await open()];
    await late[0].append(createSource('a')([makeEntry({ subject: 'ana' })]));
    await renewEpochOf({ url, epoch: 'second' });
    await early[0].head('main');
    for (const subject of [undefined, 'ana']) {
      const start = { register: 'app', ...(subject !== undefined && { subject }) };
      const { entries, cursor } = await (await early[1].follow({ ...start, from: 'start' })).next(0);
      assert.equal(entries.length, 1);
      const { entries: none } = await (await late[1].follow({ ...start, from: cursor })).next(0);
      assert.deepEqual(none, []);
    }
    const started = await (await fresh[1].follow({ register: 'app', from: 'start' })).next(0);
    assert.equal(started.entries.length, 1);
    await early[1].follow({ register: 'app', from: started.cursor });
  });

  test('two at once leave one epoch, which all servers agree on', async () => {
    const database = await server.createDatabase();
    const at = await serveOn(database);
    const args = ['renew-epoch', '--yes', '--store', server.url(database)];
    const results = await Promise.all([runCli(args), runCli(args)]);
    assert.deepEqual(
      results.map(({ exitCode }) => exitCode),
      [0, 0],
    );
    const other = await serveOn(database);
    const { nextCursor } = await followed(at, 'from=now&wait=0');
    await followed(other, `cursor=${nextCursor}&wait=0`);
  });

  test('a database of something else is refused and left as it is', async () => {
    const database = await server.createDatabase();
    const { exitCode, stderr } = await runCli(['renew-epoch', '--yes', '--store', server.url(database)]);
    assert.deepEqual(
      [exitCode, stderr],
      [1, 'daybook: store: expected a database of Daybook, given one without its tables\n'],
    );
    const schemas = await server.query(`SELECT FROM pg_namespace WHERE nspname = 'daybook'`, database);
    assert.equal(schemas.length, 0);
  });

  test('a server that is away is told of in one line', async () => {
    const url = 'postgres://nobody@127.0.0.1:1/daybook?sslmode=disable';
    const { exitCode, stderr } = await runCli(['renew-epoch', '--yes', '--store', url]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^daybook: .*127\.0\.0\.1:1.*\n$/);
  });
});
