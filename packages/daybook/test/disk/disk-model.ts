/**
 * A model of a disk under power loss: replays a log of the faulty disk up to a moment and writes down what the disk
 * would hold then. What counts as durable is stated at the head of `faulty-disk.c`.
 *
 * - `drop`: every change that no successful sync vouched for is gone.
 * - `subset`: of those changes some are there, some are not and some writes are torn at sectors, by a seeded chance.
 */
import { constants, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import type { DiskRecord } from './disk-log.ts';

export type LossMode = 'drop' | 'subset';

/** What a device writes as a whole. */
const SECTOR_BYTES = 512;

type Change = { readonly endNs: bigint } & (
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly size: number }
);

interface DiskFile {
  content: Content;
  /** Not vouched for by a sync, oldest first. */
  unsynced: Change[];
  /** Preceded a sync that failed: no later sync vouches for them. */
  forsaken: Change[];
}

/** A growing byte array whose gaps read as zeros. */
interface Content {
  bytes: Buffer;
  size: number;
}

function write({ offset, bytes }: { offset: number; bytes: Buffer }, content: Content): void {
  const end = offset + bytes.length;
  if (end > content.bytes.length) {
    const grown = Buffer.alloc(Math.max(end, content.bytes.length * 2, 65_536));
    content.bytes.copy(grown, 0, 0, content.size);
    content.bytes = grown;
  }
  bytes.copy(content.bytes, offset);
  content.size = Math.max(content.size, end);
}

function apply(change: Change, content: Content): void {
  if (change.kind === 'write') return write(change, content);
  if (change.size < content.size) content.bytes.fill(0, change.size, content.size);
  else write({ offset: change.size, bytes: Buffer.alloc(0) }, content);
  content.size = change.size;
}

/** True when the first change settles what the second one left open, if only in part. */
function touches(change: Change, old: Change): boolean {
  if (change.kind === 'truncate' || old.kind === 'truncate') return true;
  return change.offset < old.offset + old.bytes.length && old.offset < change.offset + change.bytes.length;
}

/** Mulberry32: small, seedable; the quality of the chance does not matter here. */
export function createChance(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A third of the changes is kept, a third lost, and of a third each sector has its own fate. */
function applySome(change: Change, content: Content, chance: () => number): void {
  const fate = chance();
  if (fate < 1 / 3) return;
  if (fate < 2 / 3 || change.kind === 'truncate') return apply(change, content);
  const { offset, bytes } = change;
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + SECTOR_BYTES - ((offset + from) % SECTOR_BYTES));
    if (chance() < 0.5) write({ offset: offset + from, bytes: bytes.subarray(from, to) }, content);
    from = to;
  }
}

export interface DiskModel {
  /** Replays everything that ended before this moment. Only forwards. */
  advanceTo(momentNs: bigint): void;
  /**
   * Writes what the disk would hold into a new folder, without SQLite's `-shm` files.
   * @returns how many changes nothing had vouched for.
   */
  writeTo(folder: string, mode: LossMode, seed?: number): number;
}

/** @param directory the watched directory, which must have been empty when the log began. */
export function createDiskModel(directory: string, records: readonly DiskRecord[]): DiskModel {
  const names = new Map<string, DiskFile>();
  const handles = new Map<string, DiskFile>();
  let next = 0;

  function open(record: DiskRecord & { kind: 'open' }): void {
    // What had the number before was closed, with or without a record of it.
    handles.delete(record.handle);
    let file = names.get(record.path);
    if (file === undefined) {
      if ((record.flags & constants.O_CREAT) === 0) return; // A directory, or a file that cannot be there.
      file = { content: { bytes: Buffer.alloc(0), size: 0 }, unsynced: [], forsaken: [] };
      names.set(record.path, file);
      if (record.size > 0) throw new Error(`disk model: ${record.path} is older than the log`);
    } else if ((record.flags & constants.O_TRUNC) !== 0) {
      file.unsynced.push({ kind: 'truncate', size: 0, endNs: record.endNs });
    }
    handles.set(record.handle, file);
  }

  function sync(file: DiskFile, { beginNs, error }: DiskRecord & { kind: 'sync' }): void {
    const vouched = file.unsynced.filter((change) => change.endNs <= beginNs);
    file.unsynced = file.unsynced.filter((change) => change.endNs > beginNs);
    if (error !== 0) {
      file.forsaken.push(...vouched);
      return;
    }
    for (const change of vouched) apply(change, file.content);
    file.forsaken = file.forsaken.filter((old) => !vouched.some((change) => touches(change, old)));
  }

  function replayName(record: DiskRecord & { kind: 'unlink' | 'rename' | 'link' }): void {
    const file = names.get(record.path);
    if (record.kind !== 'link') names.delete(record.path);
    if (record.kind !== 'unlink' && file !== undefined) names.set(record.to, file);
  }

  function replay(record: DiskRecord): void {
    switch (record.kind) {
      case 'open':
        return open(record);
      case 'unlink':
      case 'rename':
      case 'link':
        return replayName(record);
      case 'close':
        handles.delete(record.handle);
        return;
      case 'range-sync':
        return;
      default: {
        const file = handles.get(record.handle);
        if (file === undefined) return;
        if (record.kind === 'sync') sync(file, record);
        else if (record.kind === 'truncate' || record.error === 0) file.unsynced.push(record);
      }
    }
  }

  return {
    advanceTo: (momentNs) => {
      for (
        let record = records[next];
        record !== undefined && record.endNs <= momentNs;
        record = records[++next]
      ) {
        replay(record);
      }
    },
    writeTo: (folder, mode, seed = 0) => {
      const chance = createChance(seed);
      let unvouched = 0;
      for (const [name, file] of names) {
        if (name.endsWith('-shm')) continue;
        const content = { bytes: Buffer.from(file.content.bytes), size: file.content.size };
        const open = [...file.forsaken, ...file.unsynced];
        unvouched += open.length;
        if (mode === 'subset') for (const change of open) applySome(change, content, chance);
        const path = join(folder, relative(directory, name));
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, content.bytes.subarray(0, content.size));
      }
      return unvouched;
    },
  };
}
