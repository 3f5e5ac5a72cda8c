/**
 * A register as the server writes it. A front that carries no streams gives as much as it can carry and a link to the
 * rest (RFC 8288); whoever reads the download sees one stream.
 */
import type { DownloadOptions } from './entries.ts';
import { repeatRead } from './entries.ts';
import type { RetryPolicy } from './retry.ts';
import type { QueryValue, Transport } from './transport.ts';

type Query = Readonly<Record<string, QueryValue>>;

const NEXT = /<([^>]*)>\s*;[^,]*\brel="?next"?/;
const NEWLINE = 0x0a;

/** @throws {ClientError} before the stream begins; one that breaks later fails while it is read. */
export async function download(
  transport: Transport,
  retry: RetryPolicy,
  register: string,
  { signal, ...query }: DownloadOptions,
): Promise<ReadableStream<Uint8Array>> {
  const open = (asked: Query) =>
    repeatRead(
      retry,
      () => transport.open({ method: 'GET', path: [register], query: asked, accept: '*/*', signal }),
      signal,
    );
  const bytes = piecesOf(await open(query), open, query.format === 'csv');
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await bytes.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await bytes.return(undefined);
    },
  });
}

async function* piecesOf(
  first: Response,
  open: (query: Query) => Promise<Response>,
  hasHeader: boolean,
): AsyncGenerator<Uint8Array, undefined> {
  yield* bytesOf(first, false);
  for (let next = nextOf(first); next !== undefined;) {
    const response = await open(next);
    // Each piece is whole by itself, so each has the line with the names of the columns.
    yield* bytesOf(response, hasHeader);
    next = nextOf(response);
  }
  return undefined;
}

async function* bytesOf({ body }: Response, withoutFirstLine: boolean): AsyncGenerator<Uint8Array, void> {
  const reader = body?.getReader();
  let skipping = withoutFirstLine;
  let ended = false;
  try {
    while (reader !== undefined) {
      const { done, value } = await reader.read();
      if (done) break;
      const end = skipping ? value.indexOf(NEWLINE) : -1;
      if (skipping && end === -1) continue;
      skipping = false;
      yield end === -1 ? value : value.subarray(end + 1);
    }
    ended = true;
  } finally {
    if (!ended) await reader?.cancel().catch(() => undefined);
  }
}

/** The parameters of the next piece; where it is, we know. */
function nextOf({ headers }: Response): Query | undefined {
  const [, target] = NEXT.exec(headers.get('Link') ?? '') ?? [];
  const query = target?.split('?')[1];
  return query === undefined ? undefined : Object.fromEntries(new URLSearchParams(query));
}
