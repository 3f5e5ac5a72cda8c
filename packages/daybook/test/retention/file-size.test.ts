/**
 * The file of a SQLite store shrinks by at least 80 % of what expired while it is open: many small
 * entries (60 000; the benchmark `retention` has 200 000) and large ones, which free far more pages than go with them.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { eventually } from '../support/eventually.ts';
import { agedEntries, DAY_MICROS, nowMicros, storeIn } from './aged.ts';

const MIB = 1024 * 1024;
/** What the log keeps to be written over (`CHECKPOINT_PAGES`), however large the file is. */
const LOG_BYTES = 17 * MIB;

async function bytesIn(directory: string): Promise<number> {
  const files = (await readdir(directory)).filter((file) => file.startsWith('daybook.db'));
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(directory, file))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

for (const [what, count, payloadBytes] of [
  ['small', 60_000, 400],
  ['large', 300, 256 * 1024],
] as const) {
  test(`${what} entries that expired give their space back`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'daybook-size-'));
    try {
      const payload = new Uint8Array(payloadBytes);
      await storeIn(
        directory,
        agedEntries(2, count, (index) => ({
          payload,
          ...(index % 10 === 0 && { idempotencyKey: `key-${index}`, fingerprint: new Uint8Array(32) }),
        })),
      );
      const before = await bytesIn(directory);
      const store = await createSqliteStore({ directory });
      const due = nowMicros() - DAY_MICROS;
      while ((await store.expire({ register: 'app', before: due, limit: 100 })) === 100);
      const after = await eventually('the file is small', async () => {
        const bytes = await bytesIn(directory);
        return bytes <= LOG_BYTES + 0.2 * before && bytes;
      });
      await store.close();
      const closed = await bytesIn(directory);
      assert.ok(closed < 0.02 * before, `${closed} of ${before} bytes`);
      const [a, b, c] = [before, after, closed].map((bytes) => (bytes / MIB).toFixed(1));
      t.diagnostic(`${a} MiB before, ${b} MiB with the log after, ${c} MiB closed`);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}
