/**
 * Retention where DynamoDB is unlike the other stores: the table shrinks, its log with it; tails tell what
 * expired from what has not been replicated yet; several processes expire at once; and what all of this costs.
 * `DAYBOOK_TEST_EXPIRED_ENTRIES=5000` measures with so many entries.
 */
import assert from 'node:assert/strict';
import { after, before, describe, mock, test } from 'node:test';

import type { Entry } from '../../src/entry.ts';
import type { Item, Write } from '../../src/store/dynamodb/item.ts';
import { keyOf } from '../../src/store/dynamodb/item.ts';
import { microsToFirstId } from '../../src/id.ts';
import type { Store } from '../../src/store/store.ts';
import {
  BASE_MICROS,
  createSource,
  keyed,
  makeEntry,
  MINUTE_MICROS,
} from '../../src/testing/made-batches.ts';
import { tailedIds, totals } from '../../src/testing/store-conformance/observed.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import type { DynamoDbTables } from '../support/dynamodb-tables.ts';
import { itemBytes, startDynamoDbTables } from '../support/dynamodb-tables.ts';

const EXPIRED = Number(process.env['DAYBOOK_TEST_EXPIRED_ENTRIES'] ?? 300);
const DAY_MICROS = 1440 * MINUTE_MICROS;
const COSTED = 120;
const LATER = BASE_MICROS + 10 * DAY_MICROS;
const ALL = { register: 'app', order: 'asc', limit: 1000, maxBytes: 10_000_000 } as const;
const old = (fields: Partial<Entry> = {}, micros = 0) =>
  makeEntry({ micros: BASE_MICROS + micros, ...fields });
const young = (fields: Partial<Entry> = {}) => makeEntry({ micros: LATER, ...fields });
const idsOf = (entries: readonly Entry[]): string[] => entries.map(({ id }) => id);

async function expireAll(store: Store, limit = 100, before = LATER): Promise<number> {
  let expired = 0;
  for (let more = limit; more === limit; expired += more)
    more = await store.expire({ register: 'app', before, limit });
  return expired;
}

