/**
 * The conformance suite of the store port: every driver runs all of it. Takes `test` as an argument, so that drivers of
 * others may run it in a runner of their own.
 */
import assert from 'node:assert/strict';

import type { Entry, StoredEntry } from '../entry.ts';
import type { Store } from '../store/store.ts';
import { BASE_MICROS, createSource, keyed, makeEntry, MINUTE_MICROS } from './made-batches.ts';

export interface OpenedStore {
  readonly store: Store;
  /** Closes the store and opens it again on the same data. */
  reopen(): Promise<OpenedStore>;
  /** Closes it and removes its data. */
  dispose(): Promise<void>;
}

type Test = (name: string, run: () => Promise<void>) => unknown;

const PLENTY = 10_000_000;

function withoutPosition({ position, fingerprint, ...entry }: StoredEntry): Entry {
  void position;
  void fingerprint;
  return { ...entry, ...(entry.payload && { payload: Buffer.from(entry.payload) }) };
}

function asRead({ fingerprint, ...entry }: Entry): Entry {
  void fingerprint;
  return { ...entry, ...(entry.payload && { payload: Buffer.from(entry.payload) }) };
}

function entryInMinute(minute: number, register: string): Entry {
  return makeEntry({ register, micros: BASE_MICROS + minute * MINUTE_MICROS + 7 });
}

async function tailAll(store: Store, register: string): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = [];
  let after = 0;
  for (;;) {
    const page = await store.tail({
      register,
      lane: store.lanes[0] as string,
      after,
      limit: 7,
      maxBytes: PLENTY,
    });
    entries.push(...page.entries);
    if (page.entries.length === 0) return entries;
    after = page.through;
  }
}

