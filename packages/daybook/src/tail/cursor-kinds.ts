/**
 * How a follower marks its place for its caller, lane by lane: by the number of the lane, or by the caller's own last
 * entry in it, where a number would tell how many entries others have.
 */
import type { StoredEntry } from '../entry.ts';
import { DaybookError } from '../errors.ts';
import { idToMicros } from '../id.ts';
import type { Lane, Store, TailPage } from '../store/store.ts';
import type { LanePlace, OwnLanePlace } from './cursor.ts';
import { decodeOwnCursor, decodeTailCursor, encodeOwnCursor, encodeTailCursor } from './cursor.ts';

const DAY_MICROS = 86_400_000_000;

/** For one follower. */
export interface CursorKind {
  /**
   * @param from `start`, `now` or a cursor.
   * @throws {DaybookError} CURSOR_INVALID, CURSOR_EXPIRED
   */
  begin(from: string): Promise<void>;
  /**
   * The number of the lane behind which it goes on; a lane that opened since then begins at its start. Undefined while that
   * is not known, because the entry of the cursor has not come here from its region: its place is kept meanwhile.
   * @throws {DaybookError} CURSOR_EXPIRED
   */
  numberIn(lane: Lane): Promise<number | undefined>;
  /** Behind everything that the page gave. */
  move(lane: Lane, page: TailPage): void;
  /** Where the follower is, or was right behind this entry of the last page. */
  cursor(behind?: StoredEntry): string;
  /** @throws {DaybookError} CURSOR_EXPIRED, with a cursor of what is left, when retention took entries behind the number. */
  assertNotOvertaken(lane: Lane, after: number, page: TailPage): void;
}

export function byNumber(store: Pick<Store, 'lanes' | 'head'>): CursorKind {
  const places = new Map<string, LanePlace>();
  /** What retention took up to here is known to the caller to be gone. Nobody who begins at the start has missed anything. */
  const expired = new Map<string, number>();
  let fromStart = false;

  function put({ name, epoch }: Lane, number: number): LanePlace {
    const known = expired.get(name) ?? 0;
    // An entry that was stored late may expire before others in front of it: they are still to come.
    const place = { epoch, number, ...(known > number && { expired: known }) };
    places.set(name, place);
    return place;
  }

  function behindAll(number: (lane: Lane) => number): string {
    return encodeTailCursor(
      Object.fromEntries(store.lanes.map((lane) => [lane.name, { epoch: lane.epoch, number: number(lane) }])),
    );
  }

  /**
   * A lane of another region may not have come here as far as there, or not at all. That the epoch of our own was renewed
   * is found out by asking, so it is looked at afterwards: another server may know it already.
   */
  async function isOfThisLife(lane: Lane, given: LanePlace | undefined): Promise<boolean> {
    const isOwn = lane.name === store.lanes[0]?.name;
    const head = isOwn ? await store.head(lane.name, given?.number) : Infinity;
    return given === undefined || (given.epoch === lane.epoch && given.number <= head);
  }

  return {
    async begin(from) {
      fromStart = from === 'start';
      if (fromStart) return;
      if (from === 'now') for (const lane of store.lanes) put(lane, await store.head(lane.name));
      else {
        // What is kept here of a lane that is unknown here still counts where it is known.
        for (const [name, place] of Object.entries(decodeTailCursor(from))) {
          places.set(name, place);
          expired.set(name, place.expired ?? 0);
        }
        await lookForLanes(store, [...places.keys()]);
        if (!store.lanes.some(({ name }) => places.has(name))) throw ofAnotherLife(behindAll(() => 0));
      }
    },

    async numberIn(lane) {
      const given = places.get(lane.name);
      if (!(await isOfThisLife(lane, given))) throw ofAnotherLife(behindAll(() => 0));
      return put(lane, given?.number ?? 0).number;
    },

    move: (lane, { through }) => void put(lane, through),

    cursor(behind) {
      const all = Object.fromEntries(places);
      if (behind === undefined) return encodeTailCursor(all);
      const { lane, number } = behind.position;
      const known = expired.get(lane) ?? 0;
      const { epoch } = places.get(lane) as LanePlace;
      return encodeTailCursor({
        ...all,
        [lane]: { epoch, number, ...(known > number && { expired: known }) },
      });
    },

    assertNotOvertaken(lane, after, { expiredThrough }) {
      const known = expired.get(lane.name);
      const isNew = known === undefined && (fromStart || after === 0);
      const isOvertaken = !isNew && expiredThrough > Math.max(after, known ?? 0);
      if (isOvertaken || isNew) expired.set(lane.name, expiredThrough);
      if (!isOvertaken) return;
      put(lane, after);
      throw overtaken(encodeTailCursor(Object.fromEntries(places)));
    },
  };
}

