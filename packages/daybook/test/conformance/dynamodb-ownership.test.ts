/**
 * What a subject reads of its own in DynamoDB: by requests that say nothing of what others have, and cost nothing for it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Entry } from '../../src/entry.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { hasJava } from '../support/dynamodb-local.ts';
import type { DynamoDbTables } from '../support/dynamodb-tables.ts';
import { startDynamoDbTables } from '../support/dynamodb-tables.ts';

const DAY_MICROS = 86_400_000_000;
const ALL = { register: 'app', order: 'asc', limit: 1000, maxBytes: 10_000_000 } as const;
const idsOf = (entries: readonly Entry[]): string[] => entries.map(({ id }) => id);

describe('DynamoDB store, ownership', { skip: !hasJava && 'DynamoDB Local needs Java' }, () => {
  let tables: DynamoDbTables;
  const open: DynamoDbTables['open'] = async (...all) => await tables.open(...all);

  before(async () => {
    tables = await startDynamoDbTables();
  });
  after(async () => {
    await tables.dispose();
  });

  test("another's entry is looked for by the same requests as one that is not there, in answers of the same size", async () => {
    const table = tables.newTable();
    const store = await open(table, { shards: 3 });
    const payload = Buffer.alloc(100_000);
    const [mine, others] = [makeEntry({ subject: 'alice' }), makeEntry({ subject: 'bob', payload })];
    const dead = makeEntry({ subject: 'bob' });
    const leftOut = [{ index: 2, as: 'dead' as const }];
    await store.persist([{ batch: createSource('a')([mine, others, dead]), part: false, leftOut }]);
    const fresh = await open(table);
    assert.equal((await fresh.find('app', mine.id, 'alice'))?.status, 'stored');
    const requests: string[] = [];
    tables.proxy.treat = (operation, body) => {
      requests.push(`${operation} ${body.replaceAll(/[0-9a-f-]{36}/g, 'ID').replaceAll(/#\d"/g, '#S"')}`);
      return 'pass';
    };
    const asked = async (id: string): Promise<string[]> => {
      requests.length = 0;
      assert.equal(await fresh.find('app', id, 'alice'), undefined);
      return [...requests];
    };
    const nowhere = await asked(makeEntry().id);
    assert.equal(nowhere.length, 1);
    assert.deepEqual(await asked(others.id), nowhere);
    assert.deepEqual(await asked(dead.id), nowhere);
    assert.equal(
      (await asked(makeEntry({ micros: 300 * DAY_MICROS }).id)).length,
      1,
      'of a day without entries',
    );
    tables.proxy.treat = () => 'pass';
  });

  test('a tail of a subject reads none of what others have, however much that is', async () => {
    const table = tables.newTable();
    const store = await open(table);
    const next = createSource('a');
    const own = Array.from({ length: 4 }, () => makeEntry({ subject: 'alice' }));
    // More log items than are read as they are.
    for (let index = 0; index < 260; index += 1) {
      const others = makeEntry({ subject: `s-${index}` });
      const mine = index % 80 === 0 ? [own[index / 80] as Entry] : [];
      await store.append(next([...mine, others]));
    }
    let requests = 0;
    tables.proxy.treat = () => {
      requests += 1;
      return 'pass';
    };
    const query = { ...ALL, lane: 'local', subject: 'alice' };
    const page = await store.tail({ ...query, after: 0 });
    assert.deepEqual(idsOf(page.entries), idsOf(own));
    assert.ok(requests <= 6, `${requests} requests`);
    requests = 0;
    assert.deepEqual(await store.tail({ ...query, after: page.through }), {
      entries: [],
      through: page.through,
      expiredThrough: 0,
    });
    assert.equal(requests, 2, "the log's end, and what expired");
    tables.proxy.treat = () => 'pass';
    for (let after = 0, seen = 0; seen < 4; seen += 1) {
      const one = await store.tail({ ...query, after, limit: 1 });
      assert.deepEqual(idsOf(one.entries), [own[seen]?.id]);
      after = one.through;
    }
  });
});
