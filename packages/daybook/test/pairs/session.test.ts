/**
 * One session over HTTP, the same transcript before every pair of queue and store. With DAYBOOK_TEST_RECORD=on the pair
 * of the embedded default, no queue before SQLite, writes `session.txt` anew; read the difference before committing it.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { DurabilityLevel } from '../../src/durability.ts';
import { memoryFileSystem } from '../../src/sqlite/file-system.ts';
import { startService } from '../http/service.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import type { Drivers, QueueName, StoreName } from './drivers.ts';
import { QUEUES, startDrivers, STORES } from './drivers.ts';
import { runSession, SESSION_CONFIG } from './session.ts';
import type { PairTraits } from './transcript.ts';
import { toTranscript } from './transcript.ts';

const TRANSCRIPT = fileURLToPath(new URL('session.txt', import.meta.url));
const RECORD = process.env['DAYBOOK_TEST_RECORD'] === 'on';

const file: DurabilityLevel = memoryFileSystem(tmpdir()) === undefined ? 'fsync' : 'memory';
const QUEUE_LEVELS = { sqlite: file, sqs: 'memory' } as const satisfies Partial<
  Record<QueueName, DurabilityLevel>
>;
const STORE_LEVELS = { sqlite: file, postgres: 'fsync', dynamodb: 'memory' } as const satisfies Record<
  StoreName,
  DurabilityLevel
>;

let drivers: Drivers;
before(async () => {
  drivers = await startDrivers();
});
after(() => drivers?.close());

function traitsOf(queue: QueueName, store: StoreName): PairTraits {
  const storeLevel = STORE_LEVELS[store];
  return {
    hasQueue: queue !== 'none',
    firstLevel: queue === 'none' ? storeLevel : QUEUE_LEVELS[queue],
    storeLevel,
    settled: queue !== 'sqs',
  };
}

for (const store of STORES) {
  for (const queue of QUEUES) {
    const skip = store === 'dynamodb' && !hasJava && 'DynamoDB Local needs Java';
    test(`the session before queue ${queue} and store ${store} is the recorded one`, { skip }, async () => {
      const service = await startService({
        ...SESSION_CONFIG,
        queue: { url: await drivers.queueUrl(queue), allowEphemeral: true },
        store: await drivers.storeUrl(store),
      });
      const traits = traitsOf(queue, store);
      const transcript = toTranscript(await runSession(service, traits.settled), traits);
      await service.close();
      if (RECORD && queue === 'none' && store === 'sqlite') writeFileSync(TRANSCRIPT, transcript);
      const [given, recorded] = [transcript, readFileSync(TRANSCRIPT, 'utf8')].map((text) =>
        text.split(/^(?=#\d+ )/m),
      ) as [string[], string[]];
      for (const [index, exchange] of given.entries()) assert.equal(exchange, recorded[index]);
      assert.equal(given.length, recorded.length);
    });
  }
}
