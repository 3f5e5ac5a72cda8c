/**
 * Follows a register in stored order: exactly the entries after the cursor, each once. Stored order is promised within a
 * lane; where there are several, each is followed and they take turns. A follower keeps nothing but its cursor; it reads
 * the store whenever the bell rings.
 */
import type { StoredEntry } from '../entry.ts';
import type { Lane, Store } from '../store/store.ts';
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
  /** Of one lane; shared with other followers at the same place in it. */
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
  /** The cursor as it was right behind one of the entries that `next` gave last. */
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
  readonly store: Pick<Store, 'lanes' | 'head' | 'tail' | 'find' | 'list'>;
  /** Rings when an entry was stored. */
  readonly stored: Signal;
  /** Unix microseconds. */
  readonly nowMicros: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

const MAX_PAGE_ENTRIES = 500;
const MAX_PAGE_BYTES = 900 * 1024;
/** What comes from another region later than what follows it moves no head, so nobody rings for it. */
const LOOK_AGAIN_MS = 1_000;

export function createTail({ store, stored, nowMicros, nowMs }: TailOptions): Tail {
  const read = createSharedReads(store, stored);
  return {
    async follow({ register, subject, from }) {
      const kind =
        subject === undefined ? byNumber(store) : byOwnEntries({ store, nowMicros }, { register, subject });
      const reader = { register, ...(subject !== undefined && { subject }) };
      await kind.begin(from);
      const numbers = new Map<string, { readonly number: number; readonly epoch: string }>();
      /** Whether something of another region is on its way here, as far as the last look could tell. */
      let isAwaited = false;
      for (const lane of store.lanes) await numberIn(lane);
      /** Whose turn is next: a busy lane must not keep others waiting. */
      let turn = 0;

      async function numberIn(lane: Lane): Promise<number | undefined> {
        const { name, epoch } = lane;
        const known = numbers.get(name);
        // In another life of the store the number means another entry; the place has its epoch, and is refused.
        const number = known?.epoch === epoch ? known.number : await kind.numberIn(lane);
        if (number !== undefined) numbers.set(name, { number, epoch });
        return number;
      }

      async function lookAt(lane: Lane): Promise<readonly StoredEntry[]> {
        // As it is before the page is read.
        const { name, epoch } = lane;
        const after = await numberIn(lane);
        if (after === undefined) {
          isAwaited = true;
          return [];
        }
        const page = await read({
          ...reader,
          lane: lane.name,
          after,
          limit: MAX_PAGE_ENTRIES,
          maxBytes: MAX_PAGE_BYTES,
        });
        kind.assertNotOvertaken(lane, after, page);
        numbers.set(name, { number: page.through, epoch });
        kind.move({ name, epoch }, page);
        isAwaited ||= page.more === 'awaited';
        return page.entries;
      }

      async function look(): Promise<Followed> {
        const { lanes } = store;
        isAwaited = false;
        for (let looks = 0; looks < lanes.length; looks += 1) {
          const lane = lanes[turn % lanes.length] as Lane;
          turn += 1;
          const entries = await lookAt(lane);
          if (entries.length > 0) return { entries, cursor: kind.cursor() };
        }
        return { entries: [], cursor: kind.cursor() };
      }

      return {
        get cursor() {
          return kind.cursor();
        },
        async next(waitMs, signal) {
          const endMs = nowMs() + waitMs;
          for (;;) {
            const { rings } = stored;
            const followed = await look();
            if (followed.entries.length > 0) return followed;
            const leftMs = Math.max(0, endMs - nowMs());
            const looksAgain = isAwaited && leftMs > LOOK_AGAIN_MS;
            const how = await stored.wait(rings, looksAgain ? LOOK_AGAIN_MS : leftMs, signal);
            if (how === 'aborted' || (how === 'timeout' && !looksAgain)) return followed;
          }
        },
        cursorAt: (entry) => kind.cursor(entry),
      };
    },
  };
}
