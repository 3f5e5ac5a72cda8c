/**
 * Follows a register in stored order: exactly the entries after the cursor, each once. A follower keeps nothing but its
 * cursor; it reads the store whenever the bell rings.
 */
import type { StoredEntry } from '../entry.ts';
import type { Store } from '../store/store.ts';
import { byNumber, byOwnEntries } from './cursor-kinds.ts';
import { createSharedReads } from './shared-reads.ts';
import type { Signal } from './signal.ts';

export interface FollowStart {
  readonly register: string;
  /** Only the entries of this subject; its cursors are of another kind. */
  readonly subject?: string;
  /** `start`: the oldest entry; `now`: only what comes; otherwise what a follower of the same kind gave. */
  readonly from: string;
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
  /**
   * @throws {DaybookError} CURSOR_INVALID; CURSOR_EXPIRED with a fresh start cursor, when the cursor is of another epoch, or
   *   retention took entries behind it (which `next` may find out as well).
   */
  follow(start: FollowStart): Promise<Follower>;
}

export interface TailOptions {
  readonly store: Pick<Store, 'epoch' | 'lanes' | 'head' | 'tail' | 'find' | 'list'>;
  /** Rings when an entry was stored. */
  readonly stored: Signal;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

const MAX_PAGE_ENTRIES = 500;
const MAX_PAGE_BYTES = 900 * 1024;

export function createTail({ store, stored, nowMs }: TailOptions): Tail {
  const read = createSharedReads(store, stored);
  return {
    async follow({ register, subject, from }) {
      const lane = store.lanes[0] as string;
      const kind = subject === undefined ? byNumber(store, lane) : byOwnEntries(store, { register, subject });
      const place = { register, ...(subject !== undefined && { subject }), lane };
      let { after, cursor } = await kind.begin(from);

      async function look(): Promise<Followed> {
        const page = await read({ ...place, after, limit: MAX_PAGE_ENTRIES, maxBytes: MAX_PAGE_BYTES });
        kind.assertNotOvertaken(after, page);
        after = page.through;
        cursor = kind.move(cursor, page);
        return { entries: page.entries, cursor };
      }

      return {
        get cursor() {
          return cursor;
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
        cursorAt: kind.cursorAt,
      };
    },
  };
}
