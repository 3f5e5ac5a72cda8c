import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { StoredEntry } from '../entry.ts';
import { DaybookError } from '../errors.ts';
import type { Lane, ListQuery, TailPage, TailQuery } from '../store/store.ts';
import { createTail } from './follow.ts';
import { createSignal } from './signal.ts';

const HERE: Lane = { name: 'here', epoch: 'h' };
const THERE: Lane = { name: 'there', epoch: 't' };

/** Of the ids below, half a day later. */
const NOW_MICROS = 43_200_000_000;

function entryOf(lane: string, number: number): StoredEntry {
  return {
    id: `0000000${number}-0000-7000-8000-00000000000${lane === 'here' ? 1 : 2}`,
    register: 'app',
    subject: 'alice',
    requestId: 'r',
    protocol: 'http',
    region: lane,
    position: { lane, number },
  };
}

/** What a region sees of two lanes: how many entries of each have come here. */
function viewOf(lanes: Lane[], heads: Record<string, number>) {
  const all = (lane: string) =>
    Array.from({ length: heads[lane] ?? 0 }, (_, index) => entryOf(lane, index + 1));
  return {
    lanes,
    heads,
    head: async (lane: string) => heads[lane] ?? 0,
    async tail({ lane, after, limit }: TailQuery): Promise<TailPage> {
      const entries = all(lane)
        .filter(({ position }) => position.number > after)
        .slice(0, limit);
      return { entries, through: entries.at(-1)?.position.number ?? after, expiredThrough: 0 };
    },
    async find(_register: string, id: string) {
      const entry = [...all('here'), ...all('there')].find((one) => one.id === id);
      return entry && { status: 'stored' as const, entry };
    },
    async list({ lane = 'here' }: ListQuery) {
      return { entries: all(lane).slice(-1), more: false };
    },
  };
}

type View = ReturnType<typeof viewOf>;
type From = { readonly from: string; readonly subject?: string };

const follow = (view: View, from: From) =>
  createTail({ store: view, stored: createSignal(), nowMicros: () => NOW_MICROS, nowMs: () => 0 }).follow({
    register: 'app',
    ...from,
  });

/** @returns what it was given, in its order, and where it is then. */
async function readAll(view: View, from: From) {
  const follower = await follow(view, from);
  const seen: string[] = [];
  for (let page = await follower.next(0); page.entries.length > 0; page = await follower.next(0))
    seen.push(...page.entries.map(({ position }) => `${position.lane} ${position.number}`));
  return { seen, cursor: follower.cursor, follower };
}

const kinds = [
  ['whole', {}],
  ['own', { subject: 'alice' }],
] as const;

for (const [kind, of] of kinds) {
  test(`a tail of several lanes gives each in its order (${kind})`, async () => {
    const { seen } = await readAll(viewOf([HERE, THERE], { here: 3, there: 2 }), { from: 'start', ...of });
    assert.deepEqual(
      seen.filter((one) => one.startsWith('here')),
      ['here 1', 'here 2', 'here 3'],
    );
    assert.deepEqual(
      seen.filter((one) => one.startsWith('there')),
      ['there 1', 'there 2'],
    );
  });

  test(`a cursor of one region goes on in another (${kind})`, async () => {
    const { cursor } = await readAll(viewOf([HERE, THERE], { here: 3, there: 2 }), { from: 'start', ...of });
    const { seen } = await readAll(viewOf([THERE, HERE], { here: 4, there: 3 }), { from: cursor, ...of });
    assert.deepEqual(seen.toSorted(), ['here 4', 'there 3']);
  });

  test(`from now on gives what comes in any lane, and nothing else (${kind})`, async () => {
    const view = viewOf([HERE, THERE], { here: 2, there: 2 });
    const { seen, cursor } = await readAll(view, { from: 'now', ...of });
    assert.deepEqual(seen, []);
    Object.assign(view.heads, { here: 3, there: 3 });
    assert.deepEqual((await readAll(view, { from: cursor, ...of })).seen.toSorted(), ['here 3', 'there 3']);
  });

  test(`a lane that opens later is followed from its start (${kind})`, async () => {
    const view = viewOf([HERE], { here: 1, there: 2 });
    const { seen, cursor, follower } = await readAll(view, { from: 'start', ...of });
    assert.deepEqual(seen, ['here 1']);
    view.lanes.push(THERE);
    const { entries } = await follower.next(0);
    assert.deepEqual(
      entries.map(({ region }) => region),
      ['there', 'there'],
    );
    assert.deepEqual((await readAll(view, { from: cursor, ...of })).seen, ['there 1', 'there 2']);
  });

  test(`the cursor of each entry goes on right behind it (${kind})`, async () => {
    const view = viewOf([HERE, THERE], { here: 2, there: 2 });
    const follower = await follow(view, { from: 'start', ...of });
    const given: StoredEntry[] = [];
    for (let page = await follower.next(0); page.entries.length > 0; page = await follower.next(0)) {
      for (const entry of page.entries) {
        given.push(entry);
        const { seen } = await readAll(view, { from: follower.cursorAt(entry), ...of });
        assert.equal(seen.length, 4 - given.length);
      }
    }
    assert.equal(given.length, 4);
  });

  test(`a lane that is not known here keeps its place in the cursor (${kind})`, async () => {
    const { cursor } = await readAll(viewOf([HERE, THERE], { here: 1, there: 2 }), { from: 'start', ...of });
    const meanwhile = await readAll(viewOf([HERE], { here: 2 }), { from: cursor, ...of });
    assert.deepEqual(meanwhile.seen, ['here 2']);
    const { seen } = await readAll(viewOf([THERE, HERE], { here: 2, there: 3 }), {
      from: meanwhile.cursor,
      ...of,
    });
    assert.deepEqual(seen, ['there 3']);
  });

  test(`another epoch of any lane is another life (${kind})`, async () => {
    const { cursor } = await readAll(viewOf([HERE, THERE], { here: 1, there: 1 }), { from: 'start', ...of });
    const reborn = viewOf([HERE, { ...THERE, epoch: 'new' }], { here: 1, there: 1 });
    await assert.rejects(follow(reborn, { from: cursor, ...of }), { code: 'CURSOR_EXPIRED' });
  });
}

