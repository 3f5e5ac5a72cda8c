/**
 * Callers of the tiers, through CloudFront and the balancer, and what they hold against what is found: one journal for all
 * tests of a file, since all write into one register.
 */
import assert from 'node:assert/strict';

import { assertNothingWrong, compare, readAll } from '../../../../daybook/test/support/audit.ts';
import { eventually } from '../../../../daybook/test/support/eventually.ts';
import type { Exchange } from '../../../../daybook/test/support/exchange.ts';
import { exchangeOnce, openConnection } from '../../../../daybook/test/support/exchange.ts';
import type { Journal } from '../../../../daybook/test/support/journal.ts';
import type { WriterRole, Writers } from '../../../../daybook/test/support/writers.ts';
import { startWriters } from '../../../../daybook/test/support/writers.ts';
import type { LocalTiers } from './local-tiers.ts';

/** Requests a second are then at most 80, below the limit of `app` for one address, whichever task is asked. */
const ROLES: readonly WriterRole[] = ['single', 'single', 'keyed', 'batch'];
const PAUSE_MS = 50;
const READ_PATHS = ['/', '/app?limit=3', '/api/status'];

export interface Load {
  /** Answers that were no success, of writers and of readers. */
  readonly failures: readonly { readonly status: number; readonly body: string }[];
  /** Resolves when this many more entries were acknowledged. */
  acknowledged(count: number): Promise<void>;
  /** Finishes what is under way. @returns how many requests of readers were answered. */
  stop(): Promise<number>;
}

interface LoadOptions {
  /** Ask for pages, lists and status as well; default false. */
  readonly reading?: boolean;
}

export function startLoad(
  { balancer }: LocalTiers,
  journal: Journal,
  { reading = false }: LoadOptions = {},
): Load {
  const failures: { status: number; body: string }[] = [];
  const fail = ({ status, body }: Pick<Exchange, 'status' | 'body'>): void =>
    void failures.push({ status, body: body.slice(0, 300) });
  const address = balancer.url;
  const refusedBefore = journal.refusals.size;
  const writers: Writers = startWriters({
    address,
    journal,
    roles: ROLES,
    pauseMs: PAUSE_MS,
    batchLines: 5,
    onFailure: fail,
  });
  let stopped = false;
  let answered = 0;

  async function read(): Promise<void> {
    const connection = openConnection(address);
    try {
      for (let turn = 0; reading && !stopped; turn += 1) {
        const path = READ_PATHS[turn % READ_PATHS.length] ?? '/';
        const answer = await connection.exchange({ path, headers: { accept: 'text/html, */*' } });
        if (answer.status !== 200 || !answer.complete) fail(answer);
        answered += 1;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    } finally {
      connection.close();
    }
  }

  const readers = read();
  // Told when the load is stopped.
  readers.catch(() => undefined);
  return {
    failures,
    acknowledged: (count) => writers.acknowledged(count),
    async stop() {
      stopped = true;
      await writers.stop();
      await readers;
      assert.deepEqual(writers.failures, []);
      // A connection that breaks ends its writer, and what it sent is of unknown fate.
      if (failures.length === 0) assert.equal(journal.refusals.size, refusedBefore, 'a connection broke');
      return answered;
    },
  };
}

interface Ledger {
  readonly balanced: boolean;
  readonly queued: number;
  readonly lost: readonly unknown[];
  readonly totals: Readonly<Record<'accepted' | 'stored' | 'duplicate' | 'dead', number>>;
}

/** What was acknowledged is found once and unchanged, read through the balancer, and the ledger says the same. */
export async function assertAllFound(
  { balancer, services }: LocalTiers,
  journal: Journal,
  after: string,
): Promise<void> {
  await eventually(`everything is found ${after}`, async () => {
    return compare(await readAll(balancer.url), journal).lost.length === 0;
  });
  // By a task's own admin key: there is no other before somebody makes one.
  const [task] = services.api.tasks;
  assert.ok(task);
  const authorization = `Bearer ${await task.server.adminKey()}`;
  const ledger = await eventually(`nothing waits ${after}`, async () => {
    const answer = await exchangeOnce(task.server.address, {
      path: '/api/ledger',
      headers: { authorization },
    });
    const told = JSON.parse(answer.body) as Ledger;
    return told.queued === 0 && told;
  });
  const found = await readAll(balancer.url);
  assertNothingWrong(compare(found, journal), after);
  const { accepted, stored, duplicate, dead } = ledger.totals;
  assert.deepEqual([ledger.balanced, ledger.lost, dead], [true, [], 0], after);
  assert.deepEqual([accepted, stored], [found.length + duplicate, found.length], after);
}
