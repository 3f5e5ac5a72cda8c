/**
 * The batch and its envelope. A batch is what one intake appends at once; its name (`source`, `n`) is dense per intake
 * process, so that a missing batch can be named. The envelope is the batch as bytes, for a queue or an archive: one
 * line of JSON, then the payloads one after the other; a SHA-256 over everything that follows it guards both.
 */
import { createHash } from 'node:crypto';

import type { Entry } from './entry.ts';
import { idToMicros, microsToFirstId } from './id.ts';

const ENVELOPE_VERSION = 1;

/** Entries of one register in one minute of their stamps. */
export interface MinuteCount {
  readonly register: string;
  /** Unix minutes: the stamp divided by 60 s. */
  readonly minute: number;
  readonly entries: number;
}

export interface Batch {
  /** Random name of the intake process. */
  readonly source: string;
  /** Where the source is; every entry of the batch was received there. */
  readonly region: string;
  /** 1, 2, 3 … without a gap. */
  readonly n: number;
  /** Entries of this source up to and including this batch: tells how many a missing batch held. */
  readonly total: number;
  readonly entries: readonly Entry[];
  /** Every entry of this source with a stamp up to here is in this batch or an earlier one; Unix microseconds. */
  readonly settledThrough: number;
}

/** What an entry that could not be stored has behind it; it travels alone, under the name of its batch. */
export interface Retry {
  /** Failures of this entry by itself, from 1. A queue's count of deliveries is never an attempt. */
  readonly attempts: number;
  /** Not to be tried before this; Unix microseconds. */
  readonly notBefore: number;
  /** Unix microseconds. */
  readonly firstFailedAt: number;
  readonly firstReason: string;
}

/** What a queue carries: a batch as the intake made it, or an entry of one that is tried again by itself. */
export interface Envelope {
  readonly batch: Batch;
  readonly retry?: Retry;
}

/** An envelope of a version that this program does not know: it must be kept for a newer one, never given up on. */
export class EnvelopeVersionError extends Error {
  override readonly name = 'EnvelopeVersionError';
}

/** An envelope that does not carry what was put into it. */
export class EnvelopeChecksumError extends Error {
  override readonly name = 'EnvelopeChecksumError';
}

const MINUTE_MICROS = 60_000_000;
const NEWLINE = 0x0a;

export function countByMinute(entries: readonly Entry[]): MinuteCount[] {
  const counts = new Map<string, Count>();
  // Neighbours mostly share register and minute, and ids compare as their stamps do.
  let last: Count | undefined;
  for (const { id, register } of entries) {
    if (last !== undefined && last.register === register && id >= last.firstId && id < last.endId) {
      last.entries += 1;
      continue;
    }
    const minute = Math.floor(idToMicros(id) / MINUTE_MICROS);
    const key = `${minute} ${register}`;
    last = counts.get(key);
    if (last === undefined) counts.set(key, (last = emptyCount(register, minute)));
    last.entries += 1;
  }
  return [...counts.values()].map(({ register, minute, entries: count }) => ({
    register,
    minute,
    entries: count,
  }));
}

interface Count {
  readonly register: string;
  readonly minute: number;
  readonly firstId: string;
  /** The first id of the next minute. */
  readonly endId: string;
  entries: number;
}

function emptyCount(register: string, minute: number): Count {
  return {
    register,
    minute,
    firstId: microsToFirstId(minute * MINUTE_MICROS),
    endId: microsToFirstId((minute + 1) * MINUTE_MICROS),
    entries: 0,
  };
}

interface EnvelopeBody {
  readonly source: string;
  readonly region: string;
  readonly n: number;
  readonly total: number;
  readonly settledThrough: number;
  readonly counts: readonly MinuteCount[];
  readonly retry?: Retry | undefined;
  /** Entries without payload; `bytes` is the payload's length, absent when there is none. */
  readonly entries: readonly (Omit<Entry, 'payload' | 'fingerprint'> & { bytes?: number; print?: string })[];
}

/** `{"v":1,"sha256":"…"}`, newline, JSON body, newline, payload bytes. */
export function encodeEnvelope({ batch, retry }: Envelope): Uint8Array {
  const payloads: Uint8Array[] = [];
  const entries = batch.entries.map(({ payload, fingerprint, ...rest }) => {
    if (payload !== undefined) payloads.push(payload);
    return {
      ...rest,
      ...(payload && { bytes: payload.byteLength }),
      ...(fingerprint && { print: Buffer.from(fingerprint).toString('base64') }),
    };
  });
  const { source, region, n, total, settledThrough } = batch;
  const body: EnvelopeBody = {
    source,
    region,
    n,
    total,
    settledThrough,
    counts: countByMinute(batch.entries),
    retry,
    entries,
  };
  const guarded = Buffer.concat([Buffer.from(`${JSON.stringify(body)}\n`), ...payloads]);
  const sha256 = createHash('sha256').update(guarded).digest('hex');
  return Buffer.concat([Buffer.from(`${JSON.stringify({ v: ENVELOPE_VERSION, sha256 })}\n`), guarded]);
}

/**
 * @throws {EnvelopeVersionError} for a version above {@link ENVELOPE_VERSION}.
 * @throws {EnvelopeChecksumError} when the bytes are not those that were encoded.
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headEnd = buffer.indexOf(NEWLINE);
  const head = parseHead(buffer.subarray(0, Math.max(0, headEnd)).toString());
  if (head.v !== ENVELOPE_VERSION) {
    throw new EnvelopeVersionError(
      `envelope version: expected ${ENVELOPE_VERSION}, given ${JSON.stringify(head.v)}`,
    );
  }
  const guarded = buffer.subarray(headEnd + 1);
  const sha256 = createHash('sha256').update(guarded).digest('hex');
  if (sha256 !== head.sha256)
    throw new EnvelopeChecksumError(`envelope checksum: expected ${head.sha256}, given ${sha256}`);

  const bodyEnd = guarded.indexOf(NEWLINE);
  const body = JSON.parse(guarded.subarray(0, bodyEnd).toString()) as EnvelopeBody;
  let offset = bodyEnd + 1;
  const entries = body.entries.map(({ bytes: length, print, ...rest }): Entry => {
    const payload = length === undefined ? undefined : guarded.subarray(offset, offset + length);
    offset += length ?? 0;
    return {
      ...rest,
      ...(payload && { payload }),
      ...(print && { fingerprint: Buffer.from(print, 'base64') }),
    };
  });
  const { source, region, n, total, settledThrough, retry } = body;
  return { batch: { source, region, n, total, settledThrough, entries }, ...(retry && { retry }) };
}

function parseHead(text: string): { v?: unknown; sha256?: string } {
  try {
    return JSON.parse(text) as { v?: unknown; sha256?: string };
  } catch (cause) {
    throw new EnvelopeChecksumError('envelope: expected a first line of JSON', { cause });
  }
}
