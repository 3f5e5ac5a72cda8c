import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

import type { Connection } from './connection.ts';
import { createUpkeep } from './upkeep.ts';

const HOUR_MS = 3_600_000;

/** A server on which another process looks after the space, and every month is there. */
function connectionTo(asked: string[], answer: (sql: string) => Promise<unknown[]>): Connection {
  return {
    async query<Row>(sql: string) {
      asked.push(sql);
      return (await answer(sql)) as Row[];
    },
    transaction: (work) => work(),
    close: async () => void asked.push('close'),
  };
}

function isAboutMonths(sql: string): boolean {
  return sql.includes('pg_class');
}

async function answerAll(sql: string): Promise<unknown[]> {
  if (sql.includes('now_micros')) return [{ micros: '1763700000000000' }];
  return isAboutMonths(sql) ? [{}] : [{ taken: false }];
}

test('space is given back once for all sweeps that end together, and months are looked after daily', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked: string[] = [];
  const upkeep = createUpkeep(async () => connectionTo(asked, answerAll), assert.ifError);
  upkeep.spaceWasFreed();
  upkeep.spaceWasFreed();
  t.mock.timers.tick(60_000);
  await turn();
  assert.equal(asked.filter((sql) => sql.includes('advisory_lock')).length, 1);
  assert.equal(asked.filter(isAboutMonths).length, 0);
  assert.equal(asked.at(-1), 'close');
  // Soon afterwards there is little more.
  upkeep.spaceWasFreed();
  t.mock.timers.tick(60_000);
  await turn();
  assert.equal(asked.filter((sql) => sql.includes('advisory_lock')).length, 1);
  t.mock.timers.tick(HOUR_MS);
  t.mock.timers.tick(60_000);
  await turn();
  assert.equal(asked.filter((sql) => sql.includes('advisory_lock')).length, 2);
  t.mock.timers.tick(24 * HOUR_MS);
  await turn();
  assert.ok(asked.filter(isAboutMonths).length > 0);
  await upkeep.close();
});

test('a look that failed is told, and repeated within the hour', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const failures: string[] = [];
  let looks = 0;
  const upkeep = createUpkeep(
    () => {
      looks += 1;
      return Promise.reject(new Error('nobody there'));
    },
    ({ message }) => failures.push(message),
  );
  for (const ms of [24 * HOUR_MS, HOUR_MS]) {
    t.mock.timers.tick(ms);
    await turn();
  }
  assert.equal(looks, 2);
  assert.deepEqual(failures, ['nobody there', 'nobody there']);
  await upkeep.close();
});

test('closing waits for no statement, and what it interrupts is no failure', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { promise: never, reject } = Promise.withResolvers<unknown[]>();
  const asked: string[] = [];
  const connection = connectionTo(asked, () => never);
  const upkeep = createUpkeep(
    async () => ({ ...connection, close: async () => reject(new Error('closed')) }),
    assert.ifError,
  );
  upkeep.spaceWasFreed();
  t.mock.timers.tick(60_000);
  await turn();
  assert.equal(asked.length, 1);
  await upkeep.close();
  upkeep.spaceWasFreed();
  t.mock.timers.tick(48 * HOUR_MS);
  await turn();
  assert.equal(asked.length, 1);
});
