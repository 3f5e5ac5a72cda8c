/**
 * The archive holds every entry of its register, in stored order, whenever runs begin, end and fail.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';

import type { ArchiverOptions } from '../../src/archive/archiver.ts';
import { createArchiver } from '../../src/archive/archiver.ts';
import { parseSegmentName, segmentName } from '../../src/archive/segment.ts';
import type { Entry } from '../../src/entry.ts';
import type { Store } from '../../src/store/store.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import type { SimulatedObjects } from '../../src/testing/simulated-objects.ts';
import { createSimulatedObjects } from '../../src/testing/simulated-objects.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DAY_MICROS = 86_400_000_000;
const MONDAY = Date.UTC(2026, 10, 23) * 1000;
const never = new AbortController().signal;

interface Place {
  readonly store: Store;
  readonly objects: SimulatedObjects;
  nowMicros: number;
  run(options?: Partial<ArchiverOptions>): ReturnType<ReturnType<typeof createArchiver>['archive']>;
  /** Ids by segment, in the order of the segments' numbers. */
  segments(register?: string): (readonly string[])[];
}

async function enter(test: { after(done: () => Promise<void>): void }): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'daybook-archive-'));
  const store = await createSqliteStore({ directory });
  test.after(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  const place: Place = {
    store,
    nowMicros: MONDAY,
    objects: createSimulatedObjects(() => place.nowMicros),
    run: (options = {}) =>
      createArchiver({
        store,
        objects: place.objects,
        toLine: ({ id }) => id,
        nowMicros: () => place.nowMicros,
        ...options,
      }).archive('app', never),
    segments(register = 'app') {
      const found = [...place.objects.contents].flatMap(([name, bytes]) => {
        const parsed = parseSegmentName(name);
        return parsed?.register === register ? [{ ...parsed, bytes }] : [];
      });
      return found
        .toSorted((a, b) => a.after - b.after)
        .map(({ bytes }) => gunzipSync(bytes).toString().split('\n').slice(0, -1));
    },
  };
  return place;
}

function makeEntries(count: number, fields: Parameters<typeof makeEntry>[0] = {}): Entry[] {
  return Array.from({ length: count }, () => makeEntry(fields));
}

function idsOf(entries: readonly Entry[]): string[] {
  return entries.map(({ id }) => id);
}

