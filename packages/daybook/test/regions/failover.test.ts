/**
 * Two regions under load from both sides: one is killed, drained, cut off for long, and comes back. Nothing that was
 * acknowledged is lost or changed, tails of both regions are complete and give nothing twice, ledgers balance.
 *
 * Ten minutes of lag are scaled to two seconds; DAYBOOK_TEST_LAG_MS=600000 takes them as they are.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { TailPageView } from '../../src/contract/messages.ts';
import { readEvents } from '../http/event-reader.ts';
import { assertLedgerBalances, assertNothingWrong, compare, readAll } from '../support/audit.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import { eventually } from '../support/eventually.ts';
import type { Fate, Journal } from '../support/journal.ts';
import { createJournal } from '../support/journal.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import type { WriterRole } from '../support/writers.ts';
import { startWriters } from '../support/writers.ts';
import type { Region, TwoRegions } from './two-regions.ts';
import { startTwoRegions } from './two-regions.ts';

const LAG_MS = Number(process.env['DAYBOOK_TEST_LAG_MS'] ?? 2_000);
const ROLES: readonly WriterRole[] = ['single', 'keyed', 'batch', 'keyed-batch'];
/** Nobody is told that an outcome is unknown because DynamoDB Local is slow on a busy machine. */
const PATIENT = { answerWithinMs: 60_000, shutdownGraceMs: 10_000 };
/** So that an outage is short. */
const IMPATIENT = { answerWithinMs: 1_500, shutdownGraceMs: 2_000 };
const SMALL_LAG = { leastMs: 0, mostMs: 150 };

