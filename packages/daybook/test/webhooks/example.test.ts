/**
 * The example program, run as a reader of its README would run it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { webhookDeliveries } from '../../../../examples/webhook-deliveries.ts';
import { assertLedgerBalances } from '../support/audit.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';
import { startWebhookServer } from './webhook-server.ts';

const PROGRAM = fileURLToPath(new URL('../../../../examples/webhooks.ts', import.meta.url));
const TIMEOUT_MS = 60_000;

const run = promisify(execFile);

/** @returns the numbers of its summary, by line. */
async function runExample(...args: readonly string[]): Promise<[string, number][]> {
  const { stdout } = await run(process.execPath, [PROGRAM, ...args], { timeout: TIMEOUT_MS });
  return [...stdout.matchAll(/^(\w+) +(\d+)$/gm)].map(([, name = '', count]) => [name, Number(count)]);
}

describe('the webhooks example', () => {
  const total = webhookDeliveries().length;
  let server: StartedDaybook;
  before(async () => {
    server = await startWebhookServer();
  });
  after(() => server.stop());

  test('posts every webhook once, and each is recognised when it is sent again', async () => {
    const [posted, recognised, redelivered, recognisedAgain, ...byType] = await runExample(
      '--redeliver',
      server.address,
    );
    assert.deepEqual(posted, ['posted', total]);
    assert.deepEqual(recognised, ['recognised', 0]);
    assert.deepEqual(redelivered, ['redelivered', total]);
    assert.deepEqual(recognisedAgain, ['recognised', total]);
    assert.equal(
      byType.reduce((sum, [, count]) => sum + count, 0),
      total,
    );

    const [, recognisedLater] = await runExample(server.address);
    assert.deepEqual(recognisedLater, ['recognised', total]);
    await assertLedgerBalances(server, total);
  });

  test('ends with what Daybook said when there is no such register', async () => {
    const plain = await startDaybook();
    try {
      await assert.rejects(runExample(plain.address), /NOT_FOUND/);
    } finally {
      await plain.stop();
    }
  });
});
