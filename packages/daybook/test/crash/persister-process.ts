/**
 * The persister as a program of its own, on a SQLite queue and a SQLite store, that can end itself with SIGKILL at a step
 * of its work. Arguments: the directory; and a step with the number of its occurrence, or nothing to work until the queue
 * is empty. Standard input ends with the test.
 */
import { join } from 'node:path';

import { createClock, systemTime } from '../../src/clock.ts';
import { createFileObjects } from '../../src/objects/file/file-objects.ts';
import { createDeadLetters } from '../../src/persister/dead-letters.ts';
import { createPersister } from '../../src/persister/persister.ts';
import { createSqliteQueue } from '../../src/queue/sqlite/sqlite-queue.ts';
import { random, sleep } from '../../src/retry.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';

const [directory = '', deadlyStep, occurrence = '1'] = process.argv.slice(2);
const LOOK_EVERY_MS = 20;

process.stdin.on('end', () => process.exit(1)).resume();
const queue = await createSqliteQueue({ directory });
const store = await createSqliteStore({ directory });
const objects = await createFileObjects({ directory: join(directory, 'objects') });
const clock = createClock(systemTime);
let left = Number(occurrence);

const persister = createPersister({
  queue,
  store,
  deadLetters: createDeadLetters({ objects, store }),
  // Small, so that there are several of each step.
  limits: { concurrency: 2, maxBatchEntries: 4, maxBatchBytes: 1_000_000 },
  nowMicros: () => clock.nowMicros(),
  nowMs: () => clock.elapsedMs(),
  sleep,
  random,
  onStored: () => undefined,
  log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  onStep(step) {
    if (step !== deadlyStep) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  },
});
persister.start();
while (deadlyStep !== undefined || (await queue.status()).messages > 0) await sleep(LOOK_EVERY_MS);
await persister.close();
await queue.close();
await store.close();
process.exit(0);
