/**
 * Rings for entries that other processes stored. A store that several share tells nobody of its commits, so while
 * somebody waits the newest position of its lane is asked for; when nobody waits, nothing is asked.
 */
import type { Store } from '../store/store.ts';
import type { Signal } from './signal.ts';

export interface HeadWatch {
  close(): Promise<void>;
}

export interface HeadWatchOptions {
  readonly store: Pick<Store, 'head' | 'lanes'>;
  readonly stored: Signal;
  readonly everyMs: number;
}

export function watchHead({ store, stored, everyMs }: HeadWatchOptions): HeadWatch {
  let last: number | undefined;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    const [lane] = store.lanes;
    // A store that does not answer is told of by those who read it; whoever waits goes on waiting.
    const head = lane === undefined ? undefined : await store.head(lane).catch(() => undefined);
    if (head !== undefined && head !== last) {
      last = head;
      stored.ring();
    }
  }

  const timer = setInterval(() => {
    if (stored.waiting === 0) {
      last = undefined;
      return;
    }
    asking ??= ask().finally(() => (asking = undefined));
  }, everyMs).unref();

  return {
    async close() {
      clearInterval(timer);
      await asking;
    },
  };
}
