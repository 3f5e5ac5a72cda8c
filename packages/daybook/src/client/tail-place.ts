/**
 * Places in a tail, and what one connection of a tail is: the two ways of following (events, long poll) are
 * interchangeable behind it.
 */
import type { EntryView } from '../contract/messages.ts';

/** Where a connection begins, as query parameters. */
export type TailPlace = { readonly cursor: string } | { readonly from: 'start' | 'now' };

export interface TailItem {
  readonly entry: EntryView;
  /**
   * The entry as JSON text in one line. As it came where events give it, so that numbers beyond 2^53 keep their digits;
   * by long poll it is written anew.
   */
  readonly json: string;
  /** Opaque: a tail with this cursor goes on right behind this entry. */
  readonly cursor: string;
}

/** An item, or only how far the server has looked for one. */
export type TailStep = TailItem | { readonly entry?: undefined; readonly cursor: string };

/**
 * One connection: everything behind the place, in stored order; ends when the connection does. From `now` it first gives
 * a step without an entry, so that a later connection can go on from there.
 * Throws a `ClientError`.
 */
export type TailConnection = (
  place: TailPlace,
  signal: AbortSignal | undefined,
) => AsyncGenerator<TailStep, void>;

/** The cursor before the first entry; the server's own are never empty. */
export const START_CURSOR = '';

export function toPlace(cursor: string | undefined, from: 'start' | 'now' = 'now'): TailPlace {
  if (cursor === undefined) return { from };
  return cursor === START_CURSOR ? { from: 'start' } : { cursor };
}
