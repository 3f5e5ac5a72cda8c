/**
 * Finds by halving what fails alone among things that fail together, while everything else succeeds on the way.
 *
 * Both halves are tried before either is searched: what is sound succeeds as early as it can, in parts as large as they
 * can be, and is known before the first single failure has to be judged. One failure among n costs 2·log2(n) attempts.
 */
import type { Failure } from './failure.ts';

/** @returns undefined when it succeeded. */
export type Attempt<T> = (some: readonly T[]) => Promise<Failure | undefined>;

/** @param alone called, one after the other, with each of the items that failed by itself; whatever it throws ends the search. */
export async function isolate<T>(
  items: readonly T[],
  attempt: Attempt<T>,
  alone: (item: T, failure: Failure) => Promise<void>,
): Promise<void> {
  const failure = await attempt(items);
  if (failure !== undefined) await search(items, failure);

  async function search(failed: readonly T[], failure: Failure): Promise<void> {
    const [only] = failed;
    if (only === undefined) return;
    if (failed.length === 1) return alone(only, failure);
    const middle = Math.ceil(failed.length / 2);
    const halves = [failed.slice(0, middle), failed.slice(middle)];
    const toSearch: { half: readonly T[]; failure: Failure }[] = [];
    for (const half of halves) {
      const failure = await attempt(half);
      if (failure !== undefined) toSearch.push({ half, failure });
    }
    for (const { half, failure } of toSearch) await search(half, failure);
  }
}
