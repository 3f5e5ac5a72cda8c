/** Keys where nothing runs between requests: a look that was cut off by such a pause is no news afterwards. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { createClock } from '../../src/clock.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { createManualTime } from '../../src/testing/manual-time.ts';
import { ADMIN, startKeysServer } from './keys-server.ts';

const directory = await mkdtemp(join(tmpdir(), 'daybook-keys-pause-'));
const store = await createSqliteStore({ directory });
after(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

test('a key that was revoked during a pause is refused, although a look from before it ends only now', async (t) => {
  const operator = startKeysServer(store);
  t.after(() => operator.close());
  await operator.keys.started;
  const time = createManualTime(Date.now());
  const clock = createClock(time);
  const expiresAt = clock.nowMicros() + 30 * 86_400_000_000;
  const { text, key } = await operator.keys.create({ name: 'n', scopes: ['app.read'], expiresAt }, ADMIN);

  // What the store says of its lane goes out before the pause and arrives after it.
  let arrive: (() => void) | undefined;
  let held: Promise<void> | undefined;
  const slow: typeof store = {
    ...store,
    head: async (lane) => {
      const head = await store.head(lane);
      await held;
      return head;
    },
  };
  const paused = startKeysServer(slow, { clock, lookEveryMs: 1_000, background: false });
  t.after(() => paused.close());
  for (let looks = 0; looks < 2; looks += 1) {
    assert.equal((await paused.keys.verifyNow(text))?.subject, 'key:n');
    time.advance(2_000);
  }

  held = new Promise((resolve) => (arrive = resolve));
  assert.equal((await paused.keys.verifyNow(text))?.subject, 'key:n', 'what is known counts meanwhile');
  await operator.keys.revoke(key.keyId, ADMIN);
  time.advance(2 * 3_600_000);
  held = undefined;
  const answer = paused.keys.verifyNow(text);
  arrive?.();
  assert.equal(await answer, undefined);
});