describe('an archiver', () => {
  it('writes all that is there, and then only what is new', async (test) => {
    const { store, run, segments } = await enter(test);
    const next = createSource('one');
    const [first, second] = [makeEntries(30), makeEntries(5)];
    await store.append(next(first));
    assert.deepEqual(await run(), { segments: 1, entries: 30, complete: true });
    await store.append(next(second));
    await run();
    assert.deepEqual(await run(), { segments: 0, entries: 0, complete: true });
    assert.deepEqual(segments(), [idsOf(first), idsOf(second)]);
  });

  it('archives an entry that was stored late behind those that were stored before it', async (test) => {
    const { store, run, segments } = await enter(test);
    const next = createSource('late');
    const [late] = makeEntries(1);
    const soon = makeEntries(3);
    await store.append(next(soon));
    await run();
    await store.append(next([late as Entry]));
    await run();
    assert.deepEqual(segments().flat(), idsOf([...soon, late as Entry]));
  });

  it('has segments of a size, whole and one behind the other', async (test) => {
    const { store, run, segments, objects } = await enter(test);
    const next = createSource('large');
    const entries = Array.from({ length: 5 }, () => makeEntries(700));
    for (const some of entries) await store.append(next(some));
    const { segments: count } = await run({ segmentBytes: 30_000 });
    assert.ok(count >= 3, `${count} segments`);
    assert.deepEqual(segments().flat(), idsOf(entries.flat()));
    const parsed = [...objects.contents.keys()].map((name) => parseSegmentName(name));
    const sorted = parsed.toSorted((a, b) => (a?.after ?? 0) - (b?.after ?? 0));
    for (const [index, segment] of sorted.entries())
      assert.equal(segment?.after, index === 0 ? 0 : sorted[index - 1]?.through);
  });

  it('goes on behind what was written when it failed or was ended', async (test) => {
    const { store, run, segments, objects } = await enter(test);
    const next = createSource('fails');
    const entries = makeEntries(2_500);
    for (let at = 0; at < entries.length; at += 500) await store.append(next(entries.slice(at, at + 500)));
    let creates = 0;
    const failing: ArchiverOptions['objects'] = {
      list: async (query) => objects.list(query),
      async create(name, bytes) {
        creates += 1;
        if (creates === 2) throw new Error('out of reach');
        return objects.create(name, bytes);
      },
    };
    await assert.rejects(run({ objects: failing, segmentBytes: 30_000 }), /out of reach/);
    assert.equal(segments().length, 1);
    const ended = createArchiver({
      store,
      objects,
      toLine: ({ id }) => id,
      nowMicros: () => MONDAY,
    }).archive('app', AbortSignal.abort());
    assert.deepEqual(await ended, { segments: 0, entries: 0, complete: false });
    await run();
    assert.deepEqual(segments().flat(), idsOf(entries));
  });

  it('writes none twice when another has written the same segment in between', async (test) => {
    const { store, run, segments, objects } = await enter(test);
    await store.append(createSource('twice')(makeEntries(10)));
    await Promise.all([run(), run()]);
    assert.equal(objects.contents.size, 1);
    assert.equal(segments().flat().length, 10);
  });

  it('finds its place after days without a run, and when the clock is put back', async (test) => {
    const place = await enter(test);
    const next = createSource('days');
    const all: Entry[] = [];
    for (const days of [0, 1, 20, 300, 2_000, 1_999]) {
      const some = makeEntries(2);
      all.push(...some);
      await place.store.append(next(some));
      place.nowMicros = MONDAY + days * DAY_MICROS;
      assert.equal((await place.run()).entries, 2, `after ${days} days`);
    }
    assert.deepEqual(place.segments().flat(), idsOf(all));
    const days = [...place.objects.contents.keys()].map((name) => parseSegmentName(name)?.day ?? '');
    assert.deepEqual(
      days,
      days.toSorted((a, b) => a.localeCompare(b)),
    );
  });

  it('keeps registers apart, and begins anew with a restored store', async (test) => {
    const { store, run, segments, objects } = await enter(test);
    const next = createSource('apart');
    await store.append(next(makeEntries(4, { register: 'other' })));
    const [entry] = makeEntries(1);
    await store.append(next([entry as Entry]));
    await run();
    assert.deepEqual(segments('other'), []);
    assert.deepEqual(segments(), [[entry?.id]]);
    const restored: Pick<Store, 'lanes' | 'tail'> = {
      lanes: store.lanes.map(({ name }) => ({ name, epoch: 'another' })),
      tail: async (query) => store.tail(query),
    };
    assert.equal((await run({ store: restored })).entries, 1);
    assert.equal(objects.contents.size, 2);
  });

  it('tells when retention took what was not archived yet', async (test) => {
    const { store, run } = await enter(test);
    const next = createSource('expired');
    await store.append(next(makeEntries(3)));
    await run();
    const told: string[] = [];
    const onOvertaken: ArchiverOptions['onOvertaken'] = ({ register }) => told.push(register);
    await store.expire({ register: 'app', before: MONDAY, limit: 100 });
    await run({ onOvertaken });
    assert.deepEqual(told, []);
    await store.append(next(makeEntries(3)));
    await store.expire({ register: 'app', before: MONDAY, limit: 100 });
    await store.append(next(makeEntries(1)));
    assert.equal((await run({ onOvertaken })).entries, 1);
    assert.deepEqual(told, ['app']);
  });
});

describe('a segment name', () => {
  it('is read back as it was written, and nothing else is', () => {
    const name = {
      register: 'app',
      lane: 'eu-west-1',
      epoch: 'E_1',
      day: '2026-11-23',
      after: 7,
      through: 1_000,
    };
    const text = segmentName(name);
    assert.equal(text, 'entries/app/2026-11-23/eu-west-1/E_1/0000000000000007-0000000000001000.ndjson.gz');
    assert.deepEqual(parseSegmentName(text), name);
    for (const other of ['', 'entries/app/x.ndjson.gz', `x/${text}`, `${text}.tmp`])
      assert.equal(parseSegmentName(other), undefined);
  });
});
