/**
 * A key that was made elsewhere and came by its hash, on a SQLite store: whoever imports its record again, as a deployment
 * does that is repeated, never brings back what was revoked, however long ago.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { makeKey } from '../../src/access/keys/key-text.ts';
import { createClock } from '../../src/clock.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { createManualTime } from '../../src/testing/manual-time.ts';
import { ADMIN, startKeysServer } from './keys-server.ts';

const DAY_MS = 86_400_000;

const directory = await mkdtemp(join(tmpdir(), 'daybook-adopted-'));
const store = await createSqliteStore({ directory });
after(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

test('a key that was revoked months ago stays revoked when its record is imported again', async () => {
  const time = createManualTime(Date.UTC(2026, 10, 21));
  const clock = createClock(time);
  const start = async () => {
    const server = startKeysServer(store, { clock });
    after(() => server.close());
    await server.keys.started;
    return server.keys;
  };
  const { text, ...made } = makeKey();
  const expiresAt = (time.wallMs() + 300 * DAY_MS) * 1_000;
  const adopted = { name: 'operator', scopes: ['admin'], expiresAt };
  const before = await start();
  await before.adopt(made, adopted, ADMIN);
  assert.ok(before.verify(text));
  await before.revoke(made.keyId, ADMIN);
  time.advance(60 * DAY_MS);
  // One that starts now forgets it at once: it ended long ago.
  const now = await start();
  assert.deepEqual(now.list(), []);
  await assert.rejects(now.adopt(made, adopted, ADMIN), {
    name: 'KeyError',
    reason: 'invalid',
    message: `keyId: expected one that was never revoked, given ${made.keyId}`,
  });
  assert.equal(now.verify(text), undefined);
});
