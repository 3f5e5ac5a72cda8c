/**
 * Reads a register in the order of a lane's log. The tail of our own lane sees every commit, because the reads are
 * consistent; that of another region's may meet a log item or an entry that has not been replicated yet, and stops there.
 * What expired is passed over.
 */
import type { StoredEntry } from '../../entry.ts';
import type { TailPage, TailQuery } from '../store.ts';
import { placeKey } from './buckets.ts';
import { keyOf } from './item.ts';
import { logKey, logOf, ownerOf, pad } from './keys.ts';
import type { Listed, LogItem } from './log.ts';
import { listedIn, toLogItem } from './log.ts';
import { readOwnLog } from './own-log.ts';
import { toPlace, toStoredEntry } from './place-item.ts';
import type { RetentionState } from './retention-state.ts';
import { isBehindLine, readRetention } from './retention-state.ts';
import type { Table } from './table.ts';

const LOG_PAGE_ITEMS = 100;
/** A call that meets nothing of its register reads no more of the log than this; the next one goes on there. */
const MAX_LOG_ITEMS = 20_000;
/** Entries of the largest size are 8 MB together: BatchGetItem gives up to 16. */
const ENTRIES_AT_ONCE = 25;

/** @param ownLane where the log itself has been there since its entries have. */
export async function readTail(table: Table, ownLane: string, query: TailQuery): Promise<TailPage> {
  const { lane, register, subject, after, limit, maxBytes } = query;
  let retention: RetentionState | undefined;
  const owner = subject === undefined ? undefined : ownerOf(subject);
  const entries: StoredEntry[] = [];
  let bytes = 0;
  /** Something that is listed is not there, or a number is: it is on its way. */
  let isAwaited = false;

  /** @returns how far it came; undefined when it took all of them. */
  async function take(some: readonly Listed[]): Promise<'stopped' | undefined> {
    const keys = some.map(({ id, run }) => placeKey({ lane, register, day: run.day }, run.shards, id));
    const items = await table.getMany(keys);
    const byId = new Map(items.map((item) => [keyOf(item).sk, item]));
    for (const { id, position } of some) {
      const item = byId.get(id);
      const place = item && toPlace(item);
      if (item === undefined || place?.at !== 'stored' || place.position !== position) {
        if (await hasExpired(id)) continue;
        // Not replicated yet, or so far only the mark that it replaced.
        isAwaited = true;
        return 'stopped';
      }
      const entry = toStoredEntry(item);
      if (subject !== undefined && entry.subject !== subject) continue;
      const payload = entry.payload?.byteLength ?? 0;
      if (entries.length === limit || (entries.length > 0 && bytes + payload > maxBytes)) return 'stopped';
      bytes += payload;
      entries.push(entry);
    }
    return undefined;
  }

  async function hasExpired(id: string): Promise<boolean> {
    if (retention === undefined || !isBehindLine(retention, id))
      retention = await readRetention(table, query);
    return isBehindLine(retention, id);
  }

  const log =
    subject !== undefined && lane === ownLane
      ? readOwnLog(table, { ...query, subject })
      : readLog(table, query, () => (isAwaited = true));
  /** What expired is asked for last: it then tells of all that was not met. */
  const page = async (through: number): Promise<TailPage> => ({
    entries,
    through,
    expiredThrough: (await readRetention(table, query)).through,
    ...(isAwaited && { more: 'awaited' }),
  });
  let through = after;
  let head = after;
  let read = 0;
  let listed: Listed[] = [];
  for await (const item of withEnd(log)) {
    if (item !== undefined) {
      const all = listedIn(item, owner);
      listed.push(...all.filter(({ position, run }) => run.register === register && position > after));
    }
    head = Math.max(head, item?.end.head ?? 0);
    read += 1;
    const enough = listed.length >= Math.min(ENTRIES_AT_ONCE, limit - entries.length);
    if (!enough && item !== undefined && read < MAX_LOG_ITEMS) continue;
    for (; listed.length > 0; listed = listed.slice(ENTRIES_AT_ONCE)) {
      const stopped = await take(listed.slice(0, ENTRIES_AT_ONCE));
      if (stopped) return await page(entries.at(-1)?.position.number ?? through);
    }
    through = head;
    if (entries.length === limit || read >= MAX_LOG_ITEMS) break;
  }
  return await page(through);
}

/** As far as it has no gap. */
async function* readLog(
  table: Table,
  { lane, after }: TailQuery,
  onGap: () => void,
): AsyncGenerator<LogItem, void> {
  let next = Math.max(1, logOf(after));
  for await (const one of table.query({ pk: logKey(lane), from: pad(next), pageItems: LOG_PAGE_ITEMS })) {
    const item = toLogItem(one);
    if (item.standsFrom > next) {
      onGap();
      return;
    }
    next = item.n + 1;
    yield item;
  }
}

async function* withEnd<T>(stream: AsyncGenerator<T, void>): AsyncGenerator<T | undefined, void> {
  yield* stream;
  yield undefined;
}
