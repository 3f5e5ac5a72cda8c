/**
 * Follows a register in stored order: exactly the entries after the cursor, each once. A follower keeps nothing but its
 * cursor; it reads the store whenever the signal rings.
 */
import type { StoredEntry } from '../entry.ts';
import { DaybookError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import type { TailCursor } from './cursor.ts';
import { encodeTailCursor } from './cursor.ts';
import type { Signal } from './signal.ts';

export interface FollowStart {
  readonly register: string;
  /** `start`: the oldest entry; `now`: only what comes. */
  readonly from: TailCursor | 'start' | 'now';
}

export interface Followed {
  readonly entries: readonly StoredEntry[];
  /** Where to continue after these entries. */
  readonly cursor: string;
}

export interface Follower {
  /** Where this follower is. */
  readonly cursor: string;
  /** What is there beyond the cursor now, perhaps nothing. */
  next(): Promise<Followed>;
  /** The cursor as it was right behind one of the entries that `next` gave. */
  cursorAt(entry: StoredEntry): string;
}

const MAX_PAGE_ENTRIES = 500;
const MAX_PAGE_BYTES = 900 * 1024;

/** @throws {DaybookError} CURSOR_EXPIRED with a fresh start cursor, when the cursor is of another epoch. */
export async function createFollower(store: Store, { register, from }: FollowStart): Promise<Follower> {
  const lane = store.lanes[0] as string;
  let after = await startNumber(store, lane, from);
  const cursorOf = (number: number): string =>
    encodeTailCursor({ epoch: store.epoch, lanes: { [lane]: number } });
  return {
    get cursor() {
      return cursorOf(after);
    },
    async next() {
      const page = await store.tail({
        register,
        lane,
        after,
        limit: MAX_PAGE_ENTRIES,
        maxBytes: MAX_PAGE_BYTES,
      });
      after = page.through;
      return { entries: page.entries, cursor: cursorOf(after) };
    },
    cursorAt: (entry) => cursorOf(entry.position.number),
  };
}

async function startNumber(store: Store, lane: string, from: FollowStart['from']): Promise<number> {
  if (from === 'start') return 0;
  if (from === 'now') return store.head(lane);
  const number = from.lanes[lane];
  const head = await store.head(lane);
  if (from.epoch !== store.epoch || number === undefined || number > head) {
    const cursor = encodeTailCursor({ epoch: store.epoch, lanes: { [lane]: 0 } });
    throw new DaybookError(
      'CURSOR_EXPIRED',
      'cursor: expected one of the present life of this store, given one of an earlier life or of another store',
      {
        members: { cursor },
      },
    );
  }
  return number;
}

/** Waits for entries: reads, and if there are none waits for the ring, until the time is over or the signal aborts. */
export async function nextWithin(
  follower: Follower,
  stored: Signal,
  waitMs: number,
  nowMs: () => number,
  signal?: AbortSignal,
): Promise<Followed> {
  const endMs = nowMs() + waitMs;
  for (;;) {
    const { rings } = stored;
    const followed = await follower.next();
    if (followed.entries.length > 0) return followed;
    const how = await stored.wait(rings, Math.max(0, endMs - nowMs()), signal);
    if (how !== 'rung') return followed;
  }
}
