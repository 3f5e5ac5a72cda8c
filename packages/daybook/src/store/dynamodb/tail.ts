/**
 * Reads a register in the order of a lane's log. The tail of our own lane sees every commit, because the reads are
 * consistent; that of another region's may meet a log item or an entry that has not been replicated yet, and stops there.
 */
import type { StoredEntry } from '../../entry.ts';
import type { TailPage, TailQuery } from '../store.ts';
import { placeKey } from './buckets.ts';
import { keyOf } from './item.ts';
import type { ItemKey } from './keys.ts';
import { logKey, logOf, pad, toPosition } from './keys.ts';
import type { LogContent } from './log.ts';
import { toLogContent, toLogEnd } from './log.ts';
import { toPlace, toStoredEntry } from './place-item.ts';
import type { Table } from './table.ts';

interface Listed {
  readonly position: number;
  readonly key: ItemKey;
}

const LOG_PAGE_ITEMS = 100;
/** A call that meets nothing of its register reads no more of the log than this; the next one goes on there. */
const MAX_LOG_ITEMS = 20_000;
/** Entries of the largest size are 8 MB together: BatchGetItem gives up to 16. */
const ENTRIES_AT_ONCE = 25;

export async function readTail(table: Table, query: TailQuery): Promise<TailPage> {
  const { after, limit, maxBytes } = query;
  const entries: StoredEntry[] = [];
  let bytes = 0;

  /** @returns how far it came; undefined when it took all of them. */
  async function take(listed: readonly Listed[]): Promise<'stopped' | undefined> {
    const items = await table.getMany(listed.map(({ key }) => key));
    const byId = new Map(items.map((item) => [keyOf(item).sk, item]));
    for (const { key } of listed) {
      const item = byId.get(key.sk);
      // Not replicated yet, or so far only the mark that it replaced.
      if (item === undefined || toPlace(item).at !== 'stored') return 'stopped';
      const payload = item['payload']?.B?.byteLength ?? 0;
      if (entries.length === limit || (entries.length > 0 && bytes + payload > maxBytes)) return 'stopped';
      bytes += payload;
      entries.push(toStoredEntry(item));
    }
    return undefined;
  }

  let through = after;
  let head = after;
  let read = 0;
  let listed: Listed[] = [];
  for await (const item of readLog(table, query)) {
    listed.push(...(item?.listed ?? []));
    head = Math.max(head, item?.head ?? 0);
    read += 1;
    const enough = listed.length >= Math.min(ENTRIES_AT_ONCE, limit - entries.length);
    if (!enough && item !== undefined && read < MAX_LOG_ITEMS) continue;
    for (; listed.length > 0; listed = listed.slice(ENTRIES_AT_ONCE)) {
      const stopped = await take(listed.slice(0, ENTRIES_AT_ONCE));
      if (stopped) return { entries, through: entries.at(-1)?.position.number ?? through };
    }
    through = head;
    if (entries.length === limit || read >= MAX_LOG_ITEMS) break;
  }
  return { entries, through };
}

interface LogItem {
  readonly head: number;
  /** What it has of the register, behind the place asked for. */
  readonly listed: readonly Listed[];
}

/** Undefined at the end of the log or at a gap. */
async function* readLog(table: Table, query: TailQuery): AsyncGenerator<LogItem | undefined, void> {
  const { lane, after } = query;
  let next = Math.max(1, logOf(after));
  for await (const item of table.query({ pk: logKey(lane), from: pad(next), pageItems: LOG_PAGE_ITEMS })) {
    const { n, head } = toLogEnd(item);
    if (n !== next) break;
    next += 1;
    yield { head, listed: listedIn(query, n, toLogContent(item)) };
  }
  yield undefined;
}

function listedIn({ lane, register, after }: TailQuery, n: number, { runs }: LogContent): Listed[] {
  const listed: Listed[] = [];
  let index = 0;
  for (const run of runs) {
    for (const id of run.ids) {
      const position = toPosition(n, index);
      index += 1;
      if (run.register === register && position > after)
        listed.push({ position, key: placeKey({ lane, register, day: run.day }, run.shards, id) });
    }
  }
  return listed;
}
