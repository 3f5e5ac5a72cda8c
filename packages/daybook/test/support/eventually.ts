/** Waiting for what must come without saying when. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats a check until it gives something, and gives that. The limit only keeps a broken test from hanging.
 * @throws {Error} naming what was expected, and the last failure of the check, after `withinMs` (default 60 000).
 */
export async function eventually<T>(
  expected: string,
  check: () => Promise<T | undefined | false>,
  { withinMs = 60_000, everyMs = 50 }: { withinMs?: number; everyMs?: number } = {},
): Promise<T> {
  const end = performance.now() + withinMs;
  let last: unknown;
  do {
    try {
      const found = await check();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    await sleep(everyMs);
  } while (performance.now() < end);
  throw new Error(`not within ${withinMs} ms: ${expected}`, { cause: last });
}
