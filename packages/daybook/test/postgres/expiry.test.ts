/**
 * Retention on PostgreSQL: several processes at once, beside writers, and what its SQL derives from a row.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { microsToFirstId } from '../../src/id.ts';
import type { PostgresStoreOptions } from '../../src/store/postgres/postgres-store.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { minuteOf } from '../../src/store/postgres/put-call.ts';
import type { Store } from '../../src/store/store.ts';
import {
  BASE_MICROS,
  createSource,
  keyed,
  makeEntry,
  MINUTE_MICROS,
} from '../../src/testing/made-batches.ts';
import { assertBalanced, statusOf, tailedIds, totals } from '../../src/testing/store-conformance/observed.ts';
import { startPostgres } from '../support/postgres.ts';

const LATER = BASE_MICROS + 1_000 * MINUTE_MICROS;

const server = await startPostgres();
after(() => server.dispose());

/** Processes that share a database of their own. */
async function withStores(count: number, run: (stores: Store[], database: string) => Promise<void>) {
  const database = await server.createDatabase();
  const options: PostgresStoreOptions = { url: server.url(database), region: 'local', newEpoch: 'an-epoch' };
  const stores: Store[] = [];
  try {
    for (let index = 0; index < count; index += 1) stores.push(await createPostgresStore(options));
    await run(stores, database);
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
}

async function sweep(store: Store, limit: number): Promise<number> {
  for (let sum = 0; ;) {
    const expired = await store.expire({ register: 'app', before: LATER, limit });
    assert.ok(expired <= limit);
    sum += expired;
    if (expired < limit) return sum;
  }
}

test('several processes expire each entry once, while others write', async () => {
  await withStores(3, async (stores, database) => {
    const [store] = stores as [Store];
    const next = createSource('a');
    const aged = 3_000;
    for (let made = 0; made < aged; made += 500) {
      const entries = Array.from({ length: 500 }, (_, index) =>
        keyed(`k-${made + index}`, 1, { micros: BASE_MICROS + (made + index) * MINUTE_MICROS * 0.3 }),
      );
      await store.append(next(entries));
    }
    const head = await store.head('main');
    const live = createSource('live');
    const written: string[] = [];
    let swept = false;
    async function write(): Promise<void> {
      while (!swept) {
        // Of the same minutes as what expires, so that both need the same rows of the ledger.
        const late = [20, 10, 0].map((minute) => makeEntry({ micros: LATER - minute * MINUTE_MICROS }));
        const young = makeEntry({ micros: LATER + written.length });
        await store.append(live([...late, young]));
        written.push(young.id);
      }
    }
    const writing = write();
    const sums = await Promise.all(stores.map((each) => sweep(each, 70)));
    swept = true;
    await writing;
    // What was written late in the last moment.
    const rest = await sweep(store, 1_000);
    const expired = sums.reduce((sum, each) => sum + each, rest);
    const { accepted, stored, expired: counted } = await totals(store);
    assert.equal(counted, expired);
    assert.equal(stored, written.length * 2);
    assert.equal(accepted, aged + written.length * 4);
    const kept = new Set(await tailedIds(store));
    for (const id of written) assert.ok(kept.has(id));
    assert.ok((await store.head('main')) >= head);
    await assertBalanced(store);
    const [keys] = await server.query<{ count: string }>(
      'SELECT count(*) FROM daybook.idempotency_key',
      database,
    );
    assert.equal(keys?.count, '0');
  });
});

test('the head stays where it was when everything expired, and the next entry comes behind it', async () => {
  await withStores(2, async ([store, other]) => {
    assert.ok(store && other);
    const next = createSource('a');
    await store.append(next([makeEntry(), makeEntry()]));
    const head = await store.head('main');
    await sweep(store, 10);
    assert.equal(await other.head('main'), head);
    const { lastPosition } = await other.append(next([makeEntry()]));
    assert.equal(lastPosition.number, head + 1);
  });
});

test('what came late, below where a sweep has come, is found before it ends', async () => {
  await withStores(1, async ([store]) => {
    assert.ok(store);
    const next = createSource('a');
    await store.append(
      next(Array.from({ length: 10 }, (_, index) => makeEntry({ micros: BASE_MICROS + 1_000 + index }))),
    );
    const take = (limit: number) => store.expire({ register: 'app', before: LATER, limit });
    assert.equal(await take(5), 5);
    await store.append(next([makeEntry({ micros: BASE_MICROS }), makeEntry({ micros: BASE_MICROS + 1 })]));
    assert.equal(await take(10), 7);
    assert.deepEqual(await totals(store), { accepted: 12, expired: 12 });
  });
});

test('a keyed batch that comes again after its entries expired claims no key', async () => {
  await withStores(1, async ([store]) => {
    assert.ok(store);
    const next = createSource('a');
    const first = next([keyed('k', 1)]);
    await store.persist([{ batch: first, part: false, leftOut: [] }]);
    await sweep(store, 10);
    await store.persist([{ batch: first, part: false, leftOut: [] }]);
    const later = keyed('k', 2);
    assert.deepEqual((await store.append(next([later]))).exceptions, []);
    assert.equal(await statusOf(store, later), 'stored');
  });
});

test('keys and regions are read from a row that holds what a text of PostgreSQL cannot', async () => {
  await withStores(1, async ([store], database) => {
    assert.ok(store);
    const odd = 'a\0b\ud800 \\u0000 \\ud800 \\\\u0000 "region":"elsewhere"';
    const key = 'k-"quoted"-\\u0000\\-\\\\';
    const entry = keyed(key, 1, { query: { odd, idempotencyKey: 'no' }, headers: { odd } });
    await store.append(createSource('a')([entry]));
    assert.equal(await sweep(store, 10), 1);
    assert.deepEqual(await totals(store), { accepted: 1, expired: 1 });
    assert.deepEqual(await server.query('SELECT key FROM daybook.idempotency_key', database), []);
  });
});

test('the database derives the minute from an id as the program does', async () => {
  await withStores(1, async (_, database) => {
    const ids = [-2, -1, 0, 1, 999, 1_000, 500_123].flatMap((micros) => {
      const id = microsToFirstId(BASE_MICROS + micros);
      // Another generator may give any fraction of a millisecond; the last rounds up to the next.
      return [id, id.replace(/^(.{15}).{3}/, '$1fff')];
    });
    const rows = await server.query<{ minute: string }>(
      `SELECT daybook.minute_of(id) AS minute FROM unnest('{${ids.join(',')}}'::uuid[]) WITH ORDINALITY AS u (id, at) ORDER BY at`,
      database,
    );
    assert.deepEqual(
      rows.map(({ minute }) => Number(minute)),
      ids.map(minuteOf),
    );
  });
});

test('links and discarded entries go with their register, however many they are', async () => {
  await withStores(1, async ([store], database) => {
    assert.ok(store);
    const links = 2_500;
    const entries = Array.from({ length: links + 1 }, () => keyed('k', 1));
    await store.persist([{ batch: createSource('a')(entries), part: false, leftOut: [] }]);
    const marks = () => server.query<{ count: string }>('SELECT count(*) FROM daybook.mark', database);
    assert.deepEqual(await marks(), [{ count: String(links) }]);
    assert.equal(await store.expire({ register: 'other', before: LATER, limit: 10 }), 0);
    assert.deepEqual(await marks(), [{ count: String(links) }]);
    assert.equal(await sweep(store, 10), 1);
    assert.deepEqual(await marks(), [{ count: '0' }]);
    assert.deepEqual(await totals(store), { accepted: links + 1, duplicate: links, expired: 1 });
  });
});
