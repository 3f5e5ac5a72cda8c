/**
 * Followers that are at the same place when the bell rings share one read of the store, and its result: two hundred
 * followers of a register cost it little more than one.
 */
import type { Store, TailPage, TailQuery } from '../store/store.ts';
import type { Signal } from './signal.ts';

export type ReadTail = (query: TailQuery) => Promise<TailPage>;

interface UnderWay {
  readonly page: Promise<TailPage>;
  /** How often the bell had rung when the read began. */
  readonly rings: number;
}

/** The entries of a page may be handed to many followers: nobody changes them. */
export function createSharedReads(store: Pick<Store, 'tail'>, stored: Signal): ReadTail {
  const underWay = new Map<string, UnderWay>();

  function start(name: string, query: TailQuery): Promise<TailPage> {
    const page = store.tail(query).finally(() => {
      if (underWay.get(name)?.page === page) underWay.delete(name);
    });
    underWay.set(name, { page, rings: stored.rings });
    return page;
  }

  return (query) => {
    const { register, subject, lane, after, limit, maxBytes } = query;
    const name = JSON.stringify([register, subject, lane, after, limit, maxBytes]);
    const known = underWay.get(name);
    // A read that began before the bell rang may miss what it rang for, and nobody would look again.
    return known?.rings === stored.rings ? known.page : start(name, query);
  };
}