/** Retention goes by ids: while the entry of the cursor is there, it took no later one. */
export function byOwnEntries(
  {
    store,
    nowMicros,
  }: { readonly store: Pick<Store, 'lanes' | 'head' | 'find' | 'list'>; readonly nowMicros: () => number },
  { register, subject }: { readonly register: string; readonly subject: string },
): CursorKind {
  const places = new Map<string, OwnLanePlace>();
  const atStart = (): string =>
    encodeOwnCursor(Object.fromEntries(store.lanes.map(({ name, epoch }) => [name, { epoch, after: '' }])));

  async function newestOf({ name }: Lane): Promise<StoredEntry | undefined> {
    const query = { register, subject, lane: name, order: 'desc', limit: 1, maxBytes: 0 } as const;
    return (await store.list(query)).entries[0];
  }

  /** Retention takes nothing that is younger than a day. */
  const isOnItsWay = (id: string): boolean => nowMicros() - idToMicros(id) < DAY_MICROS;

  return {
    async begin(from) {
      if (from === 'start' || from === 'now') {
        for (const lane of store.lanes) {
          const newest = from === 'now' ? await newestOf(lane) : undefined;
          places.set(lane.name, { epoch: lane.epoch, after: newest?.id ?? '' });
        }
        return;
      }
      for (const [name, place] of Object.entries(decodeOwnCursor(from))) places.set(name, place);
      await lookForLanes(store, [...places.keys()]);
      if (!store.lanes.some(({ name }) => places.has(name))) throw ofAnotherLife(atStart());
    },

    async numberIn(lane) {
      const { name } = lane;
      const given = places.get(name) ?? { epoch: lane.epoch, after: '' };
      // Another server may have found out before this one that it was renewed.
      if (given.epoch !== lane.epoch) await store.head(name);
      if (given.epoch !== lane.epoch) throw ofAnotherLife(atStart());
      places.set(name, given);
      if (given.after === '') return 0;
      const found = await store.find(register, given.after, subject);
      if (found?.status === 'stored') return found.entry.position.number;
      if (name !== store.lanes[0]?.name && isOnItsWay(given.after)) return undefined;
      throw overtaken(atStart());
    },

    move({ name, epoch }, { entries }) {
      const after = entries.at(-1)?.id ?? places.get(name)?.after ?? '';
      places.set(name, { epoch, after });
    },
    cursor(behind) {
      const all = Object.fromEntries(places);
      if (behind === undefined) return encodeOwnCursor(all);
      const { lane } = behind.position;
      const { epoch } = places.get(lane) as OwnLanePlace;
      return encodeOwnCursor({ ...all, [lane]: { epoch, after: behind.id } });
    },
    assertNotOvertaken() {},
  };
}

/** A cursor of another region may name a lane that has come here since somebody last looked. */
async function lookForLanes(store: Pick<Store, 'lanes' | 'head'>, names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !store.lanes.some((lane) => lane.name === name));
  if (unknown !== undefined) await store.head(unknown);
}

function ofAnotherLife(cursor: string): DaybookError {
  return expired(
    'one of the present life of this store, given one of an earlier life or of another store',
    cursor,
  );
}

function overtaken(cursor: string): DaybookError {
  return expired(
    'one that is younger than the retention of the register, given one that it has overtaken',
    cursor,
  );
}

function expired(expected: string, cursor: string): DaybookError {
  return new DaybookError('CURSOR_EXPIRED', `cursor: expected ${expected}`, { members: { cursor } });
}
