/**
 * Reading as a subject: only its own entries, by every way of reading.
 */
import assert from 'node:assert/strict';

import type { Store } from '../../store/store.ts';
import { BASE_MICROS, createSource, keyed, makeEntry, MINUTE_MICROS } from '../made-batches.ts';
import { ALL, PLENTY } from './observed.ts';
import type { Check } from './opened-store.ts';

const SUBJECTS = ['alice', 'bob', ''];

/** Sixty entries in turn, ten microseconds apart; every fourth in another register. */
function madeInTurn() {
  return Array.from({ length: 60 }, (_, index) =>
    makeEntry({
      micros: BASE_MICROS + index * 10,
      subject: SUBJECTS[index % SUBJECTS.length] as string,
      register: index % 4 === 3 ? 'webhooks' : 'app',
    }),
  );
}

function at(minute: number, subject: string) {
  return makeEntry({ micros: BASE_MICROS + minute * MINUTE_MICROS + 7, subject });
}

async function tailOf(store: Store, subject: string, after = 0): Promise<string[]> {
  const ids: string[] = [];
  for (const { name: lane } of store.lanes) {
    for (let from = after; ;) {
      const page = await store.tail({
        register: 'app',
        subject,
        lane,
        after: from,
        limit: 3,
        maxBytes: PLENTY,
      });
      ids.push(...page.entries.map(({ id }) => id));
      if (page.entries.length === 0 && page.through === from) break;
      from = page.through;
    }
  }
  return ids;
}

export function testOwnership(check: Check): void {
  check('a subject finds its own entries and no other', async ({ store }) => {
    const [mine, others, anonymous] = SUBJECTS.map((subject) => makeEntry({ subject }));
    assert.ok(mine && others && anonymous);
    await store.append(createSource('a')([mine, others, anonymous]));
    assert.equal((await store.find('app', mine.id, 'alice'))?.status, 'stored');
    assert.equal(await store.find('app', others.id, 'alice'), undefined);
    assert.equal(await store.find('app', anonymous.id, 'alice'), undefined);
    assert.equal((await store.find('app', others.id))?.status, 'stored');
  });

  check('what became of an entry is told to its own subject only', async ({ store }) => {
    const first = keyed('k', 1, { subject: 'alice' });
    const [link, dead, discarded] = [
      keyed('k', 1, { subject: 'alice' }),
      makeEntry({ subject: 'alice' }),
      makeEntry({ subject: 'alice' }),
    ];
    await store.persist([
      {
        batch: createSource('a')([first, link, dead, discarded]),
        part: false,
        leftOut: [2, 3].map((index) => ({ index, as: 'dead' as const })),
      },
    ]);
    await store.discard(discarded);
    for (const [entry, status] of [
      [link, 'duplicate'],
      [dead, 'dead'],
      [discarded, 'discarded'],
    ] as const) {
      assert.equal((await store.find('app', entry.id, 'alice'))?.status, status);
      assert.equal(await store.find('app', entry.id, 'bob'), undefined, status);
    }
  });

  check('lists of a subject hold its own entries, in both orders and in pages', async ({ store }) => {
    const entries = madeInTurn();
    await store.append(createSource('a')(entries));
    const own = entries
      .filter(({ register, subject }) => register === 'app' && subject === 'alice')
      .map(({ id }) => id);
    for (const order of ['asc', 'desc'] as const) {
      const seen: string[] = [];
      for (let more = true; more;) {
        const after = seen.at(-1);
        const query = { register: 'app', subject: 'alice', ...ALL, order, limit: 4 };
        const page = await store.list({ ...query, ...(after !== undefined && { after }) });
        seen.push(...page.entries.map(({ id }) => id));
        more = page.more;
      }
      assert.deepEqual(seen, order === 'asc' ? own : own.toReversed());
    }
    const from = BASE_MICROS + 300;
    const later = await store.list({ register: 'app', subject: 'alice', ...ALL, from });
    assert.deepEqual(
      later.entries.map(({ id }) => id),
      own.filter((id) => entries.findIndex((entry) => entry.id === id) >= 30),
    );
    assert.deepEqual((await store.list({ register: 'app', subject: 'nobody', ...ALL })).entries, []);
  });

  check('a tail of a subject gives its own entries in stored order', async ({ store }) => {
    const entries = madeInTurn();
    const next = createSource('a');
    for (let index = 0; index < entries.length; index += 7)
      await store.append(next(entries.slice(index, index + 7).toReversed()));
    const stored: string[] = [];
    for (let index = 0; index < entries.length; index += 7) {
      const own = entries
        .slice(index, index + 7)
        .toReversed()
        .filter(({ register, subject }) => register === 'app' && subject === 'bob');
      stored.push(...own.map(({ id }) => id));
    }
    assert.deepEqual(await tailOf(store, 'bob'), stored);
    assert.deepEqual(await tailOf(store, 'nobody'), []);
  });

  check('counts of a subject are of its own entries', async ({ store }) => {
    await store.append(
      createSource('a')([
        at(0, 'alice'),
        at(0, 'bob'),
        at(1, 'bob'),
        at(2, 'alice'),
        at(2, 'alice'),
        at(2, ''),
      ]),
    );
    const count = (subject: string, bucketMicros: number, buckets: number) =>
      store.count({ register: 'app', subject, from: BASE_MICROS, bucketMicros, buckets });
    assert.deepEqual(await count('alice', MINUTE_MICROS, 4), [1, 0, 2, 0]);
    assert.deepEqual(await count('bob', 2 * MINUTE_MICROS, 2), [2, 0]);
    assert.deepEqual(await count('alice', 1_000_000, 2), [1, 0]);
    assert.deepEqual(await count('nobody', MINUTE_MICROS, 4), [0, 0, 0, 0]);
  });
}
