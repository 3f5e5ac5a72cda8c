/**
 * A read replica that lags: a real standby that stops replaying. What is read there is older, and never wrong.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { EntryPage } from '../../src/contract/messages.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import type { Service } from '../http/service.ts';
import { startService } from '../http/service.ts';
import { eventually } from '../support/eventually.ts';
import { startPostgres } from '../support/postgres.ts';

interface TailAnswer {
  readonly entries: readonly { readonly id: string }[];
  readonly nextCursor: string;
}

const primary = await startPostgres({ settings: { wal_level: 'replica', max_wal_senders: '4' } });
after(() => primary.dispose());
const standby = await startPostgres({ standbyOf: primary });
after(() => standby.dispose());
const database = await primary.createDatabase();
const options = { url: primary.url(database), region: 'local', newEpoch: 'an-epoch' };
await (await createPostgresStore(options)).close();
await eventually('the standby has the schema', async () => {
  const found = standby.query(`SELECT FROM pg_tables WHERE tablename = 'lane'`, database);
  return (await found.catch(() => [])).length === 1;
});
const store = await createPostgresStore({ ...options, readUrl: standby.url(database) });
after(() => store.close());
/** One reads from the standby; the other, which knows no replica, is a process elsewhere. */
const shared = { queue: { url: 'none' }, region: 'local' } as const;
const service = await startService({
  ...shared,
  store: { url: options.url, replicaUrl: standby.url(database) },
});
const elsewhere = await startService({ ...shared, store: { url: options.url } });

/** Whatever the primary does while `work` runs, readers of the standby see nothing of it. */
async function whileLagging<T>(work: () => Promise<T>): Promise<T> {
  await standby.query('SELECT pg_wal_replay_pause()');
  try {
    await eventually('the replay has stopped', async () => {
      const [row] = await standby.query<{ state: string }>('SELECT pg_get_wal_replay_pause_state() AS state');
      return row?.state === 'paused';
    });
    return await work();
  } finally {
    await standby.query('SELECT pg_wal_replay_resume()');
  }
}

async function poll(at: Service, query: string): Promise<TailAnswer> {
  const response = await at.fetch(`/app?live=long-poll&${query}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as TailAnswer;
}

async function isListed(id: string): Promise<boolean> {
  const { entries } = await service.list('/app');
  return entries.some((entry) => entry.id === id);
}

test('an entry is there as soon as it is acknowledged, and a list that is older says so', async () => {
  const earlier = await service.write('app', '"earlier"');
  await eventually('the list has it', () => isListed(earlier.id));
  const late = await whileLagging(async () => {
    const { id, receivedAt } = await service.write('app', '"late"');
    assert.equal((await service.read('app', id)).id, id);
    assert.equal(await (await service.fetch(`/app/${id}/payload`)).text(), '"late"');
    const page: EntryPage = await service.list('/app');
    assert.ok(page.entries.every((entry) => entry.id !== id));
    assert.ok(page.settledThrough === null || page.settledThrough < receivedAt);
    return { id, receivedAt };
  });
  await eventually('the list has it', () => isListed(late.id));
  await eventually('all is settled behind it', async () => {
    const { settledThrough } = await service.list('/app');
    return settledThrough !== null && settledThrough > late.receivedAt;
  });
});

test('while all that is settled is known for an earlier time only, what may be on its way is pending', async () => {
  await whileLagging(async () => {
    const { id } = await service.write('app', '"here"');
    const unknown = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`;
    const response = await service.fetch(`/app/${unknown}`);
    assert.equal(response.status, 202, await response.text());
    assert.equal(response.headers.get('retry-after'), '1');
  });
});

test('a cursor from where the replica is not yet is not expired, and goes on from there', async () => {
  const { ahead, next } = await whileLagging(async () => {
    const { nextCursor: start } = await poll(elsewhere, 'from=now&wait=0');
    const first = await elsewhere.write('app', '"first"');
    const { entries, nextCursor } = await poll(elsewhere, `cursor=${start}&wait=0`);
    assert.deepEqual(
      entries.map(({ id }) => id),
      [first.id],
    );
    const second = await elsewhere.write('app', '"second"');
    const lagging = await poll(service, `cursor=${nextCursor}&wait=0`);
    assert.deepEqual(lagging.entries, []);
    assert.equal(lagging.nextCursor, nextCursor);
    return { ahead: lagging.nextCursor, next: second.id };
  });
  const { entries } = await poll(service, `cursor=${ahead}&wait=20`);
  assert.deepEqual(
    entries.map(({ id }) => id),
    [next],
  );
});

test('a number that nobody has given is denied by the primary', async () => {
  const head = await store.head('main');
  assert.equal(await store.head('main', head + 1_000), head);
});

