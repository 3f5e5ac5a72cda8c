/**
 * The dead letter as an object: one JSON document that a person can read, holding the whole entry, so that it can be
 * stored after all, byte for byte. A message that does not decode is one too, with its bytes as they came. Both carry a
 * SHA-256, because not every object storage verifies what it gives back.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';

import type { Entry } from '../entry.ts';
import { payloadKind } from '../entry.ts';
import { formatStamp, idToStamp, isId } from '../id.ts';

/** Why and when something was given up on. */
export interface DeadLetterFailure {
  /** For programs, such as `rejected`, `unexpected`, `idempotency-conflict` or `envelope-broken`. */
  readonly code: string;
  /** For people. */
  readonly message: string;
  readonly attempts: number;
  /** Unix microseconds. */
  readonly firstFailedAt: number;
  /** Unix microseconds. */
  readonly lastFailedAt: number;
  /** The name of the batch; an empty source where it is not known. */
  readonly source: string;
  readonly n: number;
}

export type DeadLetter = EntryLetter | RawLetter;
export type EntryLetter = z.infer<typeof entryLetterSchema>;
export type RawLetter = z.infer<typeof rawLetterSchema>;

/** A dead letter that is there and is not what was written. */
export class DeadLetterDamagedError extends Error {
  override readonly name = 'DeadLetterDamagedError';
}

const VERSION = 1;
const RAW_ID = /^raw-[0-9a-f]{64}$/;
/** A file that an editor still opens gladly. */
const MAX_READABLE_BYTES = 16 * 1024;

const about = {
  version: z.literal(VERSION),
  id: z.string(),
  reason: z.object({ code: z.string(), message: z.string() }),
  attempts: z.int(),
  firstFailedAt: z.string(),
  lastFailedAt: z.string(),
  batch: z.object({ source: z.string(), n: z.int() }).optional(),
};
const rawLetterSchema = z.object({ ...about, bytes: z.base64() });
const entryLetterSchema = z.object({
  ...about,
  register: z.string(),
  receivedAt: z.string(),
  /** For people, where the payload is text and small; `entry` is what counts. */
  payloadText: z.string().optional(),
  /** Loose: a member that this version does not know is kept. */
  entry: z.looseObject({
    id: z.string(),
    register: z.string(),
    subject: z.string(),
    requestId: z.string(),
    protocol: z.enum(['http', 'https']),
    region: z.string(),
    payload: z.base64().optional(),
    fingerprint: z.base64().optional(),
  }),
  /** Of `entry` as JSON without spaces. */
  sha256: z.string(),
});

/** Ids of letters sort by the stamp of their entry; those of raw ones come behind. */
export function isLetterId(text: string): boolean {
  return isId(text) || RAW_ID.test(text);
}

export function isRawId(text: string): boolean {
  return RAW_ID.test(text);
}

/** The same bytes have the same id. */
export function rawIdOf(bytes: Uint8Array): string {
  return `raw-${sha256Of(bytes)}`;
}

export function encodeEntryLetter(entry: Entry, failure: DeadLetterFailure): Uint8Array {
  const { payload, fingerprint, ...rest } = entry;
  const whole = {
    ...rest,
    ...(payload && { payload: toBuffer(payload).toString('base64') }),
    ...(fingerprint && { fingerprint: toBuffer(fingerprint).toString('base64') }),
  };
  const { register, id } = entry;
  const payloadText = readable(entry);
  const letter: EntryLetter = {
    version: VERSION,
    id,
    register,
    receivedAt: idToStamp(id),
    ...toAbout(failure),
    ...(payloadText !== undefined && { payloadText }),
    entry: whole,
    sha256: sha256Of(JSON.stringify(whole)),
  };
  return toBytes(letter);
}

export function encodeRawLetter(bytes: Uint8Array, failure: DeadLetterFailure): Uint8Array {
  const letter: RawLetter = {
    version: VERSION,
    id: rawIdOf(bytes),
    ...toAbout(failure),
    bytes: toBuffer(bytes).toString('base64'),
  };
  return toBytes(letter);
}

/** @throws {DeadLetterDamagedError} saying what is wrong with it. */
export function decodeLetter(id: string, bytes: Uint8Array): DeadLetter {
  const given = parse(bytes);
  const { success, error } = (isRawId(id) ? rawLetterSchema : entryLetterSchema).safeParse(given);
  if (!success) {
    const [issue] = error.issues;
    throw new DeadLetterDamagedError(
      `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'expected a dead letter'}`,
    );
  }
  // As it was parsed, not as it was checked: nothing of it may get lost.
  const letter = given as DeadLetter;
  const own = 'bytes' in letter ? rawIdOf(Buffer.from(letter.bytes, 'base64')) : letter.entry.id;
  if (letter.id !== id || own !== id)
    throw new DeadLetterDamagedError(`id: expected ${id}, given ${letter.id}, holding ${own}`);
  if ('entry' in letter) {
    const sha256 = sha256Of(JSON.stringify(letter.entry));
    if (letter.sha256 !== sha256)
      throw new DeadLetterDamagedError(`entry: expected SHA-256 ${letter.sha256}, given ${sha256}`);
  }
  return letter;
}

/** The entry as it was given up on. */
export function entryOf({ entry }: EntryLetter): Entry {
  const { payload, fingerprint, ...rest } = entry;
  return {
    ...rest,
    ...(payload !== undefined && { payload: Buffer.from(payload, 'base64') }),
    ...(fingerprint !== undefined && { fingerprint: Buffer.from(fingerprint, 'base64') }),
  };
}

function toAbout(failure: DeadLetterFailure) {
  const { code, message, attempts, firstFailedAt, lastFailedAt, source, n } = failure;
  return {
    reason: { code, message },
    attempts,
    firstFailedAt: formatStamp(firstFailedAt),
    lastFailedAt: formatStamp(lastFailedAt),
    ...(source !== '' && { batch: { source, n } }),
  };
}

function readable(entry: Entry): string | undefined {
  const { payload } = entry;
  if (payload === undefined || payload.byteLength > MAX_READABLE_BYTES) return undefined;
  return payloadKind(entry) === 'bytes' ? undefined : toBuffer(payload).toString('utf8');
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(toBuffer(bytes).toString('utf8'));
  } catch (cause) {
    throw new DeadLetterDamagedError(`expected JSON, given ${bytes.byteLength} bytes of something else`, {
      cause,
    });
  }
}

function toBytes(letter: DeadLetter): Uint8Array {
  return Buffer.from(`${JSON.stringify(letter, null, 2)}\n`);
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function sha256Of(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
