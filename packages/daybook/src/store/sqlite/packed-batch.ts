/**
 * A batch as it crosses to the writer thread: a few plain values and one buffer, which is handed over rather than copied.
 * Cloning one object, or only one string, per entry would cost more than storing it.
 *
 * The buffer holds two 32-bit lengths for each entry (meta, payload), then all ids of 16 bytes, all metas, all payloads.
 */
import type { Batch, MinuteCount } from '../../envelope.ts';
import { countByMinute } from '../../envelope.ts';
import { fromIdBytes, toMeta } from './rows.ts';

/** Neighbours in a batch that share register and subject. */
export interface Run {
  readonly register: string;
  readonly subject: string;
  readonly entries: number;
}

export interface PackedBatch {
  readonly source: string;
  readonly n: number;
  readonly total: number;
  readonly settledThrough: number;
  readonly region: string;
  readonly counts: readonly MinuteCount[];
  readonly entries: number;
  readonly smallestId: string;
  readonly largestId: string;
  readonly runs: readonly Run[];
  readonly buffer: ArrayBuffer;
  /** Only the keyed entries. */
  readonly keys: readonly PackedKey[];
}

export interface PackedKey {
  /** The place of its entry in the batch. */
  readonly index: number;
  readonly register: string;
  readonly subject: string;
  readonly key: string;
  readonly fingerprint: Uint8Array;
}

const NO_FINGERPRINT = new Uint8Array(32);
const ID_BYTES = 16;
const LENGTHS_BYTES = 8;
/** The length of a payload that is not there. */
const NONE = -1;

export function packBatch({ source, n, total, settledThrough, region, entries }: Batch): PackedBatch {
  const count = entries.length;
  const metas = entries.map(toMeta);
  const runs: { register: string; subject: string; entries: number }[] = [];
  const keys: PackedKey[] = [];
  const ids = entries.map(({ id }) => id);
  let [smallestId = '', largestId = ''] = [ids[0], ids[0]];
  let run: (typeof runs)[number] | undefined;
  const meta = metas.join('');
  const metaBytes = Buffer.byteLength(meta);
  const isAscii = metaBytes === meta.length;
  let bytes = count * (LENGTHS_BYTES + ID_BYTES) + metaBytes;
  for (let index = 0; index < count; index += 1) {
    const {
      register,
      subject,
      payload,
      idempotencyKey: key,
      fingerprint,
    } = entries[index] as (typeof entries)[number];
    const id = ids[index] as string;
    if (id < smallestId) smallestId = id;
    if (id > largestId) largestId = id;
    bytes += payload?.byteLength ?? 0;
    if (key !== undefined)
      keys.push({ index, register, subject, key, fingerprint: fingerprint ?? NO_FINGERPRINT });
    if (run?.register === register && run.subject === subject) run.entries += 1;
    else runs.push((run = { register, subject, entries: 1 }));
  }
  const buffer = new ArrayBuffer(bytes);
  const lengths = new Int32Array(buffer, 0, count * 2);
  const target = Buffer.from(buffer);
  target.write(ids.join('').replaceAll('-', ''), count * LENGTHS_BYTES, 'hex');
  let offset = count * (LENGTHS_BYTES + ID_BYTES);
  target.write(meta, offset, isAscii ? 'latin1' : 'utf8');
  offset += metaBytes;
  for (let index = 0; index < count; index += 1) {
    const { payload } = entries[index] as (typeof entries)[number];
    const text = metas[index] as string;
    lengths[2 * index] = isAscii ? text.length : Buffer.byteLength(text);
    lengths[2 * index + 1] = payload?.byteLength ?? NONE;
    if (payload === undefined) continue;
    target.set(payload, offset);
    offset += payload.byteLength;
  }
  return {
    source,
    n,
    total,
    settledThrough,
    region,
    counts: countByMinute(entries),
    entries: count,
    smallestId,
    largestId,
    runs,
    buffer,
    keys,
  };
}

/** What the thread reads of the buffer; views, not copies. */
export interface BatchReader {
  /** 16 bytes for each entry, from this one on. */
  idsFrom(index: number, entries: number): Uint8Array;
  idAt(index: number): string;
  /** `next` goes on with this entry, which is not before the one it would give. */
  skipTo(index: number): void;
  /** Meta and payload of the entries in their order. */
  next(): { readonly meta: Uint8Array; readonly payload: Uint8Array | null };
}

export function readBatch({ buffer, entries }: PackedBatch): BatchReader {
  const lengths = new Int32Array(buffer, 0, entries * 2);
  const idsAt = entries * LENGTHS_BYTES;
  let metaAt = idsAt + entries * ID_BYTES;
  let payloadAt = metaAt;
  for (let at = 0; at < lengths.length; at += 2) payloadAt += lengths[at] as number;
  let index = 0;

  const idsFrom = (first: number, count: number) =>
    new Uint8Array(buffer, idsAt + first * ID_BYTES, count * ID_BYTES);
  return {
    idsFrom,
    idAt: (at) => fromIdBytes(idsFrom(at, 1)),
    skipTo(target) {
      for (; index < target; index += 1) {
        metaAt += lengths[2 * index] as number;
        payloadAt += Math.max(0, lengths[2 * index + 1] as number);
      }
    },
    next() {
      const metaLength = lengths[2 * index] as number;
      const payloadLength = lengths[2 * index + 1] as number;
      index += 1;
      const meta = new Uint8Array(buffer, metaAt, metaLength);
      metaAt += metaLength;
      if (payloadLength === NONE) return { meta, payload: null };
      const payload = new Uint8Array(buffer, payloadAt, payloadLength);
      payloadAt += payloadLength;
      return { meta, payload };
    },
  };
}
