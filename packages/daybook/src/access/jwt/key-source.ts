/**
 * Where an issuer's key set is read: over HTTPS or from a file, never more of it than a bound, never for longer than a
 * bound, and never from anywhere else than the configuration says.
 */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';

import { MAX_KEY_SET_BYTES } from './key-set.ts';

export interface KeySource {
  /** @throws {Error} that says what was expected and given. */
  read(): Promise<string>;
  readonly pace: Pace;
}

/** How often a source is read, and how long what it said is believed. */
interface Pace {
  /** Keys older than this are read again at their next use, beside it. */
  readonly freshMs: number;
  /** A token with an unknown key makes the source be read again, but not sooner after a read than this. */
  readonly coolDownMs: number;
  /** Keys are used for so long after the last read that succeeded. */
  readonly maxAgeMs: number;
}

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

const URL_PACE: Pace = { freshMs: 10 * 60 * SECOND_MS, coolDownMs: 30 * SECOND_MS, maxAgeMs: 24 * HOUR_MS };
/** Reading a file costs nobody anything; one that was taken away was most likely meant to be. */
const FILE_PACE: Pace = { freshMs: SECOND_MS, coolDownMs: SECOND_MS, maxAgeMs: 60 * SECOND_MS };

/** @param location as `issuer-schema.ts` accepts it. */
export function createKeySource(location: string, timeoutMs: number): KeySource {
  if (/^https?:\/\//i.test(location)) {
    return { read: () => readUrl(location, timeoutMs), pace: URL_PACE };
  }
  const path = resolve(location);
  return { read: () => readFile(path), pace: FILE_PACE };
}

async function readUrl(url: string, timeoutMs: number): Promise<string> {
  const response = await fetch(url, {
    // Whoever can make the issuer redirect must not be able to choose our keys.
    redirect: 'manual',
    headers: { accept: 'application/jwk-set+json, application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`expected status 200 from ${url}, given ${response.status}`);
  }
  return collect(response.body ?? [], url);
}

async function readFile(path: string): Promise<string> {
  const file = await open(path);
  try {
    return await collect(file.createReadStream({ autoClose: false }), path);
  } finally {
    await file.close();
  }
}

/** Leaving the loop early ends the stream, and with it the transfer. */
async function collect(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  from: string,
): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > MAX_KEY_SET_BYTES) {
      throw new Error(`expected at most ${MAX_KEY_SET_BYTES} bytes from ${from}, given more`);
    }
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}