/** Follows `app` from its start, by long polls with one cursor, each at the server that is asked for then. */
function startFollower(where: () => StartedDaybook) {
  const ids: string[] = [];
  const failures: string[] = [];
  let query = 'from=start';
  let stopped = false;

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        const answer = await fetch(`${where().address}/app?live=long-poll&wait=1&${query}`);
        const text = await answer.text();
        if (answer.status !== 200) {
          failures.push(`${answer.status} ${text}`);
          await sleep(50);
          continue;
        }
        const page = JSON.parse(text) as TailPageView;
        ids.push(...page.entries.map(({ id }) => id));
        query = `cursor=${page.nextCursor}`;
      } catch {
        // The server is gone: the next one is asked.
        await sleep(50);
      }
    }
  }

  const running = run();
  return {
    ids,
    failures,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

async function assertSeen(ids: readonly string[], expected: readonly string[], who: string): Promise<void> {
  await eventually(`${who} has all`, async () => ids.length >= expected.length, { withinMs: 20_000 }).catch(
    () => undefined,
  );
  assert.equal(new Set(ids).size, ids.length, `${who}: none twice`);
  assert.deepEqual(ids.toSorted(), expected.toSorted(), who);
}

describe('two regions under load', { skip: !hasJava && 'DynamoDB Local needs Java' }, () => {
  let two: TwoRegions;
  let folder: string;
  const servers: StartedDaybook[] = [];
  const journals: [Journal, Journal] = [createJournal('key-of-here'), createJournal('key-of-there')];
  const failures: string[] = [];

  async function start(region: Region, limits = PATIENT): Promise<StartedDaybook> {
    const config = join(folder, `${limits.answerWithinMs}.config.json`);
    await writeFile(config, JSON.stringify({ limits }));
    return region.startServer({ env: { DAYBOOK_CONFIG: config } });
  }
  const serverOf = (side: 0 | 1): StartedDaybook => servers[side] as StartedDaybook;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daybook-regions-'));
    two = await startTwoRegions(13);
    two.replicator.lag = SMALL_LAG;
    servers.push(...(await Promise.all(two.regions.map((region) => start(region)))));
  });
  after(async () => {
    await two?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const writeTo = (side: 0 | 1, onFailure?: () => void) =>
    startWriters({
      address: serverOf(side).address,
      journal: journals[side],
      roles: ROLES,
      batchLines: 5,
      pauseMs: 15,
      ...(onFailure && { onFailure }),
    });

  /** Both replicas hold every acknowledged entry, as it was sent, and what the other holds. */
  async function assertAllThere(): Promise<string[]> {
    await two.replicator.settled();
    const [here, there] = await Promise.all(servers.map(({ address }) => readAll(address)));
    assert.ok(here !== undefined && there !== undefined);
    assert.deepEqual(
      there.map(({ line }) => line),
      here.map(({ line }) => line),
    );
    for (const [side, name] of two.regions.map((region) => [region.side, region.name] as const)) {
      const own = here.filter(({ line }) => line.includes(`"region":"${name}"`));
      assertNothingWrong(compare(own, journals[side]), name);
    }
    for (const server of servers) await assertLedgerBalances(server, here.length);
    assert.deepEqual([...two.replicator.conflicts], []);
    return here.map(({ id }) => id);
  }

  test('both sides write; one is killed, one drained, one cut off; all come back', async () => {
    let at: 0 | 1 = 0;
    let turn = 0;
    const hopping = startFollower(() => serverOf((turn += 1) % 3 === 0 ? at : ((turn % 2) as 0 | 1)));
    const staying = startFollower(() => serverOf(1));
    const events = await readEvents(`${serverOf(1).address}/app?from=start`);
    const streamed: string[] = [];
    const streaming = (async () => {
      for (let event = await events.next(); event !== undefined; event = await events.next())
        streamed.push(event.entry.id);
    })();

    // Both sides at the same time.
    let [here, there] = [writeTo(0), writeTo(1)];
    await Promise.all([here.acknowledged(100), there.acknowledged(100)]);

    // One is killed in the middle of it, and the other goes on.
    await serverOf(0).kill();
    await here.ended;
    at = 1;
    failures.push(...here.failures);
    await there.acknowledged(60);
    servers[0] = await start(two.regions[0]);
    here = writeTo(0);
    await Promise.all([here.acknowledged(60), there.acknowledged(60)]);

    // One is drained: what it takes on it finishes.
    const drained = serverOf(0).stop();
    await here.ended;
    assert.equal((await drained).exitCode, 0);
    failures.push(...here.failures);
    await there.acknowledged(40);
    servers[0] = await start(two.regions[0]);

    // What one writes comes ten minutes late, the other way nothing comes at all.
    two.replicator.lag = { leastMs: 0, mostMs: LAG_MS };
    two.replicator.cut(1);
    here = writeTo(0);
    await Promise.all([here.acknowledged(60), there.acknowledged(60)]);
    await Promise.all([here.stop(), there.stop()]);
    failures.push(...here.failures, ...there.failures);
    two.replicator.resume(1);

    const all = await assertAllThere();
    two.replicator.lag = SMALL_LAG;
    await assertSeen(staying.ids, all, 'a client that stays');
    await assertSeen(hopping.ids, all, 'a client that hops');
    await assertSeen(streamed, all, 'a stream of events');
    events.close();
    await Promise.all([hopping.stop(), staying.stop(), streaming]);
    assert.deepEqual(
      failures.filter((failure) => !failure.includes('DRAINING')),
      [],
    );
    assert.deepEqual(
      hopping.failures.filter((failure) => !failure.includes('DRAINING')),
      [],
    );
    assert.deepEqual(staying.failures, []);
    const acknowledged = journals.map(({ acknowledgements }) => acknowledgements.size);
    process.stdout.write(
      `  acknowledged ${acknowledged.join(' and ')} · found ${all.length} in each · copied ${two.replicator.counts.copied} items, ${two.replicator.counts.overtaken} overtaken\n`,
    );
  });

  test('a region whose database is out of reach refuses, and has all when it is back', async () => {
    const [region] = two.regions;
    await serverOf(0).stop();
    servers[0] = await start(region, IMPATIENT);
    const before = journals[0].acknowledgements.size;
    for (const side of [0, 1] as const) two.replicator.cut(side);
    region.proxy.treat = () => 'drop';
    const there = writeTo(1);
    const left = eventually(
      'it leaves',
      async () => (await fetch(`${serverOf(0).address}/readyz`)).status === 503,
    );
    const attempt = journals[0].attempt();
    const refused = await fetch(`${serverOf(0).address}/app`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: attempt.payload,
    });
    const problem = (await refused.json()) as { code: string; outcome: Fate };
    assert.deepEqual([refused.status, problem.code], [503, 'STORE_UNAVAILABLE']);
    journals[0].refuse(attempt, problem.outcome);
    await left;
    await there.acknowledged(30);
    region.proxy.treat = () => 'pass';
    for (const side of [0, 1] as const) two.replicator.resume(side);
    await eventually('it returns', async () => (await fetch(`${serverOf(0).address}/readyz`)).status === 200);
    const here = writeTo(0);
    await here.acknowledged(40);
    await Promise.all([here.stop(), there.stop()]);
    assert.deepEqual(there.failures, []);
    assert.ok(journals[0].acknowledgements.size > before);
    await assertAllThere();
  });
});
