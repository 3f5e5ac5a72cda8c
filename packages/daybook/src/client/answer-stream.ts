/**
 * Reads a streamed answer as text, piece by piece. Not by `for await` over the body: that is missing in some browsers.
 * Whatever way the reading ends, the connection is let go.
 */
import { ClientError } from './client-error.ts';
import { toNetworkError } from './transport.ts';

export interface AnswerStreamOptions {
  /** For messages. */
  readonly baseUrl: string;
  /** The connection counts as dead when nothing came for this long while somebody waited for it. */
  readonly silenceMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {ClientError} `NETWORK` when the stream broke, `TIMEOUT` when it went silent. */
export async function* readText(
  response: Response,
  options: AnswerStreamOptions,
): AsyncGenerator<string, void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  const decoder = new TextDecoder();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await readInTime(reader, options);
      if (done) break;
      yield decoder.decode(value, { stream: true });
    }
    ended = true;
  } finally {
    if (ended) reader.releaseLock();
    else await reader.cancel().catch(() => undefined); // The connection may be gone already.
  }
}

/** Lines without their line feeds; a last line without one counts too. */
export async function* readLines(
  response: Response,
  options: AnswerStreamOptions,
): AsyncGenerator<string, void> {
  let rest = '';
  for await (const text of readText(response, options)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function readInTime(reader: Reader, { baseUrl, silenceMs, signal }: AnswerStreamOptions) {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `no sign of life from ${baseUrl} for ${silenceMs} ms`;
    reject(new ClientError('TIMEOUT', message, { retryable: true }));
  }, silenceMs);
  try {
    return await Promise.race([reader.read(), silence]);
  } catch (thrown) {
    if (thrown instanceof ClientError || signal?.aborted === true) throw thrown;
    throw toNetworkError(baseUrl, thrown);
  } finally {
    clearTimeout(timer);
  }
}
