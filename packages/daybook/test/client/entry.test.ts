/** What the client makes of an id, in every state that an entry can be in. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { createClient } from '../../src/client/index.ts';
import { parseConfig } from '../../src/config/load.ts';
import { createDaybook } from '../../src/daybook.ts';
import { idToStamp } from '../../src/id.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createSource, keyed, makeEntry } from '../../src/testing/made-batches.ts';
import { jsonResponse, scriptedFetch } from './scripted-fetch.ts';

const text = { contentType: 'text/plain', payload: Buffer.from('the first') };
const first = keyed('key-of-twenty-characters', 1, text);
const link = keyed('key-of-twenty-characters', 1, text);
const [dead, discarded] = [makeEntry(), makeEntry()];
const entries = [first, link, dead, discarded];

const dataDir = await mkdtemp(join(tmpdir(), 'daybook-client-'));
const store = await createSqliteStore({ directory: dataDir });
const leftOut = [dead, discarded].map((entry) => ({ index: entries.indexOf(entry), as: 'dead' as const }));
await store.persist([{ batch: createSource('a')(entries), part: false, leftOut }]);
assert.ok(await store.discard(discarded));
await store.close();
const daybook = await createDaybook(
  parseConfig({ rateLimit: 'off', logLevel: 'warn', port: 0, dataDir }),
  createLog('warn', { write: () => undefined }),
);
after(async () => {
  await daybook.close();
  await rm(dataDir, { recursive: true, force: true });
});

const client = createClient({
  baseUrl: 'http://127.0.0.1',
  fetch: async (input, init) => daybook.fetch(new Request(input, init)),
});

test('an entry that is stored is there with everything that it has', async () => {
  const entry = await client.entry('app', first.id);
  assert.ok(entry.status === 'stored');
  assert.deepEqual([entry.payload, entry.duplicateOf], ['the first', undefined]);
});

test('a duplicate names the entry that holds its key, and shows what that one has', async () => {
  const entry = await client.entry('app', link.id);
  assert.ok(entry.status === 'duplicate');
  assert.deepEqual([entry.id, entry.duplicateOf, entry.payload], [link.id, first.id, 'the first']);
  const { bytes } = await client.payload('app', link.id);
  assert.equal(new TextDecoder().decode(bytes), 'the first');
});

test('a dead entry is a state and no failure; its bytes cannot be had', async () => {
  assert.deepEqual(await client.entry('app', dead.id), {
    id: dead.id,
    register: 'app',
    receivedAt: idToStamp(dead.id),
    status: 'dead',
  });
  await assert.rejects(client.payload('app', dead.id), {
    code: 'ENTRY_DEAD',
    status: 202,
    retryable: false,
  });
});

test('a discarded entry is gone', async () => {
  for (const asked of [client.entry('app', discarded.id), client.payload('app', discarded.id)])
    await assert.rejects(asked, { code: 'ENTRY_DISCARDED', status: 410, retryable: false });
});

const pending = { id: first.id, register: 'app', receivedAt: idToStamp(first.id), status: 'pending' };

test('an entry that is pending is a state, told at once', async () => {
  const { fetch, requests } = scriptedFetch(jsonResponse(pending, 202));
  assert.deepEqual(
    await createClient({ baseUrl: 'http://127.0.0.1', fetch }).entry('app', first.id),
    pending,
  );
  assert.equal(requests.length, 1);
});

test('the payload of an entry that is pending is asked for again until there is one', async () => {
  const { fetch, requests } = scriptedFetch(
    jsonResponse(pending, 202),
    new Response('bytes', { headers: { 'Content-Type': 'text/plain' } }),
  );
  const retry = { firstDelayMs: 1 };
  const { bytes } = await createClient({ baseUrl: 'http://127.0.0.1', fetch, retry }).payload(
    'app',
    first.id,
  );
  assert.equal(new TextDecoder().decode(bytes), 'bytes');
  assert.equal(requests.length, 2);
});

test('the payload of an entry that stays pending is refused as such', async () => {
  const { fetch } = scriptedFetch(jsonResponse(pending, 202));
  const impatient = createClient({ baseUrl: 'http://127.0.0.1', fetch, retry: { attempts: 1 } });
  await assert.rejects(impatient.payload('app', first.id), { code: 'ENTRY_PENDING', retryable: true });
});
