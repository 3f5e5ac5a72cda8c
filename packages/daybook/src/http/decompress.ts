/**
 * Undoes `Content-Encoding` with a limit on the result, so that a small body cannot become a large one.
 */
import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';

import { DaybookError, toError } from '../errors.ts';
import type { Budget } from '../intake/budget.ts';
import type { WritePlan } from './write/head.ts';
import { tooLarge } from './write/head.ts';

const decoders = { gzip: promisify(gunzip), zstd: promisify(zstdDecompress) };

/** The caller holds `body.byteLength` of the budget already; the rest of the limit is held while decoding. */
export async function decompress(body: Buffer, plan: WritePlan, budget: Budget): Promise<Buffer> {
  const { encoding, maxBytes } = plan;
  if (encoding === 'identity' || body.byteLength === 0) return body;
  if (!budget.reserve(maxBytes)) throw overloaded(budget, maxBytes);
  try {
    const decoded: Buffer = await decoders[encoding](body, { maxOutputLength: maxBytes });
    return decoded;
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
  } finally {
    budget.release(maxBytes);
  }
}

export function overloaded({ limit }: Budget, bytes: number): DaybookError {
  return new DaybookError('OVERLOADED', `expected at most ${limit} bytes in flight, given ${bytes} more`, {
    outcome: 'not-written',
    retryAfterSeconds: 1,
  });
}
