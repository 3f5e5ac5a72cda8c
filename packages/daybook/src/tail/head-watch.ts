/**
 * Rings for entries that other processes stored. A store that several share tells nobody of its commits, so while
 * somebody waits the newest position of each lane is asked for; when nobody waits, nothing is asked.
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
  let last: string | undefined;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    const heads = await Promise.all(
      store.lanes.map(async ({ name, epoch }) => [name, epoch, await store.head(name)]),
    );
    const seen = JSON.stringify(heads);
    if (seen === last) return;
    last = seen;
    stored.ring();
  }

  const timer = setInterval(() => {
    if (stored.waiting === 0) {
      last = undefined;
      return;
    }
    // A store that does not answer is told of by those who read it; whoever waits goes on waiting.
    asking ??= ask()
      .catch(() => undefined)
      .finally(() => (asking = undefined));
  }, everyMs).unref();

  return {
    async close() {
      clearInterval(timer);
      await asking;
    },
  };
}
