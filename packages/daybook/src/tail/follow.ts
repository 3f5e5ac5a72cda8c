/**
 * Follows a register in stored order: exactly the entries after the cursor, each once. A follower keeps nothing but its
 * cursor; it reads the store whenever the bell rings.
 */
import type { StoredEntry } from '../entry.ts';
import { DaybookError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import type { TailCursor } from './cursor.ts';
import { encodeTailCursor } from './cursor.ts';
import type { ReadTail } from './shared-reads.ts';
import { createSharedReads } from './shared-reads.ts';
import type { Signal } from './signal.ts';

export interface FollowStart {
  readonly register: string;
  /** `start`: the oldest entry; `now`: only what comes. */
  readonly from: TailCursor | 'start' | 'now';
}

export interface Followed {
  /** Shared with other followers at the same place. */
  readonly entries: readonly StoredEntry[];
  /** Where to continue after these entries. */
  readonly cursor: string;
}

export interface Follower {
  /** Where this follower is. */
  readonly cursor: string;
  /**
   * The entries beyond the cursor: at once if there are some, else as soon as there are; none when `waitMs` is over or
   * the signal aborts.
   */
  next(waitMs: number, signal?: AbortSignal): Promise<Followed>;
  /** The cursor as it was right behind one of the entries that `next` gave. */
  cursorAt(entry: StoredEntry): string;
}

export interface Tail {
  /** @throws {DaybookError} CURSOR_EXPIRED with a fresh start cursor, when the cursor is of another epoch. */
  follow(start: FollowStart): Promise<Follower>;
}

export interface TailOptions {
  readonly store: Pick<Store, 'epoch' | 'lanes' | 'head' | 'tail'>;
  /** Rings when an entry was stored. */
  readonly stored: Signal;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

const MAX_PAGE_ENTRIES = 500;
const MAX_PAGE_BYTES = 900 * 1024;

export function createTail(options: TailOptions): Tail {
  const read = createSharedReads(options.store, options.stored);
  const lane = options.store.lanes[0] as string;
  return {
    async follow({ register, from }) {
      return createFollower(options, read, { register, lane }, await startNumber(options.store, lane, from));
    },
  };
}

function createFollower(
  { store, stored, nowMs }: TailOptions,
  read: ReadTail,
  place: { readonly register: string; readonly lane: string },
  startAfter: number,
): Follower {
  let after = startAfter;
  const cursorOf = (number: number): string =>
    encodeTailCursor({ epoch: store.epoch, lanes: { [place.lane]: number } });

  async function look(): Promise<Followed> {
    const page = await read({ ...place, after, limit: MAX_PAGE_ENTRIES, maxBytes: MAX_PAGE_BYTES });
    after = page.through;
    return { entries: page.entries, cursor: cursorOf(after) };
  }

  return {
    get cursor() {
      return cursorOf(after);
    },
    async next(waitMs, signal) {
      const endMs = nowMs() + waitMs;
      for (;;) {
        const { rings } = stored;
        const followed = await look();
        if (followed.entries.length > 0) return followed;
        const how = await stored.wait(rings, Math.max(0, endMs - nowMs()), signal);
        if (how !== 'rung') return followed;
      }
    },
    cursorAt: (entry) => cursorOf(entry.position.number),
  };
}

async function startNumber(
  store: TailOptions['store'],
  lane: string,
  from: FollowStart['from'],
): Promise<number> {
  if (from === 'start') return 0;
  if (from === 'now') return store.head(lane);
  const number = from.lanes[lane];
  const head = await store.head(lane, number);
  if (from.epoch === store.epoch && number !== undefined && number <= head) return number;
  const cursor = encodeTailCursor({ epoch: store.epoch, lanes: { [lane]: 0 } });
  throw new DaybookError(
    'CURSOR_EXPIRED',
    'cursor: expected one of the present life of this store, given one of an earlier life or of another store',
    { members: { cursor } },
  );
}