test('a replay and a batch that arrived are known before the replica has them', async () => {
  const source = createSource('late');
  const dead = makeEntry();
  const [first, missing, last] = [[dead], [makeEntry()], [makeEntry()]].map(source);
  assert.ok(first && missing && last);
  await store.persist([{ batch: first, part: false, leftOut: [{ index: 0, as: 'dead' }] }]);
  await store.persist([{ batch: last, part: false, leftOut: [] }]);
  const { number } = (await store.append(source([makeEntry()]))).lastPosition;
  await eventually('the replica has them', async () => (await store.head('main')) === number);
  await whileLagging(async () => {
    assert.equal((await store.find('app', dead.id))?.status, 'dead');
    assert.equal((await store.missingBatches()).length, 1);
    await store.replay(dead);
    await store.persist([{ batch: missing, part: false, leftOut: [] }]);
    assert.equal((await store.find('app', dead.id))?.status, 'stored');
    assert.deepEqual(await store.missingBatches(), []);
    const ledger = await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }, 1_000);
    assert.equal(
      ledger.reduce((sum, row) => sum + row.dead, 0),
      0,
    );
  });
});

test('a subject reads its own from a replica that lags, as everybody does', async () => {
  const next = createSource('owned');
  const [mine, others] = [makeEntry({ subject: 'alice' }), makeEntry({ subject: 'bob' })];
  const { number } = (await store.append(next([mine, others]))).lastPosition;
  await eventually('the replica has them', async () => (await store.head('main')) === number);
  const list = async () => {
    const query = { register: 'app', subject: 'alice', order: 'asc', limit: 10, maxBytes: 1_000 } as const;
    return (await store.list(query)).entries.map(({ id }) => id);
  };
  const tail = async (after: number) => {
    const query = { register: 'app', subject: 'alice', lane: 'main', after, limit: 10, maxBytes: 1_000 };
    const { entries, through } = await store.tail(query);
    return [entries.map(({ id }) => id), through];
  };
  await whileLagging(async () => {
    const [late, othersLate] = [makeEntry({ subject: 'alice' }), makeEntry({ subject: 'bob' })];
    await store.append(next([late, othersLate]));
    assert.equal((await store.find('app', late.id, 'alice'))?.status, 'stored', 'by the primary');
    assert.equal(await store.find('app', othersLate.id, 'alice'), undefined);
    assert.equal(await store.find('app', others.id, 'alice'), undefined);
    assert.deepEqual(await list(), [mine.id]);
    assert.deepEqual(await tail(0), [[mine.id], number]);
  });
  await eventually('the list has it', async () => (await list()).length === 2);
});

test('what retention took is told by a replica together with what is left', async () => {
  const next = createSource('aged');
  const register = 'aged';
  const { number } = (await store.append(next([makeEntry({ register }), makeEntry({ register })])))
    .lastPosition;
  const tail = () => store.tail({ register, lane: 'main', after: 0, limit: 10, maxBytes: 1_000 });
  await eventually('the replica has them', async () => (await tail()).entries.length === 2);
  await whileLagging(async () => {
    assert.equal(await store.expire({ register, before: Date.now() * 1000, limit: 10 }), 2);
    const page = await tail();
    assert.deepEqual([page.entries.length, page.expiredThrough], [2, 0]);
  });
  await eventually('the replica knows', async () => (await tail()).entries.length === 0);
  assert.equal((await tail()).expiredThrough, number);
});

test('how far all is settled is not overstated by a standby that replayed nothing since it started', async () => {
  // Something has to be in force beside what is forgotten with its process.
  const through = 1_000_000;
  await store.vouch({ voucher: 'process', region: 'local', through, binding: false });
  await store.vouch({ voucher: 'queue', region: 'local', through: through * 2, binding: true });
  await eventually('the standby has it', async () => (await store.vouchedThrough()) === through);
  await Promise.all([service.close(), elsewhere.close()]);
  // So that the standby starts behind everything.
  await primary.query('CHECKPOINT');
  const [current] = await primary.query<{ position: string }>('SELECT pg_current_wal_lsn() AS position');
  await eventually('the standby has replayed the checkpoint', async () => {
    const [row] = await standby.query<{ there: boolean }>(
      `SELECT pg_last_wal_replay_lsn() >= '${current?.position}' AS there`,
    );
    return row?.there === true;
  });
  await primary.stop();
  try {
    await standby.stop();
    await standby.start();
    const [row] = await standby.query<{ at: unknown }>('SELECT pg_last_xact_replay_timestamp() AS at');
    assert.deepEqual(row, { at: null });
    assert.equal(await store.vouchedThrough(), through);
  } finally {
    await primary.start();
  }
});

test('without the replica single entries are read, and a list waits for it', async () => {
  const entry = makeEntry();
  await store.append(createSource('gone')([entry]));
  await standby.stop();
  assert.equal((await store.find('app', entry.id))?.status, 'stored');
  await assert.rejects(store.list({ register: 'app', order: 'desc', limit: 1, maxBytes: 1 }), {
    name: 'StoreError',
    reason: 'unavailable',
  });
  await standby.start();
  const { entries } = await store.list({ register: 'app', order: 'desc', limit: 1, maxBytes: 1 });
  assert.equal(entries.length, 1);
});
