/**
 * Any sequence of keyed writes, retries, reads, outages and crashes gives one entry for each register, subject and key,
 * with its first stored stamp, and drops nothing that was acknowledged: before every pair of queue and store.
 *
 * A few sequences of each pair, for about 20 s in all. DAYBOOK_TEST_SEQUENCES=200 runs so many of each pair, however long
 * it takes; DAYBOOK_TEST_SEED repeats the ones that a failure named, DAYBOOK_TEST_PAIRS=sqs/postgres,none/sqlite takes
 * some of the pairs.
 */
import { after, before, test } from 'node:test';

import fc from 'fast-check';

import type { Drivers } from '../pairs/drivers.ts';
import { QUEUES, startDrivers, STORES } from '../pairs/drivers.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import { openArena } from './arena.ts';
import { runSequence } from './sequence.ts';
import { steps } from './steps.ts';

const SEQUENCES = Number(process.env['DAYBOOK_TEST_SEQUENCES'] ?? 0);
const SEED = Number(process.env['DAYBOOK_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const PAIRS = process.env['DAYBOOK_TEST_PAIRS']?.split(',');
const SHORT = { sequences: 60, budgetMs: 15_000 };
/** To make a failing sequence shorter. */
const SHRINKS = 20;

let drivers: Drivers;
before(async () => {
  // Short, so that what a killed server had received comes again soon.
  drivers = await startDrivers({ visibilitySeconds: 2 });
});
after(() => drivers?.close());

const pairs = STORES.flatMap((store) => QUEUES.map((queue) => ({ queue, store })));

test('keyed writes before every pair of queue and store', { concurrency: true }, async (t) => {
  const budgetEndMs = SEQUENCES > 0 ? Infinity : performance.now() + SHORT.budgetMs;
  const numRuns = SEQUENCES > 0 ? SEQUENCES : SHORT.sequences;
  await Promise.all(
    pairs.map(({ queue, store }) => {
      const name = `${queue}/${store}`;
      const skip =
        (store === 'dynamodb' && !hasJava && 'DynamoDB Local needs Java') ||
        (PAIRS?.includes(name) === false && 'others were asked for');
      return t.test(`one entry for each key, queue ${queue}, store ${store}`, { skip }, async (pair) => {
        const arena = await openArena(drivers, { queue, store, places: numRuns + SHRINKS });
        let run = 0;
        let hasFailed = false;
        try {
          await fc.assert(
            fc.asyncProperty(steps, async (sequence) => {
              if (!hasFailed && performance.now() > budgetEndMs) return;
              const place = await arena.nextPlace();
              fc.pre(place !== undefined);
              try {
                await runSequence(arena, place, sequence);
              } catch (thrown) {
                hasFailed = true;
                throw thrown;
              }
              run += 1;
            }),
            { seed: SEED, numRuns },
          );
        } catch (thrown) {
          // At once: what is told of the failure itself comes when every other pair has ended.
          pair.diagnostic(String(thrown));
          throw thrown;
        } finally {
          pair.diagnostic(`${run} sequences went well, seed ${SEED}`);
          await arena.close();
        }
      });
    }),
  );
});
