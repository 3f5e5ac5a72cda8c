/**
 * The password of the database is changed under load, of a real server with a streaming replica, the way rotations go: the
 * database first and the secret after it, and the other way round. Connections that are there stay; between the two no
 * new one can be made, and each is cut to see what comes of that. Nothing is restarted and nothing acknowledged is lost.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { assertLedgerBalances, assertNothingWrong, compare, readAll } from '../support/audit.ts';
import { eventually } from '../support/eventually.ts';
import { createJournal } from '../support/journal.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { startPostgres } from '../support/postgres.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';
import type { WriterRole } from '../support/writers.ts';
import { startWriters } from '../support/writers.ts';

const ROLES: readonly WriterRole[] = ['single', 'single', 'keyed', 'batch'];

const folder = await mkdtemp(join(tmpdir(), 'daybook-rotation-'));
after(() => rm(folder, { recursive: true, force: true }));
const primary = await startPostgres({ settings: { wal_level: 'replica', max_wal_senders: '4' } });
after(() => primary.dispose());
const standby = await startPostgres({ standbyOf: primary });
after(() => standby.dispose());
const file = join(folder, 'password');

async function prepare(): Promise<{ url: string; replicaUrl: string }> {
  const database = await primary.createDatabase();
  await primary.query(`DROP ROLE IF EXISTS ${database}; CREATE ROLE ${database} LOGIN`);
  await primary.query(`ALTER DATABASE ${database} OWNER TO ${database}`);
  await changeDatabase(database, 'first');
  await changeFile('first');
  const of = ({ port }: TestPostgres) => `postgres://${database}@127.0.0.1:${port}/${database}`;
  return { url: of(primary), replicaUrl: of(standby) };
}

async function changeDatabase(role: string, password: string): Promise<void> {
  await primary.query(`ALTER ROLE ${role} PASSWORD '${password}'`);
}

/** As a mounted secret changes: at once. */
async function changeFile(password: string): Promise<void> {
  await writeFile(`${file}.new`, password);
  await rename(`${file}.new`, file);
}

/** All connections of a role are gone, and one that is tried after that was refused. */
async function untilRefused(server: TestPostgres, role: string): Promise<void> {
  const refusals = () => server.log().split(`password authentication failed for user "${role}"`).length;
  const before = refusals();
  await eventually('a new connection is refused', async () => {
    await cut(server, role);
    return refusals() > before;
  });
}

async function cut(server: TestPostgres, role: string): Promise<void> {
  await server.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${role}'`,
  );
}

async function connections(server: TestPostgres, role: string): Promise<number> {
  const rows = await server.query(`SELECT FROM pg_stat_activity WHERE usename = '${role}'`);
  return rows.length;
}

async function startOn(
  env: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<StartedDaybook> {
  const config = join(folder, 'daybook.config.json');
  await writeFile(config, JSON.stringify(settings));
  return startDaybook({
    dataDir: await mkdtemp(join(folder, 'data-')),
    env: { DAYBOOK_CONFIG: config, DAYBOOK_STORE_PASSWORD_FROM: `file:${file}`, ...env },
  });
}

test('without a queue, writes are refused only while nobody can connect, and none is lost', async () => {
  const { url, replicaUrl } = await prepare();
  const role = new URL(url).username;
  const daybook = await startOn({
    DAYBOOK_STORE: url,
    DAYBOOK_STORE_REPLICA: replicaUrl,
    DAYBOOK_QUEUE: 'none',
  });
  try {
    const journal = createJournal('rotation-test-key');
    const refused: string[] = [];
    const failed: string[] = [];
    let canConnect = true;
    const writers = startWriters({
      address: daybook.address,
      journal,
      roles: ROLES,
      pauseMs: 5,
      onFailure: ({ body }) => (canConnect ? failed : refused).push(body),
    });
    await writers.acknowledged(100);

    // What is connected stays so, and what is connected later has the new password.
    await changeDatabase(role, 'second');
    await writers.acknowledged(100);
    await changeFile('second');
    const before = await connections(standby, role);
    await Promise.all(Array.from({ length: 20 }, () => readAll(daybook.address)));
    assert.ok((await connections(standby, role)) > before);
    await writers.acknowledged(100);

    canConnect = false;
    await changeDatabase(role, 'third');
    await untilRefused(primary, role);
    await changeFile('third');
    await writers.acknowledged(100);
    canConnect = true;
    await writers.acknowledged(100);

    canConnect = false;
    await changeFile('fourth');
    await untilRefused(primary, role);
    await changeDatabase(role, 'fourth');
    await writers.acknowledged(100);
    canConnect = true;
    await cut(standby, role);
    await eventually('the replica answers', async () => (await readAll(daybook.address)).length > 0);
    await writers.acknowledged(100);
    await writers.stop();

    assert.deepEqual([...writers.failures, ...failed], []);
    assert.ok(refused.length > 0);
    for (const line of refused
      .flatMap((body) => body.split('\n'))
      .filter((text) => text.includes('"code"'))) {
      const { code, outcome } = JSON.parse(line) as { code: string; outcome: string };
      assert.equal(code, 'STORE_UNAVAILABLE', line);
      assert.ok(outcome === 'not-written' || outcome === 'unknown', line);
    }
    await eventually('the replica has everything', async () => {
      return compare(await readAll(daybook.address), journal).lost.length === 0;
    });
    const found = await readAll(daybook.address);
    assertNothingWrong(compare(found, journal), 'after three rotations');
    await assertLedgerBalances(daybook, found.length);
  } finally {
    await daybook.stop();
  }
});

test('with a queue every write is taken meanwhile, and no entry is held to account for the password', async () => {
  const { url } = await prepare();
  const role = new URL(url).username;
  const daybook = await startOn(
    { DAYBOOK_STORE: url, DAYBOOK_QUEUE: 'sqlite:' },
    { queue: { allowEphemeral: true } },
  );
  try {
    const journal = createJournal('rotation-test-key');
    const writers = startWriters({ address: daybook.address, journal, roles: ROLES, pauseMs: 20 });
    await writers.acknowledged(100);
    await changeDatabase(role, 'second');
    await untilRefused(primary, role);
    await writers.acknowledged(100);
    assert.equal((await fetch(`${daybook.address}/readyz`)).status, 200);
    await changeFile('second');
    await writers.acknowledged(100);
    await writers.stop();
    assert.deepEqual(writers.failures, []);
    await eventually('everything is stored', async () => {
      return compare(await readAll(daybook.address), journal).lost.length === 0;
    });
    const found = await readAll(daybook.address);
    assertNothingWrong(compare(found, journal), 'after the rotation');
    await assertLedgerBalances(daybook, found.length);
    const headers = { authorization: `Bearer ${await daybook.adminKey()}` };
    const dead = await fetch(`${daybook.address}/api/dead-letters`, { headers });
    assert.deepEqual(((await dead.json()) as { deadLetters: unknown[] }).deadLetters, []);
  } finally {
    await daybook.stop();
  }
});
