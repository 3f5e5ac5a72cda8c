/** SIGKILL in the midst of retention: what is not due stays, what went is counted, and the next start goes on. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import type { Ledger } from '../../src/contract/messages.ts';
import { formatStamp } from '../../src/id.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { createSource } from '../../src/testing/made-batches.ts';
import { checkDatabase } from '../crash/database-check.ts';
import { eventually } from '../support/eventually.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';
import { agedEntries, DAY_MICROS, nowMicros, storeIn } from './aged.ts';

const OLD = 6_000;
const YOUNG = 300;
const KILLS = 2;
const ALL = { register: 'app', order: 'asc', limit: OLD + YOUNG, maxBytes: 1e12 } as const;
const keyOf = (index: number) => ({
  idempotencyKey: `a-key-of-an-entry-${index}`,
  fingerprint: new Uint8Array(32).fill(index % 256),
});

async function totalsOf({ address, adminKey }: StartedDaybook): Promise<Ledger['totals']> {
  const from = formatStamp(nowMicros() - 60 * DAY_MICROS);
  const headers = { authorization: `Bearer ${await adminKey()}` };
  const response = await fetch(`${address}/api/ledger?from=${from}&limit=100000`, { headers });
  const ledger = (await response.json()) as Ledger;
  assert.ok(ledger.balanced, 'the ledger balances at every moment');
  return ledger.totals;
}

test('retention that is killed again and again loses nothing that is not due, and comes to its end', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-retention-'));
  const dataDir = join(folder, 'data');
  let server: StartedDaybook | undefined;
  try {
    const config = join(folder, 'daybook.config.json');
    await writeFile(config, JSON.stringify({ registers: { app: { access: 'open', retentionDays: 30 } } }));
    const start = () => startDaybook({ dataDir, env: { DAYBOOK_CONFIG: config } });
    const old = agedEntries(31, OLD, keyOf);
    const young = agedEntries(1, YOUNG, (index) => keyOf(OLD + index));
    server = await start();
    await server.stop();
    await storeIn(dataDir, [...old, ...young]);

    for (let kill = 1; kill <= KILLS; kill += 1) {
      const killed = (server = await start());
      const atLeast = (OLD * kill) / (KILLS + 2);
      await eventually('much has expired', async () => (await totalsOf(killed)).expired >= atLeast, {
        everyMs: 5,
      });
      await killed.kill();
      checkDatabase(join(dataDir, 'daybook.db'), []);
      const store = await createSqliteStore({ directory: dataDir });
      const left = (await store.list(ALL)).entries.map(({ id }) => id);
      const gone = OLD + YOUNG - left.length;
      assert.ok(gone >= atLeast && gone < OLD, `${gone} of ${OLD} are gone when it is killed`);
      assert.deepEqual(
        left,
        [...old.slice(gone), ...young].map(({ id }) => id),
        'the oldest first, and no other',
      );
      await store.close();
    }

    const ended = (server = await start());
    await eventually('all that was due expired', async () => (await totalsOf(ended)).expired === OLD);
    const { accepted, stored, expired } = await totalsOf(ended);
    assert.deepEqual({ accepted, stored, expired }, { accepted: OLD + YOUNG, stored: YOUNG, expired: OLD });
    await ended.stop();

    const store = await createSqliteStore({ directory: dataDir });
    const repeats = [old[0], old.at(-1), young[0], young.at(-1)].flatMap((entry) => entry ?? []);
    const { exceptions } = await store.append(
      createSource('repeats')(
        repeats.map((entry, index) => ({ ...entry, id: agedEntries(0, 4)[index]?.id ?? '' })),
      ),
    );
    assert.deepEqual(
      exceptions.map(({ index, kind }) => [index, kind]),
      [
        [2, 'duplicate'],
        [3, 'duplicate'],
      ],
      'keys live as long as their entries',
    );
    await store.close();
  } finally {
    await server?.kill();
    await rm(folder, { recursive: true, force: true });
  }
});