describe('DynamoDB store, retention', { skip: !hasJava && 'DynamoDB Local needs Java' }, () => {
  let tables: DynamoDbTables;
  const open: DynamoDbTables['open'] = async (...all) => await tables.open(...all);
  const itemsOf: DynamoDbTables['itemsOf'] = async (...all) => await tables.itemsOf(...all);

  before(async () => {
    tables = await startDynamoDbTables();
  });
  after(async () => {
    await tables.dispose();
  });

  test('what expires takes at least 80 % of its items and bytes with it', async () => {
    const table = tables.newTable();
    const store = await open(table);
    const next = createSource('a');
    await store.append(next([young(), young({ register: 'kept' })]));
    const empty = await itemsOf(table);
    const payload = Buffer.alloc(300);
    const one = (index: number): Entry =>
      index % 2 === 0
        ? old({ payload }, index * 1000)
        : keyed(`key-${index}-of-twenty-characters`, 1, {
            payload,
            subject: `s-${index % 7}`,
            micros: BASE_MICROS + index * 1000,
          });
    for (let index = 0; index < EXPIRED;) {
      // Batches of all sizes, and between them what is not to go.
      const size = index % 3 === 0 ? 1 : Math.min(80, EXPIRED - index);
      const batch = Array.from({ length: size }, (_, at) => one(index + at));
      await store.append(next(size > 40 ? [...batch, young()] : batch));
      index += size;
    }
    const full = await itemsOf(table);
    let [requests, transactions] = [0, 0];
    tables.proxy.treat = (operation) => {
      requests += 1;
      if (operation === 'TransactWriteItems') transactions += 1;
      return 'pass';
    };
    assert.equal(await expireAll(store), EXPIRED);
    tables.proxy.treat = () => 'pass';
    const left = await itemsOf(table);
    const sizes = [empty, full, left].map((items) => {
      const of = items.filter((item) => !namesAmong(items).includes(item));
      return { items: of.length, bytes: of.reduce((sum, item) => sum + itemBytes(item), 0) };
    });
    const [first, most, last] = sizes as [Size, Size, Size];
    console.log(
      `${EXPIRED} entries: ${describeSize(first)} before, ${describeSize(most)} with them, ${describeSize(last)} after; ` +
        `${(requests / EXPIRED).toFixed(3)} requests each, ${(transactions / EXPIRED).toFixed(3)} of them transactions`,
    );
    assert.equal(namesAmong(left).length, namesAmong(full).length, 'names of batches stay');
    for (const what of ['items', 'bytes'] as const)
      assert.ok(most[what] - last[what] >= 0.8 * (most[what] - first[what]), what);
    const all = await totals(store);
    assert.deepEqual([all.expired, all.stored], [EXPIRED, (all.accepted ?? 0) - EXPIRED]);
    assert.equal((await store.list({ ...ALL, limit: 1000 })).entries.length, (all.stored ?? 0) - 1);
    assert.equal((await tailedIds(store)).length, (all.stored ?? 0) - 1);
  });

  test('what an expired entry costs is what the decision says', async () => {
    const payload = Buffer.alloc(500);
    const kinds: Record<string, { atOnce: number; fields: (index: number) => Partial<Entry> }> = {
      'anonymous, stored one by one': { atOnce: 1, fields: () => ({}) },
      anonymous: { atOnce: 96, fields: () => ({}) },
      'of one subject': { atOnce: 47, fields: () => ({ subject: 's' }) },
      'of as many subjects': { atOnce: 31, fields: (index) => ({ subject: `s-${index}` }) },
      'of one subject, with keys': {
        atOnce: 31,
        fields: (index) => ({
          subject: 's',
          idempotencyKey: `key-of-twenty-characters-${index}`,
          fingerprint: new Uint8Array(32),
        }),
      },
    };
    const units: Record<string, number> = {};
    for (const [kind, { atOnce, fields }] of Object.entries(kinds)) {
      const table = tables.newTable();
      const [store, next] = [await open(table), createSource('a')];
      const count = Math.max(COSTED, 3 * atOnce);
      for (let index = 0; index < count; index += atOnce) {
        const size = Math.min(atOnce, count - index);
        await store.append(
          next(Array.from({ length: size }, (_, at) => old({ payload, ...fields(index + at) }))),
        );
      }
      await store.append(next([young()]));
      const sizes = new Map((await itemsOf(table)).map((item) => [keyName(item), itemBytes(item)]));
      let sum = 0;
      tables.proxy.treat = (operation, body) => {
        if (operation === 'TransactWriteItems') sum += writeUnits(body, sizes);
        return 'pass';
      };
      assert.equal(await expireAll(store), count);
      tables.proxy.treat = () => 'pass';
      units[kind] = Math.round((sum / count) * 10) / 10;
    }
    console.log(`write units of an expired entry: ${JSON.stringify(units)}`);
    assert.deepEqual(units, {
      'anonymous, stored one by one': 4.2,
      anonymous: 2.2,
      'of one subject': 4.4,
      'of as many subjects': 6.5,
      'of one subject, with keys': 6.5,
    });
  });

  test('several processes expire the same entries at once, and each entry is counted once', async () => {
    const table = tables.newTable();
    const stores = await Promise.all([open(table), open(table), open(table)]);
    const [store] = stores;
    const next = createSource('a');
    for (let batch = 0; batch < 10; batch += 1)
      await store.append(next(Array.from({ length: 30 }, () => old({ subject: 's' }))));
    const kept = young({ subject: 's' });
    await store.append(next([kept]));
    const counts = await Promise.all(stores.map((one) => expireAll(one, 40)));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      300,
    );
    assert.deepEqual(await totals(store), { accepted: 301, stored: 1, expired: 300 });
    assert.deepEqual(await tailedIds(store), [kept.id]);
    assert.deepEqual(
      await store.count({ register: 'app', from: BASE_MICROS, bucketMicros: MINUTE_MICROS, buckets: 1 }),
      [0],
    );
    assert.equal((await itemsOf(table, 'entry#')).length, 1);
    assert.equal((await itemsOf(table, 'subject#')).length, 1);
  });

  test('an answer that is lost while entries expire counts none of them twice', async () => {
    const table = tables.newTable();
    const store = await open(table, { maxAttempts: 1 });
    await store.append(createSource('a')(Array.from({ length: 30 }, () => old())));
    const lost = ['pass', 'lose'] as const;
    let transaction = 0;
    tables.proxy.treat = (operation) =>
      operation === 'TransactWriteItems' ? (lost[transaction++] ?? 'pass') : 'pass';
    await assert.rejects(expireAll(store), { reason: 'unavailable' });
    tables.proxy.treat = () => 'pass';
    assert.equal(await expireAll(store), 0);
    assert.deepEqual(await totals(store), { accepted: 30, expired: 30 });
  });

  test('tails go on over numbers of the log that were deleted, from anywhere', async () => {
    const table = tables.newTable();
    const store = await open(table);
    const next = createSource('a');
    const kept: Entry[] = [];
    const heads: number[] = [];
    for (let index = 0; index < 12; index += 1) {
      const stays = index % 4 === 1;
      const entry = stays ? young({ subject: 's' }) : old({ subject: 's' });
      if (stays) kept.push(entry);
      await store.append(next([entry]));
      heads.push(await store.head('local'));
    }
    assert.equal(await expireAll(store), 9);
    const log = (await itemsOf(table, 'log')).map((item) => Number(keyOf(item).sk));
    assert.deepEqual(
      log.toSorted((a, b) => a - b),
      [2, 6, 10, 12],
      'what lists something, and the end',
    );
    for (const [index, head] of [0, ...heads].entries())
      for (const subject of [undefined, 's']) {
        const query = { ...ALL, lane: 'local', after: head, ...(subject && { subject }) };
        const page = await store.tail(query);
        const expected = kept.filter((_, at) => at * 4 + 1 >= index);
        assert.deepEqual(idsOf(page.entries), idsOf(expected), `behind ${index}`);
        assert.equal(page.through, heads.at(-1));
        assert.equal(page.expiredThrough, heads.at(-1));
      }
    await store.append(next([young()]));
    assert.equal((await tailedIds(store)).length, 4);
  });

  test('while entries come and expire, followers get each one that stays, once and in its order', async () => {
    const table = tables.newTable();
    const [store, ...others] = await Promise.all([open(table), open(table), open(table)]);
    const [next, kept] = [createSource('a'), [] as string[]];
    let writing = true;

    async function follow(of: Store, subject?: string): Promise<string[]> {
      const ids: string[] = [];
      for (let [after, last] = [0, false]; ;) {
        const page = await of.tail({ ...ALL, lane: 'local', after, ...(subject && { subject }) });
        ids.push(...idsOf(page.entries).filter((id) => id >= microsToFirstId(LATER)));
        after = page.through;
        if (last && page.entries.length === 0) return ids;
        last = !writing;
      }
    }

    async function write(): Promise<void> {
      for (let index = 0; index < 30; index += 1) {
        const some = [old({ subject: 's' }), old(), ...(index % 3 === 0 ? [young({ subject: 's' })] : [])];
        await store.append(next(some));
        kept.push(...idsOf(some.slice(2)));
      }
      writing = false;
    }

    const expire = async (of: Store): Promise<number> => {
      let expired = 0;
      while (writing) expired += await expireAll(of, 7);
      return expired + (await expireAll(of));
    };
    const [, all, own, ...counts] = await Promise.all([
      write(),
      follow(store),
      follow(store, 's'),
      ...others.map(expire),
    ]);
    assert.deepEqual(all, kept);
    assert.deepEqual(own, kept);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      60,
    );
    assert.deepEqual(await totals(store), { accepted: 70, stored: 10, expired: 60 });
  });

  test('on a replica a tail waits for what is not there yet and passes over what expired', async () => {
    const table = tables.newTable();
    const [store, other] = [await open(table), tables.look(table)];
    const next = createSource('a');
    const [first, gone, last] = [young(), old(), young()];
    for (const entry of [first, gone, last]) await store.append(next([entry]));
    const [place] = (await itemsOf(table, 'entry#')).filter((item) => keyOf(item).sk === gone.id);
    assert.ok(place);
    await other.delete(keyOf(place));
    assert.deepEqual(await tailedIds(store), [first.id], 'nothing says that it expired');
    await other.put(place);

    // The deletions of the log arrive before the item behind them says so.
    const log = await itemsOf(table, 'log');
    assert.equal(await expireAll(store), 1);
    const behind = log.find((item) => Number(keyOf(item).sk) === 3) as Item;
    const now = (await itemsOf(table, 'log')).find((item) => Number(keyOf(item).sk) === 3) as Item;
    await other.put(behind);
    assert.deepEqual(await tailedIds(store), [first.id]);
    await other.put(now);
    assert.deepEqual(await tailedIds(store), [first.id, last.id]);
  });

  test('a log item that is young stays, and goes with a later one', async () => {
    const table = tables.newTable();
    const store = await open(table, { logKeptMs: 3_600_000 });
    const next = createSource('a');
    for (let index = 0; index < 5; index += 1) await store.append(next([old({}, index * DAY_MICROS)]));
    await store.append(next([young()]));
    assert.equal(await expireAll(store, 4, BASE_MICROS + 3 * DAY_MICROS), 3);
    assert.equal((await itemsOf(table, 'log')).length, 6);
    assert.deepEqual((await tailedIds(store)).length, 3);
    const later = await open(table);
    assert.equal(await expireAll(later), 2);
    assert.equal((await itemsOf(table, 'log')).length, 1);
    assert.deepEqual((await tailedIds(store)).length, 1);
  });

  test('a writer that has not met the log for a while does not take a number that was given and is free again', async () => {
    const table = tables.newTable();
    const [stale, store] = [await open(table), await open(table)];
    const [next, other] = [createSource('a'), createSource('b')];
    await stale.append(next([young()]));
    for (let index = 0; index < 4; index += 1) await store.append(other([old()]));
    const head = await store.head('local');
    assert.equal(await expireAll(store), 4);
    assert.equal((await itemsOf(table, 'log')).length, 2);
    mock.timers.enable({ apis: ['Date'], now: Date.now() + 2 * 60_000 });
    try {
      const { lastPosition } = await stale.append(next([young()]));
      assert.ok(lastPosition.number > head);
    } finally {
      mock.timers.reset();
    }
    assert.equal((await tailedIds(store)).length, 2);
  });

  test('days of which nothing is left are not read again, until something comes to them after all', async () => {
    const table = tables.newTable();
    const store = await open(table);
    const days = Array.from({ length: 20 }, (_, day) => old({}, (day - 20) * DAY_MICROS));
    const dead = old({}, -10 * DAY_MICROS);
    const [kept, next] = [young(), createSource('a')];
    const leftOut = [{ index: days.length, as: 'dead' as const }];
    await store.persist([{ batch: next([...days, dead, kept]), part: false, leftOut }]);
    assert.equal(await expireAll(store), 20);
    let queries = 0;
    tables.proxy.treat = (operation) => {
      if (operation === 'Query') queries += 1;
      return 'pass';
    };
    const listed = async () => idsOf((await store.list(ALL)).entries);
    assert.deepEqual(await listed(), [kept.id]);
    assert.equal(queries, 2, 'the buckets, and the day of the one that is left');
    assert.equal(await store.replay(dead), 'stored');
    assert.deepEqual(await listed(), [dead.id, kept.id]);
    assert.equal(await expireAll(store), 1);
    assert.deepEqual(await listed(), [kept.id]);
    tables.proxy.treat = () => 'pass';
  });

  test('marks of duplicates and discarded entries go with the entries of their time, dead ones stay', async () => {
    const table = tables.newTable();
    const store = await open(table);
    const [first, link] = [keyed('k', 1, { micros: BASE_MICROS }), keyed('k', 1, { micros: BASE_MICROS })];
    const [dead, discarded] = [old(), old()];
    const leftOut = [2, 3].map((index) => ({ index, as: 'dead' as const }));
    const batch = createSource('a')([first, link, dead, discarded, young()]);
    await store.persist([{ batch, part: false, leftOut }]);
    await store.discard(discarded);
    assert.equal(await expireAll(store), 1);
    assert.deepEqual(
      (await itemsOf(table, 'entry#')).map((item) => item['mark']?.S),
      ['dead', undefined],
    );
    assert.deepEqual(await totals(store), {
      accepted: 5,
      stored: 1,
      duplicate: 1,
      dead: 1,
      discarded: 1,
      expired: 1,
    });
    assert.equal((await itemsOf(table, 'key#')).length, 0);
  });
});

interface Size {
  readonly items: number;
  readonly bytes: number;
}

const describeSize = ({ items, bytes }: Size): string => `${items} items and ${bytes} bytes`;

const namesAmong = (items: readonly Item[]): Item[] =>
  items.filter((item) => keyOf(item).pk.includes('#batch#'));

const keyName = (item: Item): string => `${item['pk']?.S} ${item['sk']?.S}`;

/** As Amazon charges a transaction: two units for each KB begun of each item, also of one that is deleted. */
function writeUnits(body: string, sizes: ReadonlyMap<string, number>): number {
  const { TransactItems } = JSON.parse(body) as { TransactItems: Write[] };
  return TransactItems.reduce((sum, { Delete, Update }) => {
    const key = Delete?.Key ?? Update?.Key;
    return sum + 2 * Math.ceil((sizes.get(keyName(key as Item)) ?? 1) / 1024);
  }, 0);
}
