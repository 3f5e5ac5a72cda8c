/**
 * Writes what a store has, register by register, as segments to object storage: it follows the tail, so an entry that was
 * stored late comes late and none is missed, and the last name is its cursor, so a run that ends anywhere is gone on with
 * by the next. Segments are only created, never changed.
 *
 *   last name ──▶ read the tail behind it ──▶ a full segment, or the tail is at its end ──▶ create ──▶ …
 *
 * Of two runs at the same time both write what they read: an entry may then be in two segments, and never in none. Ids
 * are unique for ever, so whoever reads can tell. What retention took before it was archived is told, once a run.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import type { StoredEntry } from '../entry.ts';
import type { Objects } from '../objects/objects.ts';
import { MAX_PAGE_OBJECTS } from '../objects/objects.ts';
import type { Store } from '../store/store.ts';
import type { Chain, SegmentName } from './segment.ts';
import { folderOf, parseSegmentName, registerFolder, segmentName } from './segment.ts';

export interface ArchiverOptions {
  readonly store: Pick<Store, 'lanes' | 'tail'>;
  readonly objects: Pick<Objects, 'create' | 'list'>;
  /** One line, without a line break. */
  readonly toLine: (entry: StoredEntry) => string;
  /** Unix microseconds. */
  readonly nowMicros: () => number;
  /** Of lines, before they are compressed; what one segment holds in memory. Default 8 MiB. */
  readonly segmentBytes?: number;
  /** Retention took entries before they were archived; what it took before the first run of all nobody missed. */
  readonly onOvertaken?: (chain: Chain) => void;
}

export interface ArchivedCount {
  readonly segments: number;
  readonly entries: number;
  /** False when there is more, and the signal said to stop. */
  readonly complete: boolean;
}

export interface Archiver {
  /**
   * Up to the end of the tail, or until the signal: then what is under way is not written.
   * @throws {StoreError | ObjectsError} what was written is; the next run goes on behind it.
   */
  archive(register: string, signal: AbortSignal): Promise<ArchivedCount>;
}

const SEGMENT_BYTES = 8 * 1024 * 1024;
const PAGE_ENTRIES = 1_000;
const PAGE_BYTES = 4 * 1024 * 1024;
/**
 * Of a register that has nothing new while others have: so far ahead an empty segment is written, so that no run reads
 * the same part of the log over and over.
 */
const EMPTY_NUMBERS = 100_000;
/** Where the last name is looked for: with the days of the last runs first. */
const LOOK_BACK_DAYS = [2, 40, 400];
const DAY_MICROS = 86_400_000_000;

const compress = promisify(gzip);

interface Segment {
  readonly lines: readonly string[];
  readonly through: number;
  /** Whether the tail had more behind it. */
  readonly more: boolean;
  /** Of the register: the newest number that retention took. */
  readonly expiredThrough: number;
}

export function createArchiver(options: ArchiverOptions): Archiver {
  const { store, objects, toLine, nowMicros, segmentBytes = SEGMENT_BYTES, onOvertaken } = options;

  /** @returns undefined when the signal came first. */
  async function readSegment(chain: Chain, after: number, signal: AbortSignal): Promise<Segment | undefined> {
    const { register, lane } = chain;
    const lines: string[] = [];
    let bytes = 0;
    let through = after;
    let expiredThrough = 0;
    while (bytes < segmentBytes) {
      if (signal.aborted) return undefined;
      const page = await store.tail({
        register,
        lane,
        after: through,
        limit: PAGE_ENTRIES,
        maxBytes: PAGE_BYTES,
      });
      for (const entry of page.entries) {
        const line = toLine(entry);
        bytes += Buffer.byteLength(line) + 1;
        lines.push(line);
      }
      const isEnd = page.through === through;
      ({ through, expiredThrough } = page);
      if (isEnd) return { lines, through, expiredThrough, more: false };
    }
    return { lines, through, expiredThrough, more: true };
  }

  async function write(chain: Chain, day: string, after: number, segment: Segment): Promise<void> {
    const text = segment.lines.map((line) => `${line}\n`).join('');
    const name = segmentName({ ...chain, day, after, through: segment.through });
    // What is there by this name was read from the same place to the same place: it holds the same.
    await objects.create(name, await compress(text));
  }

  async function archiveLane(chain: Chain, signal: AbortSignal): Promise<ArchivedCount> {
    const last = await lastSegment(objects, chain, nowMicros());
    const today = dayOf(nowMicros());
    const day = last !== undefined && last.day > today ? last.day : today;
    let after = last?.through ?? 0;
    let isTold = last === undefined;
    const count = { segments: 0, entries: 0 };
    for (;;) {
      const segment = await readSegment(chain, after, signal);
      if (segment === undefined) return { ...count, complete: false };
      if (!isTold && segment.expiredThrough > after) {
        onOvertaken?.(chain);
        isTold = true;
      }
      if (segment.lines.length > 0 || segment.through - after > EMPTY_NUMBERS) {
        await write(chain, day, after, segment);
        count.segments += 1;
        count.entries += segment.lines.length;
      }
      if (!segment.more) return { ...count, complete: true };
      after = segment.through;
    }
  }

  return {
    async archive(register, signal) {
      const sum = { segments: 0, entries: 0, complete: true };
      for (const { name: lane, epoch } of store.lanes) {
        const done = await archiveLane({ register, lane, epoch }, signal);
        sum.segments += done.segments;
        sum.entries += done.entries;
        sum.complete &&= done.complete;
      }
      return sum;
    },
  };
}

/** The one that reaches furthest. Days never go back within a chain, so it is among the newest that there are. */
async function lastSegment(
  objects: ArchiverOptions['objects'],
  chain: Chain,
  nowMicros: number,
): Promise<SegmentName | undefined> {
  const prefix = registerFolder(chain.register);
  const days = LOOK_BACK_DAYS.map((back) => dayOf(nowMicros - back * DAY_MICROS));
  for (const start of [...days.map((day) => folderOf(chain.register, day)), '']) {
    let last: SegmentName | undefined;
    let after = start;
    for (;;) {
      const page = await objects.list({ prefix, ...(after !== '' && { after }), limit: MAX_PAGE_OBJECTS });
      for (const { name } of page.objects) {
        const found = parseSegmentName(name);
        const isOurs = found !== undefined && found.lane === chain.lane && found.epoch === chain.epoch;
        if (isOurs && found.through > (last?.through ?? -1)) last = found;
      }
      const end = page.objects.at(-1);
      if (!page.more || end === undefined) break;
      after = end.name;
    }
    if (last !== undefined) return last;
  }
  return undefined;
}

function dayOf(micros: number): string {
  return new Date(Math.floor(micros / 1000)).toISOString().slice(0, 10);
}
