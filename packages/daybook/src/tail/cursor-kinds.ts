/**
 * How a follower marks its place for its caller: by the number of its lane, or by the caller's own last entry where a
 * number would tell how many entries others have.
 */
import type { StoredEntry } from '../entry.ts';
import { DaybookError } from '../errors.ts';
import type { Store, TailPage } from '../store/store.ts';
import { decodeOwnCursor, decodeTailCursor, encodeOwnCursor, encodeTailCursor } from './cursor.ts';

export interface CursorKind {
  /**
   * @param from `start`, `now` or a cursor.
   * @throws {DaybookError} CURSOR_INVALID, CURSOR_EXPIRED
   */
  begin(from: string): Promise<Begun>;
  /** Behind everything that the page gave. */
  move(cursor: string, page: TailPage): string;
  cursorAt(entry: StoredEntry): string;
  /** Whether a follower that retention has overtaken may have missed something. */
  readonly missesExpired: boolean;
  /** CURSOR_EXPIRED, with a cursor of what is left. */
  expired(through: number): DaybookError;
}

interface Begun {
  /** The number behind which it goes on. */
  readonly after: number;
  readonly cursor: string;
  /** Nobody who begins at the start has missed anything. */
  readonly missesExpired: boolean;
}

export function byNumber(store: Pick<Store, 'epoch' | 'head'>, lane: string): CursorKind {
  const cursorOf = (number: number) => encodeTailCursor({ epoch: store.epoch, lanes: { [lane]: number } });
  const begunAt = (after: number, missesExpired: boolean) => ({
    after,
    cursor: cursorOf(after),
    missesExpired,
  });
  return {
    async begin(from) {
      if (from === 'start') return begunAt(0, false);
      if (from === 'now') return begunAt(await store.head(lane), true);
      const { epoch, lanes } = decodeTailCursor(from);
      const number = lanes[lane];
      const head = await store.head(lane, number);
      if (epoch === store.epoch && number !== undefined && number <= head) return begunAt(number, true);
      throw ofAnotherLife(cursorOf(0));
    },
    move: (_, { through }) => cursorOf(through),
    cursorAt: ({ position }) => cursorOf(position.number),
    missesExpired: true,
    expired: (through) => overtaken(cursorOf(through)),
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
    missesExpired: false,
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
    missesExpired: false,
    expired: () => overtaken(cursorOf('')),
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
