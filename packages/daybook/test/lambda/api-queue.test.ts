/** The function of the API in front of SQS: acknowledged by the queue, whatever the table does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { loadConfig } from '../../src/config/load.ts';
import type { EntryPage, EntryState, Receipt } from '../../src/contract/messages.ts';
import { createApiHandler } from '../../src/lambda/api.ts';
import type { FrontResult } from '../../src/lambda/front-result.ts';
import { createHealthHandler } from '../../src/lambda/health.ts';
import { createPersisterHandler } from '../../src/lambda/persister.ts';
import { hear } from './api-function.ts';
import type { SentRequest } from './front-events.ts';
import { frontEvent } from './front-events.ts';
import type { Place } from './queue-functions.ts';
import { startSurroundings } from './queue-functions.ts';

const { tables, enter } = await startSurroundings();

async function start() {
  const place: Place = await enter();
  const load = () => loadConfig({}, place.environment);
  const handler = createApiHandler({ load, write: () => undefined });
  const call = async (sent: SentRequest, remainingMs = 29_000) =>
    hear(
      (await handler(frontEvent('rest-api', sent), {
        getRemainingTimeInMillis: () => remainingMs,
      })) as FrontResult,
    );
  return { place, load, call };
}

const POST = { method: 'POST', target: '/app' } as const;

test('an entry is queued, pending, and then stored by the persister', async () => {
  const { place, call } = await start();
  const written = await call({ ...POST, body: 'one' });
  assert.equal(written.status, 202, written.text);
  const { id, status } = written.json<Receipt>();
  assert.equal(status, 'queued');
  const pending = await call({ target: `/app/${id}` });
  assert.deepEqual([pending.status, pending.json<EntryState>().status], [202, 'pending']);
  const persister = createPersisterHandler(place.openParts());
  assert.deepEqual(await place.invoke(persister, await place.receive()), []);
  assert.equal((await call({ target: `/app/${id}` })).status, 200);
  const page = (await call({ target: '/app' })).json<EntryPage>();
  assert.deepEqual([page.entries.length, page.settledThrough], [1, null]);
});

test('while the table is away entries are acknowledged, by a function that never reached it', async () => {
  const { call, load } = await start();
  tables.proxy.treat = () => 'drop';
  try {
    assert.equal((await call(POST)).status, 202);
    const key = [['idempotency-key', 'a-key-that-nobody-guesses']] as const;
    const keyed = await call({ ...POST, headers: key }, 8_000);
    assert.deepEqual([keyed.status, keyed.json<Receipt>().duplicate], [202, null]);
    assert.equal((await call({ target: '/readyz' })).status, 200);
    const health = createHealthHandler({ load, write: () => undefined });
    const context = { getRemainingTimeInMillis: () => 4_000 };
    assert.equal((await health(frontEvent('rest-api', { target: '/readyz' }), context)).statusCode, 200);
    assert.equal((await call({ target: '/app' }, 3_000)).status, 503);
  } finally {
    tables.proxy.treat = () => 'pass';
  }
  assert.equal((await call({ target: '/app' })).status, 200);
});

test('a write that prefers to wait is answered within the time of the function', async () => {
  const { call } = await start();
  const headers = [['prefer', 'wait=30']] as const;
  const written = await call({ ...POST, headers }, 3_000);
  assert.equal(written.status, 202);
  assert.match(written.headers.get('preference-applied') ?? 'wait=0', /^wait=[01]$/);
});
