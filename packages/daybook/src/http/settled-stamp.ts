/**
 * How far everything is settled, as answers say it.
 */
import { formatStamp } from '../id.ts';
import type { HttpContext } from './context.ts';

/** RFC 3339; null where it cannot be known. Ask before reading: what settles meanwhile may be missing from the page. */
export function settledStamp({ settledThrough }: Pick<HttpContext, 'settledThrough'>): string | null {
  const through = settledThrough();
  return through === undefined ? null : formatStamp(through);
}
