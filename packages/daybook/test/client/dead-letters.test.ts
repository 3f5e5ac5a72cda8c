/** The client's part for dead letters: pages, outcomes and errors as the server gives them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createClient } from '../../src/client/index.ts';
import { makeEntry } from '../../src/testing/made-batches.ts';
import { startDeadLetterService } from '../support/dead-letter-service.ts';

const service = await startDeadLetterService();
const { adminKey, address } = service;
const { deadLetters } = createClient({ baseUrl: address, apiKey: adminKey, retry: { firstDelayMs: 1 } });

test('pages give all that the filters find', async () => {
  const entries = Array.from({ length: 7 }, () => makeEntry({ register: 'paged' }));
  for (const entry of entries) await service.bury(entry);
  const ids: string[] = [];
  for await (const page of deadLetters.pages({ register: 'paged', limit: 3 }))
    ids.push(...page.deadLetters.map(({ id }) => id));
  assert.deepEqual(
    ids,
    entries.map(({ id }) => id),
  );
  assert.deepEqual(await deadLetters.list({ register: 'paged', reason: 'nope' }), {
    deadLetters: [],
    nextCursor: null,
  });
});

test('one is shown, tried, stored and then gone', async () => {
  const entry = makeEntry({ payload: Buffer.from('x') });
  await service.bury(entry);
  const { entry: shown } = await deadLetters.show(entry.id);
  assert.equal(shown?.['payload'], Buffer.from('x').toString('base64'));
  assert.equal((await deadLetters.replay(entry.id, { dryRun: true })).outcome, 'possible');
  assert.deepEqual(await deadLetters.replay(entry.id), { id: entry.id, outcome: 'stored', dryRun: false });
  const gone = { name: 'ClientError', code: 'DEAD_LETTER_UNKNOWN', status: 404, outcome: 'not-written' };
  await assert.rejects(deadLetters.discard(entry.id), gone);
});

test('a call that fails for a reason that passes is repeated', async () => {
  const entry = makeEntry();
  await service.bury(entry);
  let asked = 0;
  const flaky = createClient({
    baseUrl: address,
    apiKey: adminKey,
    retry: { firstDelayMs: 1 },
    fetch: (...given) => {
      asked += 1;
      return asked < 3 ? Promise.reject(new TypeError('fetch failed')) : fetch(...given);
    },
  });
  assert.equal((await flaky.deadLetters.discard(entry.id)).outcome, 'discarded');
  assert.equal(asked, 3);
});

test('without the key everything is refused', async () => {
  const { deadLetters: refused } = createClient({ baseUrl: address });
  const unauthenticated = { name: 'ClientError', code: 'UNAUTHENTICATED' };
  for (const call of [
    () => refused.list(),
    () => refused.show('x'),
    () => refused.replay('x'),
    () => refused.discard('x'),
  ])
    await assert.rejects(call, unauthenticated);
});