test('a replica that lags behind the cursor of another region waits; the own lane cannot', async () => {
  const { cursor } = await readAll(viewOf([HERE, THERE], { here: 2, there: 5 }), { from: 'start' });
  const lagging = viewOf([HERE, THERE], { here: 2, there: 1 });
  const { seen, cursor: same } = await readAll(lagging, { from: cursor });
  assert.deepEqual(seen, []);
  assert.equal(same, cursor);
  lagging.heads['there'] = 6;
  assert.deepEqual((await readAll(lagging, { from: same })).seen, ['there 6']);

  const restored = viewOf([HERE, THERE], { here: 1, there: 5 });
  const refused = await follow(restored, { from: cursor }).catch((thrown: unknown) => thrown);
  assert.ok(refused instanceof DaybookError && refused.code === 'CURSOR_EXPIRED');
  const fresh = String(refused.details.members?.['cursor']);
  assert.equal((await readAll(restored, { from: fresh })).seen.length, 6);
});

test('the entry of a cursor that has not come from its region yet is waited for; what the own lane has not is gone', async () => {
  const own = { subject: 'alice' };
  const { cursor } = await readAll(viewOf([HERE, THERE], { here: 2, there: 5 }), { from: 'start', ...own });
  const lagging = viewOf([HERE, THERE], { here: 3, there: 1 });
  const { seen, follower } = await readAll(lagging, { from: cursor, ...own });
  assert.deepEqual(seen, ['here 3'], 'the other lane goes on');
  lagging.heads['there'] = 4;
  assert.deepEqual((await follower.next(0)).entries, []);
  lagging.heads['there'] = 6;
  const { entries } = await follower.next(0);
  assert.deepEqual(
    entries.map(({ position }) => position),
    [{ lane: 'there', number: 6 }],
  );
  const expired = viewOf([HERE, THERE], { here: 1, there: 5 });
  await assert.rejects(follow(expired, { from: cursor, ...own }), { code: 'CURSOR_EXPIRED' });
});

for (const [kind, of] of kinds) {
  test(`a lane that comes while its place waits in the cursor is followed from there (${kind})`, async () => {
    const { cursor } = await readAll(viewOf([HERE, THERE], { here: 1, there: 2 }), { from: 'start', ...of });
    const view = viewOf([HERE], { here: 1, there: 3 });
    const { seen, follower } = await readAll(view, { from: cursor, ...of });
    assert.deepEqual(seen, []);
    view.lanes.push(THERE);
    const { entries } = await follower.next(0);
    assert.deepEqual(
      entries.map(({ position }) => position),
      [{ lane: 'there', number: 3 }],
    );
    const reborn = viewOf([HERE], { here: 1, there: 3 });
    const other = await readAll(reborn, { from: cursor, ...of });
    reborn.lanes.push({ ...THERE, epoch: 'new' });
    await assert.rejects(other.follower.next(0), { code: 'CURSOR_EXPIRED' });
  });
}

test('what comes late moves no head: a follower that awaits it looks again although nobody rings', async () => {
  const view = viewOf([HERE, THERE], { here: 0, there: 0 });
  const awaiting = {
    ...view,
    async tail(query: TailQuery): Promise<TailPage> {
      const page = await view.tail(query);
      // It comes after the first look.
      if (query.lane === 'there') view.heads['there'] = 1;
      return query.lane === 'there' ? { ...page, more: 'awaited' } : page;
    },
  };
  const follower = await follow(awaiting, { from: 'start' });
  const { entries } = await follower.next(60_000);
  assert.deepEqual(
    entries.map(({ position }) => position),
    [{ lane: 'there', number: 1 }],
  );
});

test('a busy lane does not keep another waiting', async () => {
  const view = viewOf([HERE, THERE], { here: 9, there: 1 });
  const one = { ...view, tail: async (query: TailQuery) => view.tail({ ...query, limit: 1 }) };
  const { seen } = await readAll(one, { from: 'start' });
  assert.ok(seen.indexOf('there 1') <= 1, seen.join(', '));
});
