/** What comes to a server of another region behind what it has read already is found, however old it is when it comes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { StoredEntry } from '../entry.ts';
import type { Lane, ListQuery, TailPage } from '../store/store.ts';
import { makeEntry } from '../testing/made-batches.ts';
import { followRegister } from './register-follower.ts';

const HERE: Lane = { name: 'here', epoch: 'h' };
const THERE: Lane = { name: 'there', epoch: 't' };
const MINUTE_MS = 60_000;
const HOUR_MICROS = 3_600_000_000;
const NOW_MICROS = 1_000 * HOUR_MICROS;

function entryOf(number: number, hoursAgo: number): StoredEntry {
  const micros = NOW_MICROS - hoursAgo * HOUR_MICROS;
  return { ...makeEntry({ register: 'keys', micros }), position: { lane: 'there', number } };
}

/** A replica in which the log of the other lane is there as far as its head, and of its entries only some. */
function startFollower(here: StoredEntry[]) {
  const applied = new Set<string>();
  let nowMs = 0;
  let listed = 0;
  const follower = followRegister({
    store: {
      lanes: [HERE, THERE],
      head: async (lane) => (lane === 'there' ? 9 : 0),
      async list({ from = 0 }: ListQuery) {
        listed += 1;
        const isDue = ({ id }: StoredEntry) =>
          Number.parseInt(id.replace('-', '').slice(0, 12), 16) * 1000 >= from;
        return { entries: here.filter(isDue), more: false };
      },
      tail: async ({ after }): Promise<TailPage> => ({ entries: [], through: after, expiredThrough: 0 }),
    },
    register: 'keys',
    apply: (entries) => entries.forEach(({ id }) => applied.add(id)),
    nowMicros: () => NOW_MICROS + nowMs * 1000,
    nowMs: () => nowMs,
    everyMs: undefined,
  });
  return {
    applied,
    listings: () => listed,
    async passMinutes(minutes: number) {
      for (let minute = 0; minute < minutes; minute += 1) {
        nowMs += MINUTE_MS;
        await follower.look();
      }
    },
    firstLook: follower.firstLook,
  };
}

test('an entry of hours ago that comes behind its head is found in as long again as it took', async () => {
  const [early, late] = [entryOf(9, 0), entryOf(3, 5)];
  const here = [early];
  const { applied, firstLook, passMinutes } = startFollower(here);
  await firstLook;
  assert.deepEqual([...applied], [early.id]);
  await passMinutes(10);
  here.push(late);
  await passMinutes(10);
  assert.ok(applied.has(late.id));
});

test('everything is read again ever more seldom', async () => {
  const { listings, firstLook, passMinutes } = startFollower([entryOf(9, 5)]);
  await firstLook;
  await passMinutes(24 * 60);
  const everyMinute = 24 * 60;
  assert.ok(listings() < everyMinute + 20, String(listings()));
});
