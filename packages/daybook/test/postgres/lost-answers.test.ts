/**
 * A write whose answer does not come: nobody knows whether it was committed, so it is repeated under its name until it is
 * known, and is there once. On the driver, through the intake, and through queue and persister.
 */
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';

import type { Batch } from '../../src/envelope.ts';
import { PUT_ENTRIES } from '../../src/store/postgres/put-call.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { StoreError } from '../../src/store/store.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import type { Service } from '../http/service.ts';
import { startService } from '../http/service.ts';
import { startCutProxy } from '../support/cut-proxy.ts';
import type { Loss } from '../support/cut-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { startPostgres } from '../support/postgres.ts';

const server = await startPostgres();
after(() => server.dispose());
const proxy = await startCutProxy(server.port);
after(() => proxy.close());
const database = await server.createDatabase();
const direct = await createPostgresStore({
  url: server.url(database),
  region: 'local',
  newEpoch: 'an-epoch',
});
after(() => direct.close());
const url = server.url(database).replace(`:${server.port}/`, `:${proxy.port}/`);
const store = await createPostgresStore({ url, region: 'local', newEpoch: 'an-epoch' });
after(() => store.close());
/** Longer than a server takes to recover from a crash on a slow disk. */
const answerWithinMs = 60_000;
const unqueued = await startService({ store: { url }, queue: { url: 'none' }, limits: { answerWithinMs } });
const queued = await startService({ store: { url }, queue: { url: 'sqlite:', allowEphemeral: true } });

const nextBatch = createSource('a-source');
let before: { readonly stored: number; readonly entries: number };

beforeEach(async () => {
  before = await counted();
});

/** What the ledger says, and what is in the table. */
async function counted() {
  const ledger = await direct.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }, 10_000);
  const [row] = await server.query<{ entries: string }>(
    'SELECT count(*) AS entries FROM daybook.entries',
    database,
  );
  return { stored: ledger.reduce((sum, each) => sum + each.stored, 0), entries: Number(row?.entries) };
}

async function assertOneMore(): Promise<void> {
  assert.deepEqual(await counted(), { stored: before.stored + 1, entries: before.entries + 1 });
}

async function assertUnknown(writing: Promise<unknown>): Promise<void> {
  await assert.rejects(writing, (thrown) => {
    assert.ok(thrown instanceof StoreError);
    assert.deepEqual([thrown.reason, thrown.outcome], ['unavailable', 'unknown'], thrown.message);
    return true;
  });
}

/** A writer waits for the lane until `release`, so it is in the middle of its transaction. */
async function holdLane() {
  const holder = server.query(
    'BEGIN; SELECT FROM daybook.lane FOR UPDATE; SELECT pg_sleep(600); COMMIT',
    database,
  );
  const ended = holder.catch(() => undefined);
  const holding = `SELECT pid FROM pg_stat_activity WHERE query LIKE 'BEGIN; SELECT FROM daybook.lane%' AND wait_event = 'PgSleep'`;
  const [row] = await eventually('the lane is held', async () => {
    const rows = await server.query<{ pid: number }>(holding);
    return rows.length === 1 && rows;
  });
  return {
    async waiter(): Promise<number> {
      return eventually('a writer waits', async () => {
        const [waiting] = await server.query<{ pid: number }>(
          `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%put_entries%'`,
        );
        return waiting?.pid;
      });
    },
    async release(): Promise<void> {
      await server.query(`SELECT pg_terminate_backend(${row?.pid})`).catch(() => undefined);
      await ended;
    },
  };
}

type Write = readonly [string, (batch: Batch, to: Store) => Promise<unknown>];
const WRITES: readonly Write[] = [
  ['append', (batch, to) => to.append(batch)],
  ['persist', (batch, to) => to.persist([{ batch, part: false, leftOut: [] }])],
];

for (const [name, write] of WRITES) {
  for (const loss of ['request', 'answer'] satisfies Loss[]) {
    test(`${name}: the ${loss} is lost, the outcome unknown, and the repetition stores it once`, async () => {
      const batch = nextBatch([makeEntry()]);
      const lost = proxy.loseNext(loss, PUT_ENTRIES.name);
      await assertUnknown(write(batch, store));
      await lost;
      assert.equal((await counted()).entries, before.entries + (loss === 'answer' ? 1 : 0));
      const first = await write(batch, store);
      assert.deepEqual(await write(batch, store), first);
      await assertOneMore();
    });
  }

  test(`${name}: the backend is terminated in the middle, and the repetition stores it once`, async () => {
    const batch = nextBatch([makeEntry()]);
    const lane = await holdLane();
    const unknown = assertUnknown(write(batch, store));
    await server.query(`SELECT pg_terminate_backend(${await lane.waiter()})`);
    await unknown;
    await lane.release();
    await write(batch, store);
    await assertOneMore();
  });
}

