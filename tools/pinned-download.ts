/**
 * What a check fetches from elsewhere is named by its URL and by the digest of its bytes: it is what somebody looked at
 * once, or the check fails. A tag or a release can be replaced; this cannot.
 */
import { createHash } from 'node:crypto';

export interface PinnedFile {
  readonly url: string;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

const MAX_MB = 128;
const LIMIT_MS = 300_000;

/** @throws {Error} when it cannot be fetched within five minutes, is larger than 128 MB, or is not what was pinned. */
export async function download(file: PinnedFile): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    const response = await fetch(file.url, { signal: AbortSignal.timeout(LIMIT_MS) });
    if (!response.ok || response.body === null) throw new Error(`expected 200, given ${response.status}`);
    for await (const chunk of response.body) {
      size += chunk.byteLength;
      if (size > MAX_MB * 1e6) throw new Error(`expected at most ${MAX_MB} MB, given more`);
      chunks.push(chunk);
    }
  } catch (error) {
    // fetch() hides the reason in the cause.
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
    throw new Error(`${file.url}: cannot be fetched: ${reason}`, { cause: error });
  }
  const bytes = Buffer.concat(chunks);
  assertPinned(bytes, file);
  return bytes;
}

/** @throws {Error} that names both digests. */
export function assertPinned(bytes: Uint8Array, { url, sha256 }: PinnedFile): void {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new Error(`${url}: expected the bytes with SHA-256 ${sha256}, given ${found}`);
}
