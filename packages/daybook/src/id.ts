/**
 * Entry ids: UUIDv7 (RFC 9562 §5.7) with 48 bits of milliseconds, 12 bits of sub-millisecond fraction (§6.2, method 3)
 * and 62 random bits. A stamp is derived from its id, so their orders cannot disagree. Ids of one generator are
 * strictly increasing; ids of different processes differ by their random bits.
 */
import { randomFillSync } from 'node:crypto';

import type { Clock } from './clock.ts';

const ID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** 12 bits: the fraction of a millisecond is counted in 1/4096 ms, finer than the microsecond of a stamp. */
const FRACTION_STEPS = 4096;
const RANDOM_POOL_WORDS = 1024;
/** The 62 random bits are kept as two halves, 30 bits and 32 bits. */
const HIGH_LIMIT = 2 ** 30;
const LOW_LIMIT = 2 ** 32;
/** A later id of the same microsecond adds 1 to 2^20: ids stay hard to guess, and 2^42 of them fit in. */
const INCREMENT_MASK = 0xfffff;

export interface IdGenerator {
  /** The next id; larger (as text and as bytes) than every id that this generator gave before. */
  next(): string;
}

/** Fills the array with random bits; replaced in tests. */
export type RandomFill = (words: Uint32Array) => void;

/** @param after an id to continue above, such as the newest one in the local store. */
export function createIdGenerator(
  clock: Clock,
  options: { after?: string; random?: RandomFill } = {},
): IdGenerator {
  const fill = options.random ?? ((words) => void randomFillSync(words));
  const pool = new Uint32Array(RANDOM_POOL_WORDS);
  let used = RANDOM_POOL_WORDS;
  let lastMicros = options.after === undefined ? -1 : idToMicros(options.after) + 1;
  let high = 0;
  let low = 0;
  let started = false;
  const text = Buffer.from(EMPTY_ID, 'latin1');

  function randomWord(): number {
    if (used === RANDOM_POOL_WORDS) {
      fill(pool);
      used = 0;
    }
    return pool[used++] as number;
  }

  function startMicrosecond(micros: number): void {
    lastMicros = micros;
    writeTime(text, micros);
    started = true;
    high = randomWord() & (HIGH_LIMIT - 1);
    low = randomWord();
  }

  /** Moves on within the microsecond; on overflow of the 62 bits the microsecond itself moves on. */
  function increment(): void {
    low += 1 + (randomWord() & INCREMENT_MASK);
    if (low < LOW_LIMIT) return;
    low -= LOW_LIMIT;
    high += 1;
    if (high === HIGH_LIMIT) startMicrosecond(lastMicros + 1);
  }

  return {
    next() {
      const micros = clock.nowMicros();
      if (micros > lastMicros) startMicrosecond(micros);
      else if (started) increment();
      else startMicrosecond(lastMicros);
      writeHex(text, 19, 0x8000 | (high >>> 16), 4);
      writeHex(text, 24, high & 0xffff, 4);
      writeHex(text, 28, low, 8);
      return text.toString('latin1');
    },
  };
}

export function isId(text: string): boolean {
  return ID_PATTERN.test(text);
}

/** The stamp of an id, Unix microseconds. */
export function idToMicros(id: string): number {
  const ms = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const fraction = Number.parseInt(id.slice(15, 18), 16);
  // Rounding up undoes the rounding down of timePrefix exactly: a fraction step is shorter than a microsecond.
  return ms * 1000 + Math.ceil((fraction * 1000) / FRACTION_STEPS);
}

/** The smallest id whose stamp is this or later: a stamp range is an id range. */
export function microsToFirstId(micros: number): string {
  const text = Buffer.from(EMPTY_ID, 'latin1');
  writeTime(text, micros);
  const microsOfMs = micros % 1000;
  // Several fractions share a microsecond; this generator gives the last of them, others may give any.
  if (microsOfMs > 0) writeHex(text, 14, 0x7000 | (fractionOf(microsOfMs - 1) + 1), 4);
  return text.toString('latin1');
}

let formattedSecond = Number.NaN;
let formattedPrefix = '';

/** RFC 3339 with exactly six digits and `Z`. Microseconds are whole numbers up to 2^53, in the year 2255. */
export function formatStamp(micros: number): string {
  const second = Math.floor(micros / 1_000_000);
  // Neighbouring stamps share their second, and formatting a date is the dear part.
  if (second !== formattedSecond) {
    formattedPrefix = new Date(second * 1000).toISOString().slice(0, 20);
    formattedSecond = second;
  }
  return `${formattedPrefix}${String(micros - second * 1_000_000).padStart(6, '0')}Z`;
}

/** `receivedAt` of an id. */
export function idToStamp(id: string): string {
  return formatStamp(idToMicros(id));
}

const EMPTY_ID = '00000000-0000-7000-8000-000000000000';
const HEX_DIGITS = Buffer.from('0123456789abcdef', 'latin1');

/** `tttttttt-tttt-7fff`: everything of an id that is time. */
function writeTime(text: Buffer, micros: number): void {
  const ms = Math.floor(micros / 1000);
  writeHex(text, 0, Math.floor(ms / 0x10000), 8);
  writeHex(text, 9, ms % 0x10000, 4);
  writeHex(text, 14, 0x7000 | fractionOf(micros - ms * 1000), 4);
}

/** The last of the fraction steps of a microsecond, 0 to 999. */
function fractionOf(microsOfMs: number): number {
  return Math.floor((microsOfMs * FRACTION_STEPS) / 1000);
}

/** Digit by digit into a buffer: an id costs a fifteenth of what `toString(16)` and concatenation do. */
function writeHex(text: Buffer, offset: number, value: number, digits: number): void {
  let rest = value;
  for (let index = offset + digits - 1; index >= offset; index -= 1) {
    text[index] = HEX_DIGITS[rest & 15] as number;
    rest >>>= 4;
  }
}

const RANDOM_ID_BYTES = 8;
const randomIds = Buffer.alloc(512 * RANDOM_ID_BYTES);
let randomIdsUsed = randomIds.byteLength;

/** 16 random hexadecimal digits, for names that need no order: an intake's `source`, a request, the secret of a key. */
export function randomId(): string {
  // To ask for chance costs ten times as much as an id; every request has one.
  if (randomIdsUsed === randomIds.byteLength) {
    randomFillSync(randomIds);
    randomIdsUsed = 0;
  }
  const end = randomIdsUsed + RANDOM_ID_BYTES;
  const text = randomIds.toString('hex', randomIdsUsed, end);
  // Some are secrets, which nobody needs to find here later.
  randomIds.fill(0, randomIdsUsed, end);
  randomIdsUsed = end;
  return text;
}
