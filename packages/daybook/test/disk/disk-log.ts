/**
 * Reads the log that the faulty disk writes. The layout of a record is `struct record` of `faulty-disk.c`: 64 bytes in
 * native byte order (little-endian on every machine the library builds for), then `extra` bytes.
 */
import { readFileSync } from 'node:fs';

/** Nanoseconds of CLOCK_MONOTONIC: the clock of `process.hrtime.bigint()`, the same in every process of a boot. */
interface Timed {
  readonly beginNs: bigint;
  readonly endNs: bigint;
}

interface OfFile extends Timed {
  /** Process and file descriptor: which file it is follows from the `open` before it. */
  readonly handle: string;
}

export type DiskRecord =
  | (OfFile & { readonly kind: 'open'; readonly path: string; readonly flags: number; readonly size: number })
  | (OfFile & { readonly kind: 'close' })
  | (OfFile & {
      readonly kind: 'write';
      readonly offset: number;
      readonly bytes: Buffer;
      readonly error: number;
    })
  | (OfFile & { readonly kind: 'truncate'; readonly size: number })
  | (OfFile & { readonly kind: 'sync'; readonly error: number })
  | (OfFile & { readonly kind: 'range-sync' })
  | (Timed & { readonly kind: 'unlink'; readonly path: string })
  | (Timed & { readonly kind: 'rename' | 'link'; readonly path: string; readonly to: string });

const MAGIC = 0x44495346;
const HEADER_BYTES = 64;

function parseRecord(log: Buffer, at: number, extra: Buffer): DiskRecord {
  const timed = { beginNs: log.readBigInt64LE(at + 16), endNs: log.readBigInt64LE(at + 24) };
  const file = { ...timed, handle: `${log.readInt32LE(at + 8)}:${log.readInt32LE(at + 12)}` };
  const offset = Number(log.readBigInt64LE(at + 40));
  const length = Number(log.readBigInt64LE(at + 48));
  const error = log.readInt32LE(at + 56);
  const [path = '', to = ''] = extra.length < 10_000 ? extra.toString().split('\0') : [];
  const kind = log.readUInt32LE(at + 4);
  switch (kind) {
    case 1:
      return { ...file, kind: 'open', path, flags: offset, size: length };
    case 2:
      return { ...file, kind: 'close' };
    case 3:
      return { ...file, kind: 'write', offset, bytes: extra, error };
    case 4:
      return { ...file, kind: 'truncate', size: length };
    case 5:
      return { ...file, kind: 'sync', error };
    case 6:
      return { ...file, kind: 'range-sync' };
    case 7:
      return { ...timed, kind: 'unlink', path };
    case 8:
      return { ...timed, kind: 'rename', path, to };
    case 9:
      return { ...timed, kind: 'link', path, to };
    default:
      throw new Error(`disk log: unknown kind ${kind} at byte ${at}`);
  }
}

/** @returns the records in the order in which they ended. */
export function readDiskLog(file: string): DiskRecord[] {
  const log = readFileSync(file);
  const records: DiskRecord[] = [];
  for (let at = 0; at + HEADER_BYTES <= log.length;) {
    if (log.readUInt32LE(at) !== MAGIC) throw new Error(`disk log: no record at byte ${at}`);
    const end = at + HEADER_BYTES + log.readUInt32LE(at + 60);
    if (end > log.length) break; // A process that was killed in the middle of its last record.
    records.push(parseRecord(log, at, log.subarray(at + HEADER_BYTES, end)));
    at = end;
  }
  return records.toSorted((a, b) => (a.endNs < b.endNs ? -1 : a.endNs > b.endNs ? 1 : 0));
}