export function testStoreConformance(test: Test, open: () => Promise<OpenedStore>): void {
  const check = (name: string, run: (opened: OpenedStore) => Promise<void>): void => {
    test(name, async () => {
      const opened = await open();
      try {
        await run(opened);
      } finally {
        await opened.dispose();
      }
    });
  };
  const all = { order: 'asc', limit: 1000, maxBytes: PLENTY } as const;

  check('an entry comes back as it was appended, every field and every byte', async ({ store }) => {
    const payload = Buffer.from([0, 255, 10, 13, 34, 92, 0xc3, 0x28]);
    const full = makeEntry({
      occurredAt: '2026-01-01T00:00:00.000Z',
      subject: 'someone',
      clientIp: '203.0.113.0',
      headers: { 'x-event': 'a "quoted" one', __proto__: 'kept' },
      query: { q: 'ü' },
      contentType: 'application/octet-stream',
      payload,
      idempotencyKey: 'k'.repeat(20),
      fingerprint: new Uint8Array(32),
    });
    const bare = makeEntry();
    const empty = makeEntry({ payload: new Uint8Array(0) });
    await store.append(createSource('a')([full, bare, empty]));
    for (const entry of [full, bare, empty]) {
      const found = await store.find('app', entry.id);
      assert.ok(found?.status === 'stored');
      assert.deepEqual(withoutPosition(found.entry), asRead(entry));
    }
  });

  check('an entry is found in its own register only', async ({ store }) => {
    const entry = makeEntry({ register: 'webhooks' });
    await store.append(createSource('a')([entry]));
    assert.equal(await store.find('app', entry.id), undefined);
    assert.ok(await store.find('webhooks', entry.id));
    assert.equal(await store.find('webhooks', makeEntry().id), undefined);
  });

  check('appending the same batch again changes nothing and gives the same result', async ({ store }) => {
    const next = createSource('a');
    const batch = next([makeEntry(), keyed('key-of-twenty-characters', 1), makeEntry()]);
    const first = await store.append(batch);
    await store.append(next([makeEntry()]));
    const again = await store.append(batch);
    assert.deepEqual(again, first);
    assert.equal((await tailAll(store, 'app')).length, 4);
    const [row] = await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }, 10);
    assert.equal(row?.accepted, 4);
    assert.equal(row?.stored, 4);
  });

  check('entries of a batch under another name are stored once', async ({ store }) => {
    const entries = [makeEntry(), makeEntry()];
    await store.append(createSource('a')(entries));
    await store.append(createSource('b')([...entries, makeEntry()]));
    assert.equal((await tailAll(store, 'app')).length, 3);
    const [row] = await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }, 10);
    assert.equal(row?.accepted, 3);
  });

  check('a large batch that is half there already stores and counts only what is new', async ({ store }) => {
    const known = Array.from({ length: 35 }, () => makeEntry());
    const fresh = Array.from({ length: 45 }, () => makeEntry());
    await store.append(createSource('a')(known));
    await store.append(createSource('b')([...fresh.slice(0, 20), ...known, ...fresh.slice(20)]));
    const ids = (await tailAll(store, 'app')).map(({ id }) => id);
    assert.deepEqual(
      ids,
      [...known, ...fresh].map(({ id }) => id),
    );
    const [row] = await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }, 10);
    assert.deepEqual([row?.accepted, row?.stored], [80, 80]);
  });

  check(
    'a held key gives the first id for the same payload and a conflict for another, and stores nothing',
    async ({ store }) => {
      const next = createSource('a');
      const first = keyed('key-of-twenty-characters', 1);
      await store.append(next([first]));
      const { exceptions } = await store.append(
        next([makeEntry(), keyed('key-of-twenty-characters', 1), keyed('key-of-twenty-characters', 2)]),
      );
      assert.deepEqual(exceptions, [
        { index: 1, kind: 'duplicate', firstId: first.id },
        { index: 2, kind: 'conflict', firstId: first.id },
      ]);
      assert.equal((await tailAll(store, 'app')).length, 2);
      const [row] = await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }, 10);
      assert.deepEqual(
        [row?.accepted, row?.stored],
        [2, 2],
        'a repeat that is recognised was never accepted',
      );
    },
  );

  check('the same key twice in one batch is one entry', async ({ store }) => {
    const [first, second] = [keyed('key-of-twenty-characters', 1), keyed('key-of-twenty-characters', 1)];
    const { exceptions } = await store.append(createSource('a')([first, second]));
    assert.deepEqual(exceptions, [{ index: 1, kind: 'duplicate', firstId: first.id }]);
    assert.equal((await tailAll(store, 'app')).length, 1);
  });

  check('a key belongs to its register and subject', async ({ store }) => {
    const key = 'key-of-twenty-characters';
    const entries = [
      keyed(key, 1),
      keyed(key, 1, { register: 'webhooks' }),
      keyed(key, 1, { subject: 'someone' }),
    ];
    const { exceptions } = await store.append(createSource('a')(entries));
    assert.deepEqual(exceptions, []);
  });

  check('lists are ordered by id, bounded by stamps and continued behind an id', async ({ store }) => {
    const entries = Array.from({ length: 30 }, (_, index) => makeEntry({ micros: BASE_MICROS + index * 10 }));
    const shuffled = [...entries.slice(11), ...entries.slice(0, 11)];
    await store.append(
      createSource('a')([...shuffled, makeEntry({ register: 'webhooks', micros: BASE_MICROS })]),
    );
    const ids = entries.map(({ id }) => id);
    const list = async (query: Partial<Parameters<Store['list']>[0]>) => {
      const page = await store.list({ register: 'app', ...all, ...query });
      return { ids: page.entries.map(({ id }) => id), more: page.more };
    };
    assert.deepEqual(await list({}), { ids, more: false });
    assert.deepEqual(await list({ order: 'desc' }), { ids: ids.toReversed(), more: false });
    assert.deepEqual(await list({ limit: 30 }), { ids, more: false });
    assert.deepEqual(await list({ limit: 29 }), { ids: ids.slice(0, 29), more: true });
    assert.deepEqual(await list({ from: BASE_MICROS + 50, to: BASE_MICROS + 100 }), {
      ids: ids.slice(5, 10),
      more: false,
    });
    assert.deepEqual(await list({ from: BASE_MICROS + 51, to: BASE_MICROS + 101 }), {
      ids: ids.slice(6, 11),
      more: false,
    });
    assert.deepEqual(await list({ after: ids[9] as string, limit: 3 }), {
      ids: ids.slice(10, 13),
      more: true,
    });
    assert.deepEqual(await list({ after: ids[9] as string, order: 'desc', limit: 3 }), {
      ids: [ids[8], ids[7], ids[6]],
      more: true,
    });
    assert.deepEqual(await list({ after: ids[29] as string }), { ids: [], more: false });
    assert.deepEqual(await list({ from: BASE_MICROS + 200, after: ids[9] as string, limit: 1 }), {
      ids: [ids[20]],
      more: true,
    });
  });

  check('a page ends early at its bytes, and holds one entry at least', async ({ store }) => {
    const payload = Buffer.alloc(1000, 'x');
    await store.append(createSource('a')(Array.from({ length: 5 }, () => makeEntry({ payload }))));
    const page = await store.list({ register: 'app', ...all, maxBytes: 2_500 });
    assert.deepEqual([page.entries.length, page.more], [2, true]);
    const small = await store.list({ register: 'app', ...all, maxBytes: 10 });
    assert.deepEqual([small.entries.length, small.more], [1, true]);
  });

  check('a tail gives stored order, each entry once, and knows how far it looked', async ({ store }) => {
    const next = createSource('a');
    const late = makeEntry({ micros: BASE_MICROS + 5_000 });
    const early = makeEntry({ micros: BASE_MICROS + 1_000 });
    await store.append(next([late]));
    await store.append(next([early, makeEntry({ register: 'webhooks' })]));
    const tail = await tailAll(store, 'app');
    assert.deepEqual(
      tail.map(({ id }) => id),
      [late.id, early.id],
    );
    assert.ok((tail[0] as StoredEntry).position.number < (tail[1] as StoredEntry).position.number);
    const lane = store.lanes[0] as string;
    const head = await store.head(lane);
    const rest = await store.tail({ register: 'app', lane, after: head, limit: 10, maxBytes: PLENTY });
    assert.deepEqual(rest, { entries: [], through: head });
  });

  check('a tail beside eight writers skips nothing and repeats nothing', async ({ store }) => {
    const lane = store.lanes[0] as string;
    const expected = new Set<string>();
    const seen: string[] = [];
    let writing = true;
    const follow = async (): Promise<void> => {
      for (let after = 0; ;) {
        const last = !writing;
        const page = await store.tail({ register: 'app', lane, after, limit: 13, maxBytes: PLENTY });
        seen.push(...page.entries.map(({ id }) => id));
        if (last && page.entries.length === 0) return;
        after = page.through;
      }
    };
    const write = async (source: string): Promise<void> => {
      const next = createSource(source);
      for (let round = 0; round < 25; round += 1) {
        const entries = Array.from({ length: 1 + (round % 5) }, () => makeEntry());
        for (const { id } of entries) expected.add(id);
        const batch = next(entries);
        await store.append(batch);
        if (round % 4 === 0) await store.append(batch);
      }
    };
    const following = follow();
    await Promise.all(Array.from({ length: 8 }, (_, index) => write(`w${index}`)));
    writing = false;
    await following;
    assert.equal(seen.length, expected.size);
    assert.deepEqual(new Set(seen), expected);
  });

  check('counts by bucket are the entries by their stamps', async ({ store }) => {
    const micros = [0, 1, MINUTE_MICROS - 1, MINUTE_MICROS, 3 * MINUTE_MICROS + 5].map(
      (offset) => BASE_MICROS + offset,
    );
    await store.append(
      createSource('a')([
        ...micros.map((at) => makeEntry({ micros: at })),
        makeEntry({ register: 'webhooks' }),
      ]),
    );
    const count = (bucketMicros: number, buckets: number) =>
      store.count({ register: 'app', from: BASE_MICROS, bucketMicros, buckets });
    assert.deepEqual(await count(MINUTE_MICROS, 5), [3, 1, 0, 1, 0]);
    assert.deepEqual(await count(2 * MINUTE_MICROS, 2), [4, 1]);
    assert.deepEqual(await count(1_000_000, 61), [2, ...Array.from({ length: 58 }, () => 0), 1, 1]);
  });

  check('the ledger has a row a minute, region and register, and balances', async ({ store }) => {
    await store.append(
      createSource('a')([
        entryInMinute(0, 'app'),
        entryInMinute(0, 'app'),
        entryInMinute(0, 'webhooks'),
        entryInMinute(2, 'app'),
      ]),
    );
    const rows = await store.ledger({ from: BASE_MICROS, to: BASE_MICROS + 3 * MINUTE_MICROS }, 100);
    const base = BASE_MICROS / MINUTE_MICROS;
    assert.deepEqual(
      rows.map(({ minute, register, accepted, stored }) => [minute - base, register, accepted, stored]),
      [
        [0, 'app', 2, 2],
        [0, 'webhooks', 1, 1],
        [2, 'app', 1, 1],
      ],
    );
    assert.equal(
      (await store.ledger({ from: BASE_MICROS, to: BASE_MICROS + 3 * MINUTE_MICROS }, 2)).length,
      2,
    );
    assert.equal(
      (await store.ledger({ from: BASE_MICROS + 1, to: BASE_MICROS + MINUTE_MICROS }, 100)).length,
      0,
    );
  });

  check('a missing batch is named with the number of its entries', async ({ store }) => {
    const next = createSource('a');
    await store.append(next([makeEntry()]));
    next([makeEntry(), makeEntry()]);
    next([makeEntry()]);
    await store.append(next([makeEntry()]));
    const [missing, ...others] = await store.missingBatches();
    assert.deepEqual({ ...missing, since: 0 }, { source: 'a', firstN: 2, lastN: 3, entries: 3, since: 0 });
    assert.deepEqual(others, []);
  });

  check('a batch that arrives late fills its gap', async ({ store }) => {
    const next = createSource('a');
    const [first, second] = [next([makeEntry()]), next([makeEntry()])];
    await store.append(second);
    assert.equal((await store.missingBatches()).length, 1);
    await store.append(first);
    assert.deepEqual(await store.missingBatches(), []);
  });

  check('everything is there after closing and opening, under the same epoch', async (opened) => {
    const entries = [makeEntry(), keyed('key-of-twenty-characters', 1), makeEntry()];
    await opened.store.append(createSource('a')(entries));
    const { epoch } = opened.store;
    const { store } = await opened.reopen();
    assert.equal(store.epoch, epoch);
    assert.deepEqual(
      (await tailAll(store, 'app')).map(({ id }) => id),
      entries.map(({ id }) => id),
    );
    assert.equal(
      store.newestIdAtOpen,
      entries
        .map(({ id }) => id)
        .toSorted()
        .at(-1),
    );
    const { exceptions } = await store.append(createSource('b')([keyed('key-of-twenty-characters', 1)]));
    assert.equal(exceptions.length, 1);
  });

  check('a store that is closed refuses to write and stays closed', async (opened) => {
    const { store } = opened;
    await opened.reopen();
    const refused = { name: 'StoreError', outcome: 'not-written' };
    await assert.rejects(store.append(createSource('a')([makeEntry()])), refused);
    await assert.rejects(store.probe(), refused);
    assert.equal(await opened.store.head(opened.store.lanes[0] as string), 0);
  });

  check(
    'an empty store has no newest id, head 0 and an empty ledger; a probe changes none of it',
    async ({ store }) => {
      await store.probe();
      await store.probe();
      assert.equal(store.newestIdAtOpen, undefined);
      assert.equal(await store.head(store.lanes[0] as string), 0);
      assert.deepEqual(await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }, 10), []);
      assert.deepEqual(await store.missingBatches(), []);
      assert.ok((await store.time()) > BASE_MICROS);
    },
  );
}
