/**
 * The database goes away under load: every write is still answered, nothing is given up, and when the database is back
 * everything that was acknowledged is stored, once.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from '../support/eventually.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { startPostgres } from '../support/postgres.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';

const WRITERS = 8;

let postgres: TestPostgres;
let daybook: StartedDaybook;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybook-outage-'));
  postgres = await startPostgres();
  const config = join(folder, 'daybook.config.json');
  // The queue is the default one before a store on another machine.
  const settings = { store: postgres.url(), queue: { allowEphemeral: true }, rateLimit: 'off' };
  await writeFile(config, JSON.stringify(settings));
  daybook = await startDaybook({ dataDir: join(folder, 'data'), env: { DAYBOOK_CONFIG: config } });
});

after(async () => {
  await daybook?.stop();
  await postgres?.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function ask<T>(path: string): Promise<T> {
  const headers = { authorization: `Bearer ${await daybook.adminKey()}` };
  return (await fetch(`${daybook.address}${path}`, { headers })).json() as Promise<T>;
}

/** Writes until the signal aborts. @returns acknowledged ids; an answer that is no acknowledgement fails the test. */
async function writeUntil(signal: AbortSignal, name: string): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 1; !signal.aborted; n += 1) {
    const keyed = n % 5 === 0 ? { 'idempotency-key': `outage-${name}-${String(n).padStart(8, '0')}` } : {};
    const response = await fetch(`${daybook.address}/app`, {
      method: 'POST',
      body: JSON.stringify({ name, n }),
      headers: { 'content-type': 'application/json', ...keyed },
    });
    assert.ok([201, 202].includes(response.status), `${response.status}: ${await response.clone().text()}`);
    ids.push(((await response.json()) as { id: string }).id);
    await sleep(2);
  }
  return ids;
}

/** Every id of the register, as its export has them. */
async function exportedIds(): Promise<string[]> {
  const response = await fetch(`${daybook.address}/app?order=asc&format=ndjson`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { id: string }).id);
}

test('a database that is stopped under load loses nothing, and drains by itself when it is back', async () => {
  const stop = new AbortController();
  const writing = Array.from({ length: WRITERS }, (_, index) => writeUntil(stop.signal, `w${index}`));
  await sleep(1_000);
  await postgres.stop();
  await sleep(3_000);
  const { persister } = await eventually('the persister waits', async () => {
    const view = await ask<{ persister: { state: string; breaker: string } }>('/api/queue');
    return view.persister.state === 'waiting' && view;
  });
  assert.notEqual(persister.breaker, 'closed');
  await postgres.start();
  await sleep(1_000);
  stop.abort();
  const acknowledged = (await Promise.all(writing)).flat();
  assert.ok(acknowledged.length > WRITERS);

  await eventually('the queue is empty', async () => {
    const { queue } = await ask<{ queue: { messages: number } }>('/api/queue');
    return queue.messages === 0;
  });
  const stored = await exportedIds();
  assert.deepEqual(
    stored.toSorted(),
    acknowledged.toSorted(),
    'every acknowledged entry once, and nothing else',
  );
  const ledger = await ask<{ balanced: boolean; totals: Record<string, number> }>('/api/ledger');
  assert.equal(ledger.balanced, true);
  assert.equal(ledger.totals['stored'], acknowledged.length);
  assert.deepEqual(
    ['duplicate', 'dead', 'discarded', 'retrying'].map((name) => ledger.totals[name]),
    [0, 0, 0, 0],
  );
  const letters = await ask<{ deadLetters: unknown[] }>('/api/dead-letters');
  assert.deepEqual(letters.deadLetters, []);
});
