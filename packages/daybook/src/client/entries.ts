/**
 * The reads. They change nothing, so all of them are tried again when that may help.
 */
import type { EntryPage, EntryState, EntryView } from '../contract/messages.ts';
import { ClientError } from './client-error.ts';
import { createAttempts, parseRetryAfterMs } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import type { Transport } from './transport.ts';

export interface Range {
  /** RFC 3339 or a date; inclusive. */
  readonly from?: string | undefined;
  /** RFC 3339 or a date; exclusive. */
  readonly to?: string | undefined;
}

export interface ListOptions extends Range {
  /** Default `desc`: newest first. */
  readonly order?: 'asc' | 'desc' | undefined;
  /** Entries a page, 1–1000; default 100. A page may end earlier. */
  readonly limit?: number | undefined;
  /** A page's `nextCursor`, or the id of an entry to go on behind. */
  readonly cursor?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DownloadOptions extends Range {
  readonly format: 'ndjson' | 'csv' | 'text';
  readonly order?: 'asc' | 'desc' | undefined;
  /** Default: everything. */
  readonly limit?: number | undefined;
  /** Goes on behind this entry. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Payload {
  /** The exact bytes that were received; empty when there were none. */
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
}

/** Repeats a read that failed for a reason that may pass. */
export async function repeatRead<T>(
  retry: RetryPolicy,
  read: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const attempts = createAttempts(retry);
  for (;;) {
    try {
      return await read();
    } catch (thrown) {
      if (!(thrown instanceof ClientError) || !thrown.retryable) throw thrown;
      if (!(await attempts.another(thrown.retryAfterMs, signal))) throw thrown;
    }
  }
}

/** Page by page until there is no more; `limit` is the size of a page. */
export async function* readPages(
  readPage: (options: ListOptions) => Promise<EntryPage>,
  options: ListOptions,
): AsyncGenerator<EntryPage, void> {
  let cursor = options.cursor;
  do {
    const page = await readPage({ ...options, cursor });
    yield page;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

export async function* readEntries(pages: AsyncIterable<EntryPage>): AsyncGenerator<EntryView, void> {
  for await (const { entries } of pages) yield* entries;
}

/** @throws {ClientError} also when the answer ends too early. */
export function readPayload(
  transport: Transport,
  register: string,
  id: string,
  signal?: AbortSignal,
): Promise<Payload> {
  const request = { method: 'GET' as const, path: [register, id, 'payload'], accept: '*/*', signal };
  return transport.exchange(request, async (response) => {
    if (response.status === 202) throw await withoutBytes(response);
    return {
      bytes: new Uint8Array(await response.arrayBuffer()),
      contentType: response.headers.get('Content-Type') ?? undefined,
    };
  });
}

/** The answer for an entry that is not stored is no payload, though it is a success. */
async function withoutBytes(response: Response): Promise<ClientError> {
  const { id, status } = (await response.json()) as EntryState;
  const pending = status === 'pending';
  return new ClientError(pending ? 'ENTRY_PENDING' : 'ENTRY_DEAD', `the entry ${id} is ${status}`, {
    status: response.status,
    requestId: response.headers.get('X-Request-Id') ?? undefined,
    retryable: pending,
    retryAfterMs: parseRetryAfterMs(response.headers.get('Retry-After')),
  });
}
