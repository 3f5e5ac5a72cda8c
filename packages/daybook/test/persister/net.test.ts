/** The net under a message, of two invocations at once: what one has relied on the other does not take away. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { createFileObjects } from '../../src/objects/file/file-objects.ts';
import { rawIdOf } from '../../src/persister/dead-letter.ts';
import { createDeadLetters } from '../../src/persister/dead-letters.ts';
import { createNet } from '../../src/persister/net.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';

const directory = await mkdtemp(join(tmpdir(), 'daybook-net-'));
const store = await createSqliteStore({ directory });
const objects = await createFileObjects({ directory: join(directory, 'objects') });
after(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const VISIBILITY_MS = 360_000;
const letters = createDeadLetters({ objects, store });
const log = { warn: () => undefined, error: () => undefined };
const clock = { micros: 1_800_000_000_000_000 };
const spread = () =>
  createNet({
    letters,
    onCaught: () => undefined,
    nowMicros: () => clock.micros,
    overAfterMs: VISIBILITY_MS,
    log,
  });

test('an invocation that stood still leaves the net that another one has acknowledged the message for', async () => {
  const body = Buffer.from('the whole message');
  const stopped = spread();
  assert.equal(await stopped.spread(body), 'spread');
  clock.micros += VISIBILITY_MS * 1000;
  assert.equal(await spread().spread(body), 'caught');
  await stopped.remove(body);
  assert.ok((await letters.show(rawIdOf(body))) !== undefined);
});

test('one that comes to its end in time takes its net along', async () => {
  const body = Buffer.from('another message');
  const net = spread();
  assert.equal(await net.spread(body), 'spread');
  clock.micros += 60_000_000;
  assert.equal(await spread().spread(body), 'busy');
  await net.remove(body);
  assert.equal(await letters.show(rawIdOf(body)), undefined);
});
