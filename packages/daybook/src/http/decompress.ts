/**
 * Undoes `Content-Encoding` with a limit on the result, so that a small body cannot become a large one.
 */
import { promisify } from 'node:util';
import type { InputType, ZlibOptions, ZstdOptions } from 'node:zlib';
import { gunzip, zstdDecompress } from 'node:zlib';

import { DaybookError, toError } from '../errors.ts';
import type { Budget, Hold } from '../intake/budget.ts';
import type { WritePlan } from './write/head.ts';
import { tooLarge } from './write/head.ts';

interface DecodedFrame {
  readonly buffer: Buffer;
  /** `bytesWritten`: how much of the input was used (https://nodejs.org/api/zlib.html, option `info`). */
  readonly engine: { readonly bytesWritten: number };
}

const decodeGzip = promisify<InputType, ZlibOptions, Buffer>(gunzip);
const decodeZstdFrame = promisify<InputType, ZstdOptions, Buffer>(zstdDecompress) as unknown as (
  body: Buffer,
  options: ZstdOptions,
) => Promise<DecodedFrame>;

/** Parallel compressors write one frame per few MiB; more than this in one body is an attack on the decoder. */
const MAX_ZSTD_FRAMES = 1_000;

/**
 * Undoes the encoding of a body that has one.
 * @param hold the bytes of the body; while decoding the limit of the result is held too, afterwards only the result.
 * @throws {DaybookError} 413, OVERLOADED, BODY_NOT_DECODABLE
 */
export async function decodeBody(body: Buffer, plan: WritePlan, hold: Hold): Promise<Buffer> {
  if (!hold.reserve(plan.maxBytes)) throw overloaded(hold.budget, plan.maxBytes);
  const decoded = await decode(body, plan);
  hold.shrinkTo(decoded.byteLength);
  return decoded;
}

/** An empty body has nothing to undo. */
export function isEncoded(body: Buffer, { encoding }: WritePlan): boolean {
  return encoding !== 'identity' && body.byteLength > 0;
}

async function decode(body: Buffer, plan: WritePlan): Promise<Buffer> {
  const { encoding, maxBytes } = plan;
  try {
    return encoding === 'gzip'
      ? await decodeGzip(body, { maxOutputLength: maxBytes })
      : await decodeZstd(body, maxBytes);
  } catch (thrown) {
    const error = toError(thrown) as NodeJS.ErrnoException;
    if (error.code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(plan.kind, plan.register, maxBytes, `more, after ${encoding}`);
    throw new DaybookError(
      'BODY_NOT_DECODABLE',
      `body: expected ${encoding} as Content-Encoding says, given bytes that do not decode: ${error.message}`,
      {
        outcome: 'not-written',
        cause: error,
      },
    );
  }
}

/** A body may be several frames, one after the other (RFC 8878 §3); Node stops behind the first, silently. */
async function decodeZstd(body: Buffer, maxBytes: number): Promise<Buffer> {
  const decoded: Buffer[] = [];
  let left = maxBytes;
  let rest = body;
  for (let frames = 0; rest.byteLength > 0; frames += 1) {
    if (frames === MAX_ZSTD_FRAMES) throw new Error(`more than ${MAX_ZSTD_FRAMES} frames`);
    const { buffer, engine } = await decodeZstdFrame(rest, {
      maxOutputLength: Math.max(1, left),
      info: true,
    });
    if (buffer.byteLength > left)
      throw Object.assign(new Error('too large'), { code: 'ERR_BUFFER_TOO_LARGE' });
    decoded.push(buffer);
    left -= buffer.byteLength;
    rest = rest.subarray(engine.bytesWritten);
  }
  return decoded.length === 1 ? (decoded[0] as Buffer) : Buffer.concat(decoded);
}

export function overloaded({ limit }: Budget, bytes: number): DaybookError {
  return new DaybookError('OVERLOADED', `expected at most ${limit} bytes in flight, given ${bytes} more`, {
    outcome: 'not-written',
    retryAfterSeconds: 1,
  });
}