test('a commit that ends with a warning is unknown, and the repetition waits for the standby again', async () => {
  const batch = nextBatch([makeEntry()]);
  await server.stop();
  await server.start({ synchronous_standby_names: 'nobody' });
  await eventually('the connections are new', () => direct.time().catch(() => undefined));
  const waiting = `SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%put_entries%'`;
  const cancel = async (): Promise<void> => {
    const [row] = await eventually('the commit waits', async () => {
      const rows = await server.query<{ pid: number }>(waiting);
      return rows.length === 1 && rows;
    });
    await server.query(`SELECT pg_cancel_backend(${row?.pid})`);
  };
  try {
    for (const turn of ['first', 'repeated']) {
      const unknown = assertUnknown(direct.append(batch));
      await cancel();
      await unknown;
      assert.equal((await counted()).entries, before.entries + 1, `${turn}: committed here, but not there`);
    }
  } finally {
    await server.stop('immediate');
    await server.start({ synchronous_standby_names: '' });
  }
  await eventually('the connections are new', () => direct.append(batch).catch(() => undefined));
  await assertOneMore();
});

/** What is looked at of a receipt or a problem. */
interface Told {
  readonly id: string;
  readonly status: string | number;
  readonly code?: string;
  readonly outcome?: string;
}

async function post(service: Service): Promise<Told> {
  const response = await service.fetch('/app', { method: 'POST', body: 'something' });
  return (await response.json()) as Told;
}

for (const loss of ['request', 'answer'] satisfies Loss[]) {
  test(`intake: the ${loss} is lost, and the caller hears that the entry is stored`, async () => {
    const lost = proxy.loseNext(loss, PUT_ENTRIES.name);
    const { id, status } = await post(unqueued);
    await lost;
    assert.equal(status, 'stored');
    assert.equal((await unqueued.read('app', id)).id, id);
    await assertOneMore();
  });

  test(`persister: the ${loss} is lost, and the entry is stored once`, async () => {
    const lost = proxy.loseNext(loss, PUT_ENTRIES.name);
    const { id, status } = await post(queued);
    assert.equal(status, 'queued');
    await lost;
    await eventually('it is stored', async () => (await direct.find('app', id))?.status === 'stored');
    await assertOneMore();
    await eventually('the queue is empty', async () => {
      const headers = { authorization: `Bearer ${queued.adminKey}` };
      const view = (await (await queued.fetch('/api/queue', { headers })).json()) as {
        queue: { messages: number };
      };
      return view.queue.messages === 0;
    });
    await assertOneMore();
  });
}

for (const what of ['the backend is terminated', 'the server crashes'] as const) {
  test(`intake: ${what} in the middle, and the caller hears that the entry is stored`, async () => {
    const lane = await holdLane();
    const posted = post(unqueued);
    const pid = await lane.waiter();
    if (what === 'the server crashes') {
      await server.stop('immediate');
      await server.start();
    } else {
      await server.query(`SELECT pg_terminate_backend(${pid})`);
    }
    await lane.release();
    const { id, status } = await posted;
    assert.equal(status, 'stored');
    assert.equal((await unqueued.read('app', id)).id, id);
    await assertOneMore();
  });
}

test('where nothing is heard of the server, the caller is told so in time, and the entry is there afterwards', async () => {
  const impatient = await startService({
    store: { url },
    queue: { url: 'none' },
    limits: { answerWithinMs: 300 },
  });
  proxy.stall();
  let told: Told;
  try {
    told = await post(impatient);
    assert.deepEqual([told.code, told.outcome], ['STORE_UNAVAILABLE', 'unknown']);
  } finally {
    proxy.flow();
  }
  const { id } = told;
  await eventually('it is known', async () => (await impatient.fetch(`/app/${id}`)).status === 200);
  await assertOneMore();
  await impatient.close();
});
