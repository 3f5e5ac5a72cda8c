/**
 * The three tiers of the template as processes on this machine, behind its balancer's rules, over its database, its replica
 * and its queue: what happens to callers when a task is killed, a version is exchanged, the database is started anew, and
 * its password is rotated.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';

import { eventually } from '../../../../daybook/test/support/eventually.ts';
import { exchangeOnce, openConnection } from '../../../../daybook/test/support/exchange.ts';
import { createJournal } from '../../../../daybook/test/support/journal.ts';
import type { TestPostgres } from '../../../../daybook/test/support/postgres.ts';
import { resendUnacknowledged } from '../../../../daybook/test/support/resend.ts';
import { writeOne } from '../../../../daybook/test/support/writers.ts';
import { merge } from '../../../src/config/merge.ts';
import { HAPROXY } from './balancer.ts';
import { assertAllFound, startLoad } from './load.ts';
import type { LocalTiers } from './local-tiers.ts';
import { openTiers } from './local-tiers.ts';
import type { TierPlan } from './tiers-plan.ts';

/** Entries that are acknowledged before, during and after whatever happens. */
const SOME = 60;
const missing = spawnSync(HAPROXY, ['-v']).error !== undefined && 'HAProxy is not installed';

describe('three tiers on this machine', { skip: missing }, () => {
  const journal = createJournal('three-tiers-key');
  let tiers: LocalTiers;

  before(async () => {
    tiers = await openTiers();
  });
  after(() => tiers?.close());

  const tasksOf = (...names: readonly ('web' | 'api' | 'persister')[]) =>
    names.flatMap((name) => tiers.services[name].tasks);
  const pids = () => tasksOf('web', 'api', 'persister').map(({ server }) => server.pid);

  async function post(): Promise<{ readonly id: string; readonly status: string }> {
    const connection = openConnection(tiers.balancer.url);
    try {
      const answer = await writeOne(connection, 'app', journal.attempt(), journal);
      return JSON.parse(answer.body) as { id: string; status: string };
    } finally {
      connection.close();
    }
  }

  async function storedAt(id: string): Promise<boolean> {
    const { primary, name } = tiers.database;
    return (await primary.query(`SELECT FROM daybook.entries WHERE id = '${id}'`, name)).length === 1;
  }

  async function listed(id: string): Promise<boolean> {
    const { status, body } = await exchangeOnce(tiers.balancer.url, { path: '/app?limit=1000' });
    assert.equal(status, 200, body);
    return body.includes(id);
  }

  test('an entry that was posted goes through the queue into the database, and is read back with who called and how', async () => {
    const { id, status } = await post();
    assert.equal(status, 'queued');
    await eventually('the persister stored it', () => storedAt(id));
    const answer = await exchangeOnce(tiers.balancer.url, {
      path: `/app/${id}`,
      headers: { accept: 'application/json' },
    });
    const entry = JSON.parse(answer.body) as Readonly<Record<string, unknown>>;
    assert.deepEqual(
      [answer.status, entry['protocol'], entry['region'], entry['clientIp']],
      [200, 'https', 'eu-west-1', '127.0.0.0'],
    );
    await assertAllFound(tiers, journal, 'after a post');
  });

  test('pages come from the tier web, with the time that its database has; everything else is the API’s', async () => {
    const page = await exchangeOnce(tiers.balancer.url, { path: '/', headers: { accept: 'text/html' } });
    const [, time = ''] = /The register’s time is <time datetime="([^"]+)"/.exec(page.body) ?? [];
    const [row] = await tiers.database.primary.query<{ now: Date }>('SELECT now()');
    assert.equal(page.status, 200);
    assert.ok(Math.abs(Date.parse(time) - Number(row?.now)) < 60_000, time);
    const asset = await exchangeOnce(tiers.balancer.url, { path: '/assets/daybook.css' });
    assert.equal(asset.status, 200);
    const unknown = await exchangeOnce(tiers.balancer.url, { path: '/nothing/here' });
    assert.equal((JSON.parse(unknown.body) as { code: string }).code, 'NOT_FOUND');
  });

  test('lists are read from the replica, and every connection to either is encrypted', async () => {
    const { primary, replica, user } = tiers.database;
    await replica.query('SELECT pg_wal_replay_pause()');
    try {
      const { id } = await post();
      await eventually('the persister stored it', () => storedAt(id));
      assert.equal(await listed(id), false);
      await replica.query('SELECT pg_wal_replay_resume()');
      await eventually('the list has it', () => listed(id));
    } finally {
      await replica.query('SELECT pg_wal_replay_resume()');
    }
    for (const server of [primary, replica]) {
      const rows = await server.query<{ ssl: boolean }>(
        `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = '${user}'`,
      );
      assert.ok(rows.length > 0);
      assert.ok(rows.every(({ ssl }) => ssl));
    }
  });

  test('a task of the API that is killed costs the requests that were sent to it, and nothing that was acknowledged', async () => {
    const { api } = tiers.services;
    const failedBefore = tiers.balancer.failed.length;
    const load = startLoad(tiers, journal);
    await load.acknowledged(SOME);
    const [victim] = api.tasks;
    assert.ok(victim?.target);
    const { target } = victim;
    // What it is sent from here on is in flight when it is killed.
    process.kill(victim.server.pid, 'SIGSTOP');
    const sentBefore = await target.sent();
    await eventually('it was sent a request', async () => (await target.sent()) > sentBefore);
    await victim.server.kill();
    await load.acknowledged(SOME);
    await api.steady();
    await load.acknowledged(SOME);
    await load.stop();
    assert.ok(api.tasks.every(({ server }) => server.pid !== victim.server.pid));
    const failed = tiers.balancer.failed.slice(failedBefore);
    assert.ok(failed.length > 0);
    assert.deepEqual(
      failed.filter((request) => request.target !== target.name),
      [],
    );
    assert.equal(load.failures.length, failed.length, JSON.stringify(load.failures));
    const repeated = await resendUnacknowledged(tiers.balancer.url, journal);
    assert.deepEqual(journal.unacknowledgedKeyed(), []);
    process.stdout.write(`  killed: ${failed.length} requests failed, ${repeated.entries} repeated by key\n`);
    await assertAllFound(tiers, journal, 'after a task was killed');
  });

  test('a version is exchanged for another in all tiers without a single request that fails', async () => {
    const before = pids();
    const failedBefore = tiers.balancer.failed.length;
    const load = startLoad(tiers, journal, { reading: true });
    await load.acknowledged(SOME);
    for (const tier of ['persister', 'api', 'web'] as const) {
      const service = tiers.services[tier];
      const next = withConfig(tiers.plans[tier], { registers: { exchanged: { access: 'open' } } });
      assert.equal(await service.deploy(next), 'completed');
      assert.ok(service.fewest >= next.tasks.min, `${tier}: ${service.fewest}`);
      await load.acknowledged(SOME);
    }
    const answered = await load.stop();
    assert.deepEqual([load.failures, tiers.balancer.failed.slice(failedBefore)], [[], []]);
    assert.ok(answered > 0);
    assert.equal(pids().filter((pid) => before.includes(pid)).length, 0);
    const answer = await exchangeOnce(tiers.balancer.url, { path: '/exchanged' });
    assert.equal(answer.status, 200, answer.body);
    await assertAllFound(tiers, journal, 'after a deployment');
  });

  test('a version that does not become well is taken back, and nobody notices', async () => {
    const { api } = tiers.services;
    const before = pids();
    const load = startLoad(tiers, journal);
    await load.acknowledged(SOME);
    const broken = withConfig(tiers.plans.api, { registers: { 'no name': {} } });
    assert.equal(await api.deploy(broken), 'rolled-back');
    await load.acknowledged(SOME);
    await load.stop();
    assert.deepEqual([load.failures, pids(), api.fewest], [[], before, tiers.plans.api.tasks.min]);
    await assertAllFound(tiers, journal, 'after a deployment that was taken back');
  });

  test('while the database crashes and starts anew every write is acknowledged, and found once afterwards', async () => {
    const { primary } = tiers.database;
    const before = pids();
    const load = startLoad(tiers, journal);
    await load.acknowledged(SOME);
    await primary.stop('immediate');
    await load.acknowledged(SOME);
    for (const { server } of tasksOf('api'))
      assert.equal((await fetch(`${server.address}/readyz`)).status, 200);
    await primary.start();
    await load.acknowledged(SOME);
    await load.stop();
    assert.deepEqual([load.failures, pids()], [[], before]);
    await assertAllFound(tiers, journal, 'after the database was started anew');
  });

  test('the password is rotated under load: no write fails, and no process is started anew', async () => {
    const { primary, replica, changePassword } = tiers.database;
    const before = pids();
    const load = startLoad(tiers, journal);
    await load.acknowledged(SOME);
    const { rotated } = await changePassword('the-second');
    // What is connected stays so; to see what comes of the rest, nothing stays connected.
    await refuseOnce(primary);
    await load.acknowledged(SOME);
    rotated();
    await cut(replica);
    await load.acknowledged(SOME);
    for (const { server } of tasksOf('api', 'persister'))
      await eventually('it has the new one', async () => server.stdout().includes('store-password-renewed'));
    await load.stop();
    assert.deepEqual([load.failures, pids()], [[], before]);
    await assertAllFound(tiers, journal, 'after a rotation');
  });

  async function cut(server: TestPostgres): Promise<void> {
    const role = tiers.database.user;
    await server.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${role}'`,
    );
  }

  /** Nobody is connected any more, and somebody was refused. */
  async function refuseOnce(server: TestPostgres): Promise<void> {
    const refusals = () => server.log().split('password authentication failed').length;
    const before = refusals();
    await eventually('a connection is refused', async () => {
      await cut(server);
      return refusals() > before;
    });
  }
});

/** The task definition that a change of the deployment's configuration gives. */
function withConfig(plan: TierPlan, change: Readonly<Record<string, unknown>>): TierPlan {
  const [head = '', base64 = ''] = (plan.variables['DAYBOOK_CONFIG'] ?? '').split('base64,');
  const config = JSON.parse(Buffer.from(base64, 'base64').toString()) as Readonly<Record<string, unknown>>;
  const changed = Buffer.from(JSON.stringify(merge(config, change))).toString('base64');
  return { ...plan, variables: { ...plan.variables, DAYBOOK_CONFIG: `${head}base64,${changed}` } };
}
