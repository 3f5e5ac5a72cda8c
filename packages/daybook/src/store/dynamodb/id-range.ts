/**
 * Ranges of ids, whose order is that of their stamps and of their text.
 */
import { microsToFirstId } from '../../id.ts';
import type { ListQuery } from '../store.ts';
import type { DayRange } from './buckets.ts';
import type { Item } from './item.ts';
import { textAt } from './item.ts';
import { dayOf } from './keys.ts';

/** Ids are lower-case hexadecimal: everything is between these. */
export const [LOWEST_ID, HIGHEST_ID] = ['0', 'g'] as const;

/** An answer holds 1 MB at most, so no page needs more at once. */
export const MAX_PAGE_ITEMS = 1_000;

export interface Bounds {
  readonly lower: string;
  readonly upper: string;
  contains(id: string): boolean;
}

/** Of items whose sort key is an id. */
export function byId(descending: boolean): (a: Item, b: Item) => number {
  return (a, b) => {
    const [x, y] = [textAt(a, 'sk') ?? '', textAt(b, 'sk') ?? ''];
    return (x < y ? -1 : x > y ? 1 : 0) * (descending ? -1 : 1);
  };
}

/** Ranges of DynamoDB include both ends; ours do not. */
export function boundsOf({
  order,
  from,
  to,
  after,
}: Pick<ListQuery, 'order' | 'from' | 'to' | 'after'>): Bounds {
  let lower: string = from === undefined ? LOWEST_ID : microsToFirstId(from);
  let upper: string = to === undefined ? HIGHEST_ID : microsToFirstId(to);
  if (after !== undefined && order === 'asc' && after > lower) lower = after;
  if (after !== undefined && order === 'desc' && after < upper) upper = after;
  return {
    lower,
    upper: upper < lower ? lower : upper,
    contains: (id) => id >= lower && id < upper && id !== after,
  };
}

/** The days that the range covers. */
export function daysOf({ lower, upper }: Pick<Bounds, 'lower' | 'upper'>): Pick<DayRange, 'from' | 'to'> {
  return {
    ...(lower !== LOWEST_ID && { from: dayOf(lower) }),
    ...(upper !== HIGHEST_ID && { to: dayOf(upper) }),
  };
}
