/**
 * Weighted routing and failover by the numbers of the template: callers of two real servers, one in each region of a
 * replicated table, whose names are resolved and checked in simulated time. One region is drained, then one is killed; how
 * many requests fail and for how long is printed.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { readAll } from '../../../daybook/test/support/audit.ts';
import { hasJava } from '../../../daybook/test/support/dynamodb-local.ts';
import { eventually } from '../../../daybook/test/support/eventually.ts';
import type { StartedDaybook } from '../../../daybook/test/support/start-daybook.ts';
import type { TwoRegions } from '../../../daybook/test/regions/two-regions.ts';
import { startTwoRegions } from '../../../daybook/test/regions/two-regions.ts';
import { createChance } from '../../../daybook/src/testing/simulated-time.ts';
import { REGIONS_TOPOLOGY, skipTemplateCheck, synthesize } from '../support/topologies.ts';
import type { NameService, Route } from './name-service.ts';
import { createNameService, routesOf } from './name-service.ts';

skipTemplateCheck();

const SEED = 53;
const CALLERS = 10;
const HEALTH_LIMIT_MS = 2_000;

interface Caller {
  route: Route;
  /** Simulated: until then it does not ask again. */
  validUntil: number;
}

interface Stretch {
  requests: number;
  failed: number;
  /** Simulated seconds since the fault. */
  lastFailure: number | undefined;
  /** Since when nobody comes to the region any more. */
  leftAfter: number | undefined;
}

/** From the fault until the last caller has left, by the records and checks. */
const longest = ({ intervalSeconds, failures, ttlSeconds }: Route): number =>
  intervalSeconds * failures + ttlSeconds;

function print(what: string, { requests, failed, lastFailure, leftAfter }: Stretch): void {
  const until = lastFailure === undefined ? '' : `, the last ${lastFailure + 1} s after it`;
  process.stdout.write(
    `  ${what}: ${failed} of ${requests} requests failed${until}; all callers left after ${leftAfter} s\n`,
  );
}

describe('two regions behind one name', { skip: !hasJava && 'DynamoDB Local needs Java' }, () => {
  const chance = createChance(SEED);
  const acknowledged = new Set<string>();
  const servers = new Map<string, StartedDaybook>();
  let routes: readonly Route[];
  let names: NameService;
  let two: TwoRegions;
  let callers: Caller[];
  let second = 0;

  before(async () => {
    routes = routesOf((await synthesize(REGIONS_TOPOLOGY, 'prd')).templates.values());
    names = createNameService(routes, chance);
    two = await startTwoRegions(SEED);
    two.replicator.lag = { leastMs: 0, mostMs: 100 };
    await Promise.all(
      two.regions.map(async (region) => servers.set(region.name, await region.startServer())),
    );
    // Their answers were resolved at different times.
    callers = Array.from({ length: CALLERS }, () => {
      const route = names.resolve();
      return { route, validUntil: chance() * route.ttlSeconds };
    });
  });
  after(() => two?.dispose());

  const serverOf = (region: string): StartedDaybook => servers.get(region) as StartedDaybook;

  async function isWell({ region, path }: Route): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(HEALTH_LIMIT_MS);
      const answer = await fetch(serverOf(region).address + path, { signal });
      await answer.body?.cancel();
      return answer.status >= 200 && answer.status < 400;
    } catch {
      return false;
    }
  }

  async function call(caller: Caller): Promise<boolean> {
    if (second >= caller.validUntil) {
      caller.route = names.resolve();
      caller.validUntil = second + caller.route.ttlSeconds;
    }
    try {
      const { address } = serverOf(caller.route.region);
      const answer = await fetch(`${address}/app`, { method: 'POST', body: `${second}` });
      const body = (await answer.json()) as { id?: string };
      if (answer.status !== 201 || body.id === undefined) return false;
      acknowledged.add(body.id);
      return true;
    } catch {
      return false;
    }
  }

  /** One request of each caller a second. @param region whose callers are watched. */
  async function pass(seconds: number, region: string): Promise<Stretch> {
    const stretch: Stretch = { requests: 0, failed: 0, lastFailure: undefined, leftAfter: undefined };
    for (let passed = 0; passed < seconds; passed += 1, second += 1) {
      await names.tick(second, isWell);
      const results = await Promise.all(callers.map(call));
      const failed = results.filter((well) => !well).length;
      stretch.requests += results.length;
      stretch.failed += failed;
      if (failed > 0) stretch.lastFailure = passed;
      const stays = callers.some(({ route }) => route.region === region);
      stretch.leftAfter = stays ? undefined : (stretch.leftAfter ?? passed);
    }
    return stretch;
  }

  async function drain(region: string, drained: boolean): Promise<void> {
    const server = serverOf(region);
    const headers = {
      authorization: `Bearer ${await server.adminKey()}`,
      'content-type': 'application/json',
    };
    const body = JSON.stringify({ drained, ...(drained && { reason: 'a test' }) });
    const answer = await fetch(`${server.address}/api/drain`, { method: 'POST', headers, body });
    assert.equal(answer.status, 200, await answer.text());
  }

  const shareOf = (region: string): number =>
    callers.filter(({ route }) => route.region === region).length / callers.length;

  test('the template shares callers half and half, and has them leave within forty seconds', async () => {
    assert.deepEqual(
      routes.map(({ region, weight }) => [region, weight]),
      two.regions.map(({ name }) => [name, 50]),
    );
    for (const route of routes) {
      assert.equal(longest(route), 40);
      assert.equal(route.path, '/readyz');
    }
    const given = Array.from({ length: 2_000 }, () => names.resolve().region);
    const here = given.filter((region) => region === routes[0]?.region).length / given.length;
    assert.ok(Math.abs(here - 0.5) < 0.05, String(here));
    const { failed } = await pass(25, '');
    assert.equal(failed, 0);
  });

  test('a region that is drained is left without a single failed request, and found again', async () => {
    const [route] = routes as readonly [Route, Route];
    await drain(route.region, true);
    await eventually('its readiness fails', async () => !(await isWell(route)));
    const away = await pass(longest(route) + 5, route.region);
    print('drained', away);
    assert.equal(away.failed, 0);
    assert.ok((away.leftAfter ?? Infinity) <= longest(route), String(away.leftAfter));
    await drain(route.region, false);
    await eventually('its readiness is back', () => isWell(route));
    const back = await pass(longest(route) + 5, route.region);
    assert.equal(back.failed, 0);
    assert.ok(shareOf(route.region) > 0);
  });

  test('a region that is killed costs the requests of its callers until they have left, and nothing that was acknowledged', async () => {
    const [, route] = routes as readonly [Route, Route];
    await serverOf(route.region).kill();
    const away = await pass(longest(route) + 5, route.region);
    print('killed', away);
    assert.ok(away.failed > 0 && away.failed < away.requests / 2, String(away.failed));
    assert.ok((away.lastFailure ?? Infinity) < longest(route), String(away.lastFailure));
    const region = two.regions.find(({ name }) => name === route.region);
    servers.set(route.region, (await region?.startServer()) as StartedDaybook);
    const back = await pass(longest(route) + 5, route.region);
    assert.equal(back.failed, 0);
    assert.ok(shareOf(route.region) > 0);

    await two.replicator.settled();
    for (const { address } of servers.values()) {
      const found = new Set((await readAll(address)).map(({ id }) => id));
      const lost = [...acknowledged].filter((id) => !found.has(id));
      assert.deepEqual(lost, []);
    }
    process.stdout.write(`  acknowledged ${acknowledged.size}, lost 0 in either region\n`);
  });
});
