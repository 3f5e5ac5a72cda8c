/**
 * Where a command's input comes from: the argument itself, a file (`@path`) or standard input (`-`).
 */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';

import { CommandError } from './failure.ts';

export interface Body {
  readonly bytes: Uint8Array;
  /** What it looks like, in the way in which the server looks at what `curl -d` sends. */
  readonly contentType: string;
}

/** @throws {CommandError} when the file cannot be read. */
export async function readBody(given: string): Promise<Body> {
  const bytes = await readBytes(given);
  return { bytes, contentType: typeOf(bytes) };
}

/** Chunks of a file or of standard input. @throws {CommandError} while reading. */
export async function* readChunks(given: string): AsyncGenerator<Buffer, void> {
  const source: AsyncIterable<unknown> = given === '-' ? process.stdin : createReadStream(given.slice(1));
  try {
    for await (const chunk of source) yield chunk as Buffer;
  } catch (cause) {
    throw unreadable(given, cause);
  }
}

async function readBytes(given: string): Promise<Buffer> {
  try {
    if (given === '-') return await buffer(process.stdin);
    return given.startsWith('@') ? await readFile(given.slice(1)) : Buffer.from(given);
  } catch (cause) {
    throw unreadable(given, cause);
  }
}

function unreadable(given: string, cause: unknown): CommandError {
  const source =
    given === '-' ? 'standard input' : `a file that can be read as ${JSON.stringify(given.slice(1))}`;
  return new CommandError(
    `body: expected ${source}: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  );
}

function typeOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) return 'application/octet-stream';
  const text = bytes.toString();
  if (/^\s*[[{]/.test(text)) {
    try {
      JSON.parse(text);
      return 'application/json';
    } catch {
      // Not JSON after all: text.
    }
  }
  return 'text/plain; charset=utf-8';
}
