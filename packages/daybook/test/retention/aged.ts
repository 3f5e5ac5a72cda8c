/** Entries that are older than a register keeps them, in the store of a server that has not started yet. */
import type { Entry } from '../../src/entry.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';

export const DAY_MICROS = 86_400_000_000;
const AT_ONCE = 2_000;

export const nowMicros = (): number => Date.now() * 1000;

/** Of so many days ago by the clock of the machine, a microsecond apart. */
export function agedEntries(
  daysAgo: number,
  count: number,
  fields: (index: number) => Parameters<typeof makeEntry>[0] = () => ({}),
): Entry[] {
  const first = nowMicros() - daysAgo * DAY_MICROS;
  return Array.from({ length: count }, (_, index) => makeEntry({ micros: first + index, ...fields(index) }));
}

/** In this order. */
export async function storeIn(directory: string, entries: readonly Entry[]): Promise<void> {
  const store = await createSqliteStore({ directory });
  const next = createSource('aged');
  for (let at = 0; at < entries.length; at += AT_ONCE)
    await store.append(next(entries.slice(at, at + AT_ONCE)));
  await store.close();
}
