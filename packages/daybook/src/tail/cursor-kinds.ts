/**
 * How a follower marks its place for its caller: by the number of its lane, or by the caller's own last entry where a
 * number would tell how many entries others have.
 */
import type { StoredEntry } from '../entry.ts';
import { DaybookError } from '../errors.ts';
import type { Store, TailPage } from '../store/store.ts';
import { decodeOwnCursor, decodeTailCursor, encodeOwnCursor, encodeTailCursor } from './cursor.ts';

/** For one follower. */
export interface CursorKind {
  /**
   * @param from `start`, `now` or a cursor.
   * @throws {DaybookError} CURSOR_INVALID, CURSOR_EXPIRED
   */
  begin(from: string): Promise<Begun>;
  /** Behind everything that the page gave. */
  move(cursor: string, page: TailPage): string;
  cursorAt(entry: StoredEntry): string;
  /** @throws {DaybookError} CURSOR_EXPIRED, with a cursor of what is left, when retention took entries behind the number. */
  assertNotOvertaken(after: number, page: TailPage): void;
}

interface Begun {
  /** The number behind which it goes on. */
  readonly after: number;
  readonly cursor: string;
}

export function byNumber(store: Pick<Store, 'epoch' | 'head'>, lane: string): CursorKind {
  /** What retention took up to here is known to the caller to be gone. Nobody who begins at the start has missed anything. */
  let expired = 0;
  const cursorOf = (number: number): string => {
    // An entry that was stored late may expire before others in front of it: they are still to come.
    const isAhead = expired > number && expired !== Infinity;
    return encodeTailCursor({ epoch: store.epoch, lanes: { [lane]: number }, ...(isAhead && { expired }) });
  };
  const begunAt = (after: number) => ({ after, cursor: cursorOf(after) });
  return {
    async begin(from) {
      if (from === 'start') {
        expired = Infinity;
        return begunAt(0);
      }
      if (from === 'now') return begunAt(await store.head(lane));
      const given = decodeTailCursor(from);
      const number = given.lanes[lane];
      const head = await store.head(lane, number);
      if (given.epoch !== store.epoch || number === undefined || number > head)
        throw ofAnotherLife(cursorOf(0));
      expired = given.expired ?? 0;
      return begunAt(number);
    },
    move: (_, { through }) => cursorOf(through),
    cursorAt: ({ position }) => cursorOf(position.number),
    assertNotOvertaken(after, { expiredThrough }) {
      const isOvertaken = expiredThrough > Math.max(after, expired);
      if (isOvertaken || expired === Infinity) expired = expiredThrough;
      if (isOvertaken) throw overtaken(cursorOf(after));
    },
  };
}

/** Retention goes by ids: while the entry of the cursor is there, it took no later one. */
export function byOwnEntries(
  store: Pick<Store, 'epoch' | 'find' | 'list'>,
  { register, subject }: { readonly register: string; readonly subject: string },
): CursorKind {
  const cursorOf = (after: string) => encodeOwnCursor({ epoch: store.epoch, after });
  const begunAt = (entry: StoredEntry | undefined) => ({
    after: entry?.position.number ?? 0,
    cursor: cursorOf(entry?.id ?? ''),
  });
  return {
    async begin(from) {
      if (from === 'start') return begunAt(undefined);
      if (from === 'now') {
        const newest = await store.list({ register, subject, order: 'desc', limit: 1, maxBytes: 0 });
        return begunAt(newest.entries[0]);
      }
      const { epoch, after } = decodeOwnCursor(from);
      if (epoch !== store.epoch) throw ofAnotherLife(cursorOf(''));
      if (after === '') return begunAt(undefined);
      const found = await store.find(register, after, subject);
      if (found?.status === 'stored') return begunAt(found.entry);
      throw overtaken(cursorOf(''));
    },
    move: (cursor, { entries }) =>
      entries.length === 0 ? cursor : cursorOf((entries.at(-1) as StoredEntry).id),
    cursorAt: ({ id }) => cursorOf(id),
    assertNotOvertaken() {},
  };
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
