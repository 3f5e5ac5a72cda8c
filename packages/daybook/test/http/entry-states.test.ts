/** `GET /{register}/{id}` for entries that were acknowledged and have no row of their own. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { parseConfig } from '../../src/config/load.ts';
import { pendingSchema, entrySchema } from '../../src/contract/schemas.ts';
import { createDaybook } from '../../src/daybook.ts';
import type { Entry } from '../../src/entry.ts';
import { idToStamp } from '../../src/id.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createSource, keyed, makeEntry } from '../../src/testing/made-batches.ts';
import { assertProblem } from './assert-problem.ts';

const KEY = 'key-of-twenty-characters';
const text = { contentType: 'text/plain', payload: Buffer.from('the first') };
const first = keyed(KEY, 1, text);
const link = keyed(KEY, 1, text);
const conflict = keyed(KEY, 2);
const [dead, discarded] = [makeEntry(), makeEntry()];

const dataDir = await mkdtemp(join(tmpdir(), 'daybook-http-'));
await storeAll([first, link, conflict, dead, discarded]);
const daybook = await createDaybook(
  parseConfig({ rateLimit: 'off', logLevel: 'warn', port: 0, dataDir }),
  createLog('warn', { write: () => undefined }),
);
after(async () => {
  await daybook.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function storeAll(entries: readonly Entry[]): Promise<void> {
  const store = await createSqliteStore({ directory: dataDir });
  const leftOut = [dead, discarded].map((entry) => ({ index: entries.indexOf(entry), as: 'dead' as const }));
  await store.persist([{ batch: createSource('a')(entries), part: false, leftOut }]);
  assert.ok(await store.discard(discarded));
  await store.close();
}

const ask = (path: string, accept = 'application/json') =>
  daybook.fetch(new Request(`http://127.0.0.1${path}`, { headers: { accept, host: '127.0.0.1' } }));

test('a duplicate is answered with the first entry, under the id that was asked for', async () => {
  const answer = await ask(`/app/${link.id}`);
  assert.equal(answer.status, 200);
  const entry = entrySchema.strict().parse(await answer.json());
  const original = entrySchema.strict().parse(await (await ask(`/app/${first.id}`)).json());
  assert.equal(original.status, 'stored');
  assert.deepEqual(entry, {
    ...original,
    id: link.id,
    receivedAt: idToStamp(link.id),
    status: 'duplicate',
    duplicateOf: first.id,
  });
  assert.equal(await (await ask(`/app/${link.id}/payload`)).text(), 'the first');
  assert.match(await (await ask(`/app/${link.id}`, 'text/html')).text(), new RegExp(first.id));
  assert.match(await (await ask(`/app/${link.id}`, 'text/plain')).text(), /\tthe first\n$/);
});

test('a dead entry is accepted and not there', async () => {
  for (const path of [`/app/${dead.id}`, `/app/${dead.id}/payload`, `/app/${conflict.id}`]) {
    const answer = await ask(path);
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(answer.headers.get('retry-after'), null);
    const { status } = pendingSchema.strict().parse(await answer.json());
    assert.equal(status, 'dead');
  }
});

test('a discarded entry is gone', async () => {
  for (const path of [`/app/${discarded.id}`, `/app/${discarded.id}/payload`])
    await assertProblem(await ask(path), 'ENTRY_DISCARDED', { kind: 'read' });
});

test('only what is stored is listed', async () => {
  const { entries } = (await (await ask('/app')).json()) as { entries: { id: string }[] };
  assert.deepEqual(
    entries.map(({ id }) => id),
    [first.id],
  );
});
