/**
 * A backend goes away under load: PostgreSQL stopped, DynamoDB Local stopped, a SQLite store locked by another process, SQS
 * stopped. While a store is away every write is answered 202; while the queue is away they are refused, and what may
 * have been written is said to be unknown. Nothing is given up, and when the backend is back everything drains by itself
 * within a minute: what was acknowledged is there, once, and the ledger balances.
 *
 * The outage lasts 3 s, or as long as DAYBOOK_TEST_OUTAGE_MS says: 60000 is the minute that the figures are told of.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';

import type { DaybookConfig } from '../../src/config/schema.ts';
import { assertLedgerBalances, assertNothingWrong, compare, readAll } from '../support/audit.ts';
import { CREDENTIALS, hasJava, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import { eventually } from '../support/eventually.ts';
import type { Exchange } from '../support/exchange.ts';
import { startFauxqs } from '../support/fauxqs.ts';
import { createJournal } from '../support/journal.ts';
import { startPostgres } from '../support/postgres.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';
import type { WriterRole } from '../support/writers.ts';
import { startWriters } from '../support/writers.ts';

const OUTAGE_MS = Number(process.env['DAYBOOK_TEST_OUTAGE_MS'] ?? 3_000);
const DRAIN_WITHIN_MS = 60_000;
const ROLES: readonly WriterRole[] = ['single', 'single', 'single', 'single', 'keyed', 'keyed', 'batch'];

interface Backend {
  readonly config: DaybookConfig;
  /** @param dataDir of the running server. */
  leave(dataDir: string): void | Promise<void>;
  comeBack(): void | Promise<void>;
  dispose(): void | Promise<void>;
}

async function postgres(): Promise<Backend> {
  const server = await startPostgres();
  const { stop, start, dispose } = server;
  return { config: { store: server.url() }, leave: () => stop(), comeBack: () => start(), dispose };
}

async function dynamoDb(): Promise<Backend> {
  const { awsRegion, endpoint, stop, start, dispose } = await startDynamoDbLocal({ persistent: true });
  const store = `dynamodb://${awsRegion}/outage?endpoint=${endpoint}&createTable=on`;
  return { config: { store }, leave: stop, comeBack: start, dispose };
}

function lockedSqlite(): Backend {
  let other: DatabaseSync | undefined;
  const comeBack = (): void => {
    other?.close();
    other = undefined;
  };
  return {
    config: { store: 'sqlite:' },
    leave(dataDir) {
      other = new DatabaseSync(join(dataDir, 'daybook.db'));
      other.exec('PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE');
    },
    comeBack,
    dispose: comeBack,
  };
}

async function sqs(): Promise<Backend> {
  const { endpoint, region, credentials, stop, start, dispose } = await startFauxqs();
  const client = new SQSClient({ endpoint, region, credentials });
  // Short, so that what was being delivered when it went away comes again soon.
  const command = new CreateQueueCommand({ QueueName: 'outage', Attributes: { VisibilityTimeout: '5' } });
  const { QueueUrl = '' } = await client.send(command);
  client.destroy();
  const url = `sqs://${region}${new URL(QueueUrl).pathname}?endpoint=${endpoint}`;
  return { config: { queue: { url } }, leave: stop, comeBack: start, dispose };
}

