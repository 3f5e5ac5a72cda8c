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
const RETRY_SECONDS = 5;

/** For one follower. */
export interface CursorKind {
  /**
   * @param from `start`, `now` or a cursor.
   * @returns by lane, the number behind which it goes on; a lane that is not named begins at its start.
   * @throws {DaybookError} CURSOR_INVALID, CURSOR_EXPIRED
   */
  begin(from: string): Promise<Map<string, number>>;
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

  /** A lane of another region may not have come here as far as there, or not at all. */
  async function resume(lane: Lane, given: LanePlace, isOwn: boolean): Promise<void> {
    const head = await store.head(lane.name, given.number);
    if (given.epoch !== lane.epoch || (isOwn && given.number > head)) throw ofAnotherLife(behindAll(() => 0));
    expired.set(lane.name, given.expired ?? 0);
    put(lane, given.number);
  }

  return {
    async begin(from) {
      const { lanes } = store;
      fromStart = from === 'start';
      if (fromStart) for (const lane of lanes) put(lane, 0);
      else if (from === 'now') for (const lane of lanes) put(lane, await store.head(lane.name));
      else {
        const given = decodeTailCursor(from);
        // What is kept here of a lane that is unknown here still counts where it is known.
        for (const [name, place] of Object.entries(given)) places.set(name, place);
        const isOurs = lanes.some(({ name }) => name in given);
        if (!isOurs) throw ofAnotherLife(behindAll(() => 0));
        for (const [index, lane] of lanes.entries()) {
          const place = given[lane.name];
          // One that began after the cursor was given.
          if (place === undefined) put(lane, 0);
          else await resume(lane, place, index === 0);
        }
      }
      return new Map([...places].map(([name, { number }]) => [name, number]));
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
  }: { readonly store: Pick<Store, 'lanes' | 'find' | 'list'>; readonly nowMicros: () => number },
  { register, subject }: { readonly register: string; readonly subject: string },
): CursorKind {
  const places = new Map<string, OwnLanePlace>();
  const atStart = (): string =>
    encodeOwnCursor(Object.fromEntries(store.lanes.map(({ name, epoch }) => [name, { epoch, after: '' }])));

  async function newestOf({ name }: Lane): Promise<StoredEntry | undefined> {
    const query = { register, subject, lane: name, order: 'desc', limit: 1, maxBytes: 0 } as const;
    return (await store.list(query)).entries[0];
  }

  async function find({ name, epoch }: Lane, given: OwnLanePlace): Promise<StoredEntry | undefined> {
    if (given.epoch !== epoch) throw ofAnotherLife(atStart());
    if (given.after === '') return undefined;
    const found = await store.find(register, given.after, subject);
    if (found?.status === 'stored') return found.entry;
    if (name !== store.lanes[0]?.name && isOnItsWay(given.after)) throw notHereYet();
    throw overtaken(atStart());
  }

  /** Retention takes nothing that is younger than a day. */
  const isOnItsWay = (id: string): boolean => nowMicros() - idToMicros(id) < DAY_MICROS;

  return {
    async begin(from) {
      const { lanes } = store;
      const given = from === 'start' || from === 'now' ? undefined : decodeOwnCursor(from);
      if (given !== undefined && !lanes.some(({ name }) => name in given)) throw ofAnotherLife(atStart());
      for (const [name, place] of Object.entries(given ?? {})) places.set(name, place);
      const numbers = new Map<string, number>();
      for (const lane of lanes) {
        const place = given?.[lane.name];
        const entry =
          from === 'now' ? await newestOf(lane) : place === undefined ? undefined : await find(lane, place);
        places.set(lane.name, { epoch: lane.epoch, after: entry?.id ?? '' });
        numbers.set(lane.name, entry?.position.number ?? 0);
      }
      return numbers;
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

function notHereYet(): DaybookError {
  return new DaybookError(
    'STORE_UNAVAILABLE',
    'cursor: expected one whose entry has come here from its region, given one that is on its way',
    { retryAfterSeconds: RETRY_SECONDS },
  );
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
