import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createGroupCommit } from './group-commit.ts';

/** A commit that ends when it is told to. */
function openGate() {
  const groups: (readonly number[])[] = [];
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const commit = (items: readonly number[]) =>
    new Promise<void>((resolve, reject) => {
      groups.push(items);
      ends.push({ resolve, reject });
    });
  return { groups, ends, commit };
}

/** Some turns of the event loop: everything that is not held up has happened. */
async function turns(): Promise<void> {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
}
const LIMITS = { weigh: (item: number) => item, maxItems: 3, maxWeight: 100 };

test('what arrives while a commit is under way goes with the next one, in order', async () => {
  const { groups, ends, commit } = openGate();
  const group = createGroupCommit({ ...LIMITS, commit });
  const first = [group.add(1), group.add(2)];
  await turns();
  const second = [group.add(3), group.add(4)];
  await turns();
  assert.deepEqual(groups, [[1, 2]]);
  ends[0]?.resolve();
  await Promise.all(first);
  await turns();
  assert.deepEqual(groups, [
    [1, 2],
    [3, 4],
  ]);
  ends[1]?.resolve();
  await Promise.all(second);
  await group.idle();
});

test('a group is bounded by items and by weight; one item that is too heavy goes alone', async () => {
  const groups: (readonly number[])[] = [];
  const group = createGroupCommit({ ...LIMITS, commit: async (items) => void groups.push(items) });
  await Promise.all([1, 1, 1, 1, 500, 60, 40, 1].map((item) => group.add(item)));
  assert.deepEqual(groups, [[1, 1, 1], [1], [500], [60, 40], [1]]);
});

test('a commit that fails rejects its own group, and the next one goes on', async () => {
  const { groups, ends, commit } = openGate();
  const group = createGroupCommit({ ...LIMITS, commit });
  const failing = assert.rejects(group.add(1), /disk/);
  await turns();
  const next = group.add(2);
  ends[0]?.reject(new Error('disk'));
  await failing;
  await turns();
  assert.deepEqual(groups, [[1], [2]]);
  ends[1]?.resolve();
  await next;
});
