/**
 * The ledger's rows, and the batches that it misses.
 */
import assert from 'node:assert/strict';

import type { Entry } from '../../entry.ts';
import type { MissingBatches, Store } from '../../store/store.ts';
import { BASE_MICROS, createSource, makeEntry, MINUTE_MICROS } from '../made-batches.ts';
import type { Check } from './opened-store.ts';

function entryInMinute(minute: number, register: string): Entry {
  return makeEntry({ register, micros: BASE_MICROS + minute * MINUTE_MICROS + 7 });
}

type Missing = Omit<MissingBatches, 'since'>;

function gap(firstN: number, lastN: number, entries: number): Missing {
  return { source: 'a', firstN, lastN, entries };
}

async function missing(store: Store): Promise<Missing[]> {
  const all = await store.missingBatches();
  return all
    .map(({ source, firstN, lastN, entries }) => ({ source, firstN, lastN, entries }))
    .toSorted((a, b) => a.firstN - b.firstN);
}

export function testLedger(check: Check): void {
  check('the ledger has a row a minute, region and register', async ({ store }) => {
    await store.append(
      createSource('a')([
        entryInMinute(0, 'app'),
        entryInMinute(0, 'app'),
        entryInMinute(0, 'webhooks'),
        entryInMinute(2, 'app'),
      ]),
    );
    const from = BASE_MICROS;
    const rows = await store.ledger({ from, to: from + 3 * MINUTE_MICROS }, 100);
    assert.deepEqual(
      rows
        .map(({ minute, register, region, accepted, stored }) => [
          minute - from / MINUTE_MICROS,
          register,
          region,
          accepted,
          stored,
        ])
        .toSorted((a, b) => String(a).localeCompare(String(b))),
      [
        [0, 'app', 'local', 2, 2],
        [0, 'webhooks', 'local', 1, 1],
        [2, 'app', 'local', 1, 1],
      ],
    );
    const oldest = await store.ledger({ from, to: from + 3 * MINUTE_MICROS }, 2);
    assert.deepEqual(
      oldest.map(({ minute }) => minute - from / MINUTE_MICROS),
      [0, 0],
    );
    assert.deepEqual(await store.ledger({ from: from + 1, to: from + MINUTE_MICROS }, 100), []);
  });

  check('a change is counted in the minute of the stamp, whenever it is made', async ({ store }) => {
    const [dead, discarded, late] = [0, 1, 2].map((minute) => entryInMinute(minute, 'app')) as [
      Entry,
      Entry,
      Entry,
    ];
    await store.persist([
      {
        batch: createSource('a')([dead, discarded, late]),
        part: false,
        leftOut: [0, 1, 2].map((index) => ({ index, as: 'dead' as const })),
      },
    ]);
    await store.replay(late);
    await store.discard(discarded);
    const rows = await store.ledger({ from: BASE_MICROS, to: BASE_MICROS + 3 * MINUTE_MICROS }, 100);
    assert.deepEqual(
      rows.map((row) => [row.accepted, row.stored, row.dead, row.discarded]),
      [
        [1, 0, 1, 0],
        [1, 0, 0, 1],
        [1, 1, 0, 0],
      ],
    );
  });

  check('a missing batch is named with the number of its entries, and since when', async ({ store }) => {
    const next = createSource('a');
    await store.append(next([makeEntry()]));
    next([makeEntry(), makeEntry()]);
    next([makeEntry()]);
    const before = await store.time();
    await store.append(next([makeEntry()]));
    const after = await store.time();
    assert.deepEqual(await missing(store), [{ source: 'a', firstN: 2, lastN: 3, entries: 3 }]);
    const [{ since } = { since: 0 }] = await store.missingBatches();
    assert.ok(since >= before && since <= after, `${before} ≤ ${since} ≤ ${after}`);

    next([makeEntry()]);
    await store.append(next([makeEntry()]));
    const gaps = (await store.missingBatches()).toSorted((a, b) => a.firstN - b.firstN);
    assert.equal(gaps[0]?.since, since, 'a later gap does not make an older one younger');
    assert.ok((gaps[1]?.since ?? 0) >= after);
  });

  check('batches that arrive late fill their gap from anywhere', async ({ store }) => {
    const next = createSource('a');
    const batches = [2, 1, 3, 1, 4, 1].map((length) => next(Array.from({ length }, () => makeEntry())));
    const arrive = async (n: number) => {
      const batch = batches[n - 1];
      assert.ok(batch);
      if (n % 2 === 0) await store.append(batch);
      else await store.persist([{ batch, part: false, leftOut: [] }]);
      return missing(store);
    };
    assert.deepEqual(await arrive(6), [gap(1, 5, 11)]);
    assert.deepEqual(await arrive(3), [gap(1, 2, 3), gap(4, 5, 5)]);
    assert.deepEqual(await arrive(1), [gap(2, 2, 1), gap(4, 5, 5)]);
    assert.deepEqual(await arrive(5), [gap(2, 2, 1), gap(4, 4, 1)]);
    assert.deepEqual(await arrive(5), [gap(2, 2, 1), gap(4, 4, 1)]);
    assert.deepEqual(await arrive(4), [gap(2, 2, 1)]);
    assert.deepEqual(await arrive(2), []);
  });

  check('sources are told apart', async ({ store }) => {
    const [a, b] = [createSource('a'), createSource('b')];
    a([makeEntry()]);
    b([makeEntry()]);
    b([makeEntry(), makeEntry()]);
    await store.append(a([makeEntry()]));
    await store.append(b([makeEntry()]));
    const gaps = await store.missingBatches();
    assert.deepEqual(
      new Map(gaps.map(({ source, entries }) => [source, entries])),
      new Map([
        ['a', 1],
        ['b', 3],
      ]),
    );
  });
}
