/** The replicator itself: single items in any order, the last writer of each wins, nothing is copied back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { itemName } from '../../src/store/dynamodb/keys.ts';
import { createChance } from '../../src/testing/simulated-time.ts';
import { startReplicator } from './replicator.ts';
import type { Change, TableStream, WireItem } from './table-stream.ts';
import { keyOfWire } from './table-stream.ts';

/** A table in memory, which tells its changes as a stream does: none for a put that changes nothing. */
function memoryTable() {
  const items = new Map<string, WireItem>();
  let changes: Change[] = [];
  const table: TableStream = {
    create: async () => undefined,
    async read() {
      const read = changes;
      changes = [];
      return read;
    },
    async put(item) {
      const key = keyOfWire(item);
      const name = itemName(key);
      if (JSON.stringify(items.get(name)) === JSON.stringify(item)) return;
      items.set(name, item);
      changes.push({ key, item });
    },
    async delete(key) {
      if (items.delete(itemName(key))) changes.push({ key, item: undefined });
    },
    scan: async () => [...items.values()],
  };
  return { table, items };
}

const itemOf = (sk: string, value: number): WireItem => ({
  pk: { S: 'p' },
  sk: { S: sk },
  n: { N: `${value}` },
});

function startPair(seed: number) {
  const [one, other] = [memoryTable(), memoryTable()];
  const replicator = startReplicator({ tables: [one.table, other.table], chance: createChance(seed) });
  const valueIn = (side: typeof one, sk: string) => side.items.get(`p ${sk}`)?.['n']?.['N'];
  return { one, other, replicator, valueIn };
}

test('of the versions of an item the last one stays, in whatever order they come, and so does a deletion', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { one, other, replicator, valueIn } = startPair(seed);
    replicator.cut(0);
    for (let value = 1; value <= 9; value += 1) await one.table.put(itemOf('kept', value));
    await one.table.put(itemOf('gone', 1));
    await one.table.delete({ pk: 'p', sk: 'gone' });
    for (let left = 1; left > 0;) left = await replicator.copySome(0, 1);
    assert.equal(valueIn(other, 'kept'), '9', `seed ${seed}`);
    assert.equal(valueIn(other, 'gone'), undefined, `seed ${seed}`);
    assert.equal(valueIn(one, 'kept'), '9', 'nothing came back');
    assert.equal(replicator.conflicts.size, 0);
    await replicator.close();
  }
});

test('an item that both sides wrote is told, and is the same on both sides in the end', async () => {
  const { one, other, replicator, valueIn } = startPair(1);
  for (const side of [0, 1] as const) replicator.cut(side);
  await one.table.put(itemOf('x', 1));
  await replicator.copySome(0, 0);
  await other.table.put(itemOf('x', 2));
  await replicator.copySome(1, 0);
  for (const side of [0, 1] as const) replicator.resume(side);
  await replicator.settled();
  assert.deepEqual([...replicator.conflicts], ['p x']);
  assert.deepEqual([valueIn(one, 'x'), valueIn(other, 'x')], ['2', '2']);
  await replicator.close();
});
