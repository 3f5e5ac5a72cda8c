/**
 * Two regions that share a table of DynamoDB Local: one is drained by one of its functions, and every server and function
 * of it knows within seconds; the other region is not affected.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { DaybookConfig } from '../../src/config/schema.ts';
import { createHealthHandler } from '../../src/lambda/health.ts';
import { assertProblem } from '../http/assert-problem.ts';
import { startService } from '../http/service.ts';
import type { ApiFunction } from '../lambda/api-function.ts';
import { apiFunction, FULL_TIME_MS, hear, startTables } from '../lambda/api-function.ts';
import { frontEvent } from '../lambda/front-events.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import { eventually } from '../support/eventually.ts';

const skip = hasJava ? false : 'needs Java';
const tables = hasJava ? await startTables() : undefined;
const [HERE, THERE] = ['eu-west-1', 'us-west-2'] as const;
/** As the authorizer of the gateway passes it on. */
const OPERATOR = { subject: 'ops', roles: 'admin', issuer: 'example', exp: '32503680000' };

function start(region: string): ApiFunction {
  assert.ok(tables);
  return apiFunction(tables, { region });
}

/** A server of the same region, on the same table. */
function serverOf({ config }: ApiFunction): DaybookConfig {
  return { store: config.store, queue: 'none', region: config.region };
}

/** What a health check hears from the function that it asks, of an environment that was never asked before. */
async function readiness({ config }: ApiFunction): Promise<Response> {
  const health = createHealthHandler({ load: async () => config, write: () => undefined });
  const event = frontEvent('alb', { target: '/readyz' });
  const { status, headers, text } = hear(
    await health(event, { getRemainingTimeInMillis: () => FULL_TIME_MS }),
  );
  return new Response(text, { status, headers });
}

async function drain(api: ApiFunction, drained: boolean): Promise<unknown> {
  const answer = await api.call('rest-api', {
    method: 'POST',
    target: '/api/drain',
    headers: [['authorization', 'Bearer a-token']],
    authorizer: OPERATOR,
    body: JSON.stringify({ drained, ...(drained && { reason: 'failover' }) }),
  });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

test('a region is drained alone, on every server and function of it', { skip }, async () => {
  const here = start(HERE);
  const there = here.another({ region: THERE });
  const server = await startService(serverOf(here));
  const elsewhere = await startService(serverOf(there));
  for (const api of [here, there]) {
    assert.equal((await api.call('alb', { method: 'POST', target: '/app' })).status, 201);
    assert.equal((await readiness(api)).status, 200);
  }
  // Asked before, so that what it knows is old.
  const asked = here.another();
  assert.equal((await asked.call('alb', { target: '/readyz' })).status, 200);

  const view = (await drain(here, true)) as { since: string };
  const { since } = view;
  assert.deepEqual(view, { region: HERE, drained: true, since, by: 'ops', reason: 'failover' });
  const { detail } = await assertProblem(await readiness(here), 'REGION_DRAINED', { kind: 'read' });
  assert.equal(detail, `region ${HERE} was drained by ops at ${since}: failover`);
  assert.equal((await here.call('alb', { target: '/readyz' })).status, 503);
  await eventually('another environment knows', async () => {
    return (await asked.call('alb', { target: '/readyz' })).status === 503;
  });
  await eventually('a server knows', async () => (await server.fetch('/readyz')).status === 503);
  // Writes go on, and the other region is as it was.
  assert.equal((await here.call('alb', { method: 'POST', target: '/app' })).status, 201);
  assert.equal((await readiness(there)).status, 200);
  assert.equal((await there.call('alb', { target: '/readyz' })).status, 200);
  assert.equal((await elsewhere.fetch('/readyz')).status, 200);

  // What the other region says is about itself.
  assert.deepEqual(await drain(there, false), {
    region: THERE,
    drained: false,
    since: null,
    by: null,
    reason: null,
  });
  assert.equal((await readiness(here)).status, 503);
  await drain(asked, false);
  assert.equal((await readiness(here)).status, 200);
  await eventually('the server is back', async () => (await server.fetch('/readyz')).status === 200);
});

test('two that are asked at once are ended together', { skip }, async () => {
  const here = start(HERE);
  const other = here.another();
  await here.call('alb', { target: '/readyz' });
  await other.call('alb', { target: '/readyz' });
  await Promise.all([drain(here, true), drain(other, true)]);
  assert.equal((await readiness(here)).status, 503);
  await drain(here.another(), false);
  assert.equal((await readiness(here)).status, 200);
});