async function withServer(
  backend: Backend,
  use: (daybook: StartedDaybook, ask: <T>(path: string) => Promise<T>) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-outage-'));
  let daybook: StartedDaybook | undefined;
  try {
    const file = join(folder, 'daybook.config.json');
    const config: DaybookConfig = { ...backend.config, rateLimit: 'off' };
    const queue = { url: 'sqlite:', ...(config.queue as object | undefined), allowEphemeral: true };
    await writeFile(file, JSON.stringify({ ...config, queue }));
    const env = { ...CREDENTIALS, DAYBOOK_CONFIG: file };
    const started = (daybook = await startDaybook({ dataDir: join(folder, 'data'), env }));
    const headers = { authorization: `Bearer ${await started.adminKey()}` };
    await use(started, async <T>(path: string) => {
      const response = await fetch(started.address + path, { headers });
      return (await response.json()) as T;
    });
  } finally {
    await daybook?.stop();
    await backend.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

interface QueueView {
  readonly queue: { readonly messages: number; readonly entries: number | null };
  readonly persister: { readonly state: string; readonly breaker: string };
}

/** What every outage must come to. @param away what is to be seen while it lasts. */
async function comesThrough(
  t: TestContext,
  backend: Backend,
  away: (daybook: StartedDaybook, ask: <T>(path: string) => Promise<T>) => Promise<void>,
  onFailure?: (answer: Exchange) => void,
): Promise<void> {
  await withServer(backend, async (daybook, ask) => {
    const journal = createJournal('outage-test-key');
    const { address } = daybook;
    // DynamoDB Local takes about ten transactions a second: a minute's backlog must fit into a minute.
    const options = { address, journal, roles: ROLES, batchLines: 5, pauseMs: 40 };
    const writers = startWriters({ ...options, ...(onFailure && { onFailure }) });
    await writers.acknowledged(200);
    await backend.leave(daybook.dataDir);
    const before = journal.acknowledgements.size;
    await Promise.all([sleep(OUTAGE_MS), away(daybook, ask)]);
    const during = journal.acknowledgements.size - before;
    // A queue that is away itself cannot tell.
    const waiting = await ask<Partial<QueueView>>('/api/queue');
    await backend.comeBack();
    const back = performance.now();
    await sleep(1_000);
    await writers.stop();
    await eventually(
      'the queue is empty and everything acknowledged is stored',
      async () => {
        const { queue } = await ask<QueueView>('/api/queue');
        return queue.messages === 0 && compare(await readAll(address), journal).lost.length === 0;
      },
      { withinMs: DRAIN_WITHIN_MS },
    );
    const drainedMs = performance.now() - back;

    assert.deepEqual(writers.failures, []);
    const found = await readAll(address);
    assertNothingWrong(compare(found, journal), 'after the outage');
    const others = await readAll(address, 'epoch');
    await assertLedgerBalances(daybook, found.length + others.length);
    const { deadLetters } = await ask<{ deadLetters: unknown[] }>('/api/dead-letters');
    assert.deepEqual(deadLetters, []);
    await eventually('it is ready', async () => (await fetch(`${address}/readyz`)).status === 200);
    t.diagnostic(
      `${OUTAGE_MS} ms away: ${during} of ${journal.acknowledgements.size} entries acknowledged meanwhile, ` +
        `${waiting.queue?.messages ?? 'unknown'} messages waiting at its end, drained ${Math.round(drainedMs)} ms after its return`,
    );
  });
}

async function write(
  { address }: StartedDaybook,
  key?: string,
): Promise<{ status: number; problem: Problem }> {
  const headers = { 'content-type': 'text/plain', ...(key !== undefined && { 'idempotency-key': key }) };
  const response = await fetch(`${address}/epoch`, { method: 'POST', body: 'x', headers });
  return { status: response.status, problem: (await response.json()) as Problem };
}

interface Problem {
  readonly code?: string;
  readonly outcome?: string;
  readonly detail?: string;
}

for (const [what, start] of [
  ['PostgreSQL that is stopped', postgres],
  ['DynamoDB that is stopped', dynamoDb],
  ['a SQLite store that another process locks', lockedSqlite],
] as const) {
  const skip = start === dynamoDb && !hasJava && 'DynamoDB Local needs Java';
  test(
    `${what} under load: writes are queued, nothing dies, and all is stored once it is back`,
    { skip },
    async (t) => {
      await comesThrough(t, await start(), async (daybook, ask) => {
        await eventually(
          'the persister waits',
          async () => {
            const { persister } = await ask<QueueView>('/api/queue');
            assert.deepEqual([persister.state, persister.breaker !== 'closed'], ['waiting', true]);
            return true;
          },
          { withinMs: 30_000 },
        );
        const { components } = await ask<{ components: Record<string, { state: string }> }>('/api/status');
        assert.equal(components['store']?.state, 'unavailable');
        assert.equal((await fetch(`${daybook.address}/readyz`)).status, 200, 'it still accepts durably');
        assert.equal((await write(daybook)).status, 202);
        assert.equal((await write(daybook, 'cannot-be-looked-up')).status, 202);
      });
    },
  );
}

test('SQS that is stopped under load: writes are refused with what became of them, and all is stored once it is back', async (t) => {
  const refused: string[] = [];
  await comesThrough(
    t,
    await sqs(),
    async (daybook) => {
      await eventually('readiness names the queue', async () => {
        const response = await fetch(`${daybook.address}/readyz`);
        assert.equal(response.status, 503);
        const { detail = '' } = (await response.json()) as Problem;
        assert.match(detail, /^the queue does not accept: sqs: /);
        return true;
      });
      const { status, problem } = await write(daybook);
      assert.deepEqual([status, problem.code], [503, 'QUEUE_UNAVAILABLE']);
      const keyed = await write(daybook, 'written-to-the-store');
      assert.equal(keyed.status, 201, 'the store is there');
    },
    (answer) => refused.push(answer.body),
  );
  assert.ok(refused.length > 0);
  for (const body of refused.flatMap((text) => text.split('\n')).filter((line) => line.includes('"code"'))) {
    const { code, outcome } = JSON.parse(body) as Problem;
    assert.equal(code, 'QUEUE_UNAVAILABLE', body);
    assert.ok(outcome === 'not-written' || outcome === 'unknown', body);
  }
});
